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

"""Emergency stop by topic and by service, and the services that re-arm and start."""

from functools import partial
import math

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rl_agent.description.safety import SafetyDescription, WatchdogDescription
from rl_agent.ros.ros_message_buffer import AttributedSubscriptions, GID_BYTES, TakenMessage
from rl_agent.ros.ros_topics import (
    EMERGENCY_STOP,
    EMERGENCY_STOP_QOS,
    FLEET_EMERGENCY_STOP,
    full_node_name,
)
from rl_agent.safety.publisher_words import Publisher, PublisherWords
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.safety.watchdogs import WatchedInput
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

CAUSE, SILENT = 'emergency_stop', 'emergency_stop_silent'
_UNNAMED, _MAX_NAMES = 'a node without a known name', 256


class EmergencyStop:
    """Passes what people ask for to the `SafetyState`: stop, re-arm, start.

    It listens to a topic of the robot and to one of the whole fleet, whatever the quality of
    service of their publishers.

    Attributes:
        watched: the heartbeat, for the watchdogs of a robot in real time; empty without one.
    """

    def __init__(self, node: Node, state: SafetyState, safety: SafetyDescription) -> None:
        """Subscribe to the topics and offer the services.

        Args:
            node: the topic is relative to its namespace, the services to its name.
            state: receives stops, re-arming and start.
            safety: how the robot is stopped, and whether it waits for a heartbeat.
        """
        self._node, self._state = node, state
        self._reaction = safety.emergency_reaction
        self._words = PublisherWords(safety.emergency_stop.heartbeat_s)
        self._names: dict[Publisher, str] = {}
        # a robot without a namespace has one topic for both
        self._topics = list(
            dict.fromkeys(map(node.resolve_topic_name, (EMERGENCY_STOP, FLEET_EMERGENCY_STOP)))
        )
        self._subscriptions = [
            AttributedSubscriptions(
                node, Bool, topic, EMERGENCY_STOP_QOS, partial(self._on_message, topic)
            )
            for topic in self._topics
        ]
        self._services = [
            node.create_service(Trigger, '~/emergency_stop', self._on_stop),
            node.create_service(Trigger, '~/rearm', self._on_rearm),
            node.create_service(Trigger, '~/start', self._on_start),
        ]
        self.watched = self._watched(safety.emergency_stop.heartbeat_s)

    def close(self) -> None:
        """Unsubscribe and withdraw the services."""
        for subscription in self._subscriptions:
            subscription.close()
        for service in self._services:
            self._node.destroy_service(service)

    def wait_for_heartbeat(self) -> None:
        """Stop a robot that is about to move in real time until it hears a heartbeat, if any."""
        for item in self.watched:
            if item.last_good_s() == -math.inf:
                reason = f'{item.label}: none yet'
                self._state.begin(Stop(item.cause, reason, self._reaction, False, lambda: None))

    def _watched(self, heartbeat_s: float | None) -> tuple[WatchedInput, ...]:
        """Return the heartbeat as a watched input, if one is described."""
        if heartbeat_s is None:
            return ()
        reaction = self._reaction
        return (
            WatchedInput(
                SILENT,
                f'the heartbeat on {" or ".join(self._topics)}',
                WatchdogDescription(
                    reaction.reaction, reaction.duration_s, max_age_s=heartbeat_s, latch=True
                ),
                self._words.last_heartbeat_s,
                lambda: self._describe(self._words.silent),
            ),
        )

    def _on_message(self, topic: str, taken: TakenMessage) -> None:
        """Stop on true; false alone does not let the robot move again."""
        publisher = Publisher(topic, taken.publisher)
        try:
            stop = bool(deserialize_message(bytes(taken.buffer), Bool).data)
        except Exception:  # whatever it was meant to say
            stop = True
        if not self._names.get(publisher):
            self._find_publishers(topic)  # later, it may have left
        self._words.hear(publisher, stop, taken.number, partial(self._find_publishers, topic))
        if publisher in self._words.asking:
            self._stop(f'asked for on {self._describe([publisher])}')

    def _find_publishers(self, topic: str) -> dict[Publisher, str]:
        """Return the publishers of a topic with the names of their nodes; names may come later."""
        found = {
            Publisher(topic, bytes(info.endpoint_gid[:GID_BYTES])): full_node_name(info)
            for info in self._node.get_publishers_info_by_topic(topic)
        }
        known = self._names if len(self._names) < _MAX_NAMES else {}
        self._names = {**known, **found}
        return found

    def _describe(self, publishers: list[Publisher]) -> str:
        """Return publishers for people: topic and node."""
        for topic in {item.topic for item in publishers if not self._names.get(item)}:
            self._find_publishers(topic)
        return ', '.join(
            f'{item.topic} by {self._names.get(item) or _UNNAMED}' for item in publishers
        )

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Stop the robot."""
        self._stop('asked for by service')
        response.success = True
        response.message = 'stopped; only ~/rearm lets the robot move again'
        return response

    def _on_rearm(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Re-arm, unless a cause persists."""
        response.success, response.message = self._state.rearm()
        return response

    def _on_start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Let a re-armed robot move."""
        response.success, response.message = self._state.start()
        return response

    def _stop(self, reason: str) -> None:
        """Stop the robot, latched."""
        stop = Stop(CAUSE, reason, self._reaction, True, self._persisting_cause)
        self._state.begin(stop, emergency=True)

    def _persisting_cause(self) -> str | None:
        """Return why the robot must not move yet."""
        asking = self._words.asking
        if not asking:
            return None
        return f'{self._describe(asking)} says true; false from there ends it'
