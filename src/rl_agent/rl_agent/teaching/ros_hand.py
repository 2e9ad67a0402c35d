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

"""A person's hand behind a ROS topic."""

from collections.abc import Callable
import contextlib
import threading
import time

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import RlError, RobotError
from rl_agent.event_log import EventLog
from rl_agent.real_time.chore import Chore
from rl_agent.ros.ros_message_buffer import GID_BYTES, take_messages, TakenMessage
from rl_agent.ros.ros_polling import PolledGroup
from rl_agent.ros.ros_topics import full_node_name, SENSOR_QOS
from rl_agent.teaching.hand import Hand, OnButtons
from rl_agent.teaching.ros_hand_reader import HandReader
from rl_agent.teaching.takeover import Takeover

_DEPTH = 20  # messages kept between two polls
_POLL_PERIOD_S, _LEAST_PERIOD_S = 0.2, 0.01
_SHARE_OF_DEADLINE = 0.25  # longest time between two polls of a robot that rests
_LOOK_PERIOD_S = 1.0
_TWO_SOURCES_S = (
    1.0  # two publishers that were both heard within this time work against each other
)
_LARGEST_BYTES = 65_536
_UNNAMED = 'a node without a known name'


class RosHand:
    """Hears a person's hand, and lets it take over.

    The subscription is best effort and volatile, which is compatible with every publisher. It is
    polled: by a chore now and then, in lockstep also by the steps, and in real time by the control
    thread just after a command has left, when nothing waits for it.

    Messages of two publishers are refused as long as both are heard: neither is obeyed. Those of
    another type never arrive; the ROS graph tells of them.

    Attributes:
        takeover: chooses between the policy's action and the person's.
        chores: for another thread, from now until `close`.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        events: EventLog,
        *,
        in_real_time: bool,
        on_buttons: OnButtons = lambda pressed: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Subscribe to the topic of the hand.

        Args:
            node: a relative topic is in its namespace.
            description: of the robot; it has `teleop`.
            events: receives the reports.
            in_real_time: the control loop calls `poll`, and a step does not.
            on_buttons: see `Hand`.
            clock: the steady clock.

        Raises:
            ConfigurationError: the message type is not installed, or has no such numbers.
        """
        teleop = description.teleop
        assert teleop is not None
        self._node, self._clock = node, clock
        self._topic, self._type = node.resolve_topic_name(teleop.topic), teleop.type
        self._reader = HandReader(teleop, description.command, self._topic)
        self._hand = Hand(self._topic, teleop.deadline_s, events, on_buttons)
        self.takeover = Takeover(
            self._hand,
            teleop,
            description.command,
            description.rate_hz,
            clock,
            listen=(lambda: None) if in_real_time else self._listen,
        )
        self._polling = threading.Lock()
        self._polled_s = clock()
        self._sources: dict[bytes, float] = {}  # publisher: when it was last heard
        self._names: dict[bytes, str] = {}  # of their nodes
        self._subscription = node.create_subscription(
            self._reader.message_type,
            teleop.topic,
            lambda message: None,
            QoSProfile(depth=_DEPTH, reliability=SENSOR_QOS.reliability),
            raw=True,
            callback_group=PolledGroup(),
        )
        self._is_closed = False
        period_s = min(_POLL_PERIOD_S, _SHARE_OF_DEADLINE * teleop.deadline_s)
        self.chores = (Chore(self.poll, period_s), Chore(self._look, _LOOK_PERIOD_S))

    def poll(self) -> None:
        """Take the messages since the last call, without waiting."""
        if not self._polling.acquire(blocking=False):
            return  # another thread is at it
        try:
            if not self._is_closed:
                self._take()
        finally:
            self._polling.release()

    def _listen(self) -> None:
        """Poll, unless that was just done: simulated time may be fast."""
        if self._clock() - self._polled_s >= _LEAST_PERIOD_S:
            self.poll()

    def close(self) -> None:
        """Unsubscribe."""
        with self._polling:
            self._is_closed = True
            self._node.destroy_subscription(self._subscription)

    def _take(self) -> None:
        """Take the messages since the last call."""
        now_s, wall_ns = self._clock(), time.time_ns()
        longest_s = now_s - self._polled_s
        self._polled_s = now_s
        with contextlib.suppress(InvalidHandle, RlError):
            for taken in take_messages(self._subscription):
                # bounded, because the wall clock may jump: it was received since the last call
                age_s = min(max(1e-9 * (wall_ns - taken.received_ns), 0.0), longest_s)
                self._hear(taken, now_s - age_s)

    def _hear(self, taken: TakenMessage, received_s: float) -> None:
        """Take a message, or refuse it."""
        if contradiction := self._second_source(taken.publisher, received_s):
            self._hand.refuse(contradiction, received_s)
            return
        if len(taken.buffer) > _LARGEST_BYTES:
            reason = f'given {len(taken.buffer)} bytes; accepted: up to {_LARGEST_BYTES}'
            self._hand.refuse(f'{self._topic}: {reason}', received_s)
            return
        try:
            message = deserialize_message(bytes(taken.buffer), self._reader.message_type)
        except Exception as error:  # whatever it was meant to say
            reason = f'given a message that cannot be read: {error}; accepted: {self._type}'
            self._hand.refuse(f'{self._topic}: {reason}', received_s)
            return
        try:
            self._hand.hear(self._reader(message), received_s)
        except RobotError as error:
            self._hand.refuse(str(error), received_s)

    def _second_source(self, publisher: bytes, received_s: float) -> str:
        """Return that two publishers are heard, in words; empty: only one is."""
        self._sources[publisher] = received_s
        if len(self._sources) == 1:
            return ''
        self._sources = {
            source: heard_s
            for source, heard_s in self._sources.items()
            if received_s - heard_s < _TWO_SOURCES_S
        }
        if len(self._sources) == 1:
            return ''
        names = sorted(self._names.get(source) or _UNNAMED for source in self._sources)
        return (
            f'{self._topic}: given by {" and ".join(names)}; accepted: one hand: end the others,'
            ' or give them other topics'
        )

    def _look(self) -> None:
        """Learn from the ROS graph who publishes on the topic, and whether with another type."""
        try:
            found = self._node.get_publishers_info_by_topic(self._topic)
        except InvalidHandle:  # the node is being destroyed
            return
        self._names = {
            bytes(info.endpoint_gid[:GID_BYTES]): full_node_name(info) for info in found
        }
        others = {info.topic_type for info in found} - {self._type}
        text = ''
        if others:
            text = f'{self._topic}: given {" and ".join(sorted(others))}; accepted: {self._type}'
        with self._polling:
            self._hand.report_outside(text)
