# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A lifecycle node that reports expected errors of its transitions."""

from collections.abc import Callable
import threading
import traceback
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from rl_agent.errors import RlError
from rl_agent.ros.ros_qos_mismatch import publisher_events, subscription_events


class ManagedNode(LifecycleNode):
    """A lifecycle node that reports expected errors of its transitions.

    Subclasses override `configure`, `activate`, `deactivate` and `clean_up`. An `RlError` raised
    there is logged and fails the transition. `fail` ends the process from any thread.
    """

    def __init__(self, name: str, **options: Any) -> None:
        """Create the node, unconfigured; options are those of rclpy."""
        super().__init__(name, **options)
        self.failure: RlError | None = None
        self._configured = False
        self.ended = threading.Event()

    def create_publisher(
        self, msg_type: Any, topic: str, qos_profile: Any, **options: Any
    ) -> Publisher:
        """Return a publisher, see rclpy; log subscribers with incompatible QoS."""
        options.setdefault('event_callbacks', publisher_events(self, topic, qos_profile))
        return super().create_publisher(msg_type, topic, qos_profile, **options)

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Any, qos_profile: Any, **options: Any
    ) -> Subscription:
        """Return a subscription, see rclpy; log publishers with incompatible QoS."""
        options.setdefault('event_callbacks', subscription_events(self, topic, qos_profile))
        return super().create_subscription(msg_type, topic, callback, qos_profile, **options)

    @property
    def autostart(self) -> bool:
        """Whether the process activates the node without a lifecycle manager."""
        return True

    def configure(self) -> None:
        """Read, validate and connect; nothing moves yet."""

    def activate(self) -> None:
        """Start work."""

    def deactivate(self) -> None:
        """Stop safely and send what is pending."""

    def clean_up(self) -> None:
        """Undo `configure`."""

    def fail(self, error: RlError) -> None:
        """End the process with this error, unless it is already ending with another."""
        self.failure = self.failure or error
        self.ended.set()

    def close(self) -> None:
        """Clean up if still configured."""
        if self._configured:
            self._configured = False
            self.clean_up()

    def start(self) -> None:
        """Configure and activate.

        Raises:
            RlError: either fails.
        """
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                raise self.failure or RlError(f'{self.get_name()} could not be started')

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        result = self._attempt(self.configure)
        self._configured = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        super().on_activate(state)
        return self._attempt(self.activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        result = self._attempt(self.deactivate)
        super().on_deactivate(state)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        self._configured = False
        return self._attempt(self.clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the lifecycle transition, see rclpy."""
        try:
            self._attempt(self.deactivate)
        finally:
            self.ended.set()
        return TransitionCallbackReturn.SUCCESS

    def _attempt(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Run one step; an expected error fails the transition."""
        if not self.ended.is_set():
            self.failure = None  # from an earlier attempt
        try:
            step()
        except RlError as error:
            self.failure = error
            if not self.autostart:
                self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception:
            traceback.print_exc()  # rclpy does not print it
            raise
        return TransitionCallbackReturn.SUCCESS
