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

"""The newest message of each sensor topic of a robot's description."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import NeighbourError, RobotError
from rl_agent.event_log import EventLog
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import has_header, names_list
from rl_agent.robot_interface.ros_sensor_sources import SensorSources
from rl_agent.ros.ros_messages import import_message, stamp_to_ns
from rl_agent.ros.ros_polling import PolledGroup, take_all, Taken
from rl_agent.ros.ros_qos_mismatch import expected_mismatch, unfit_publishers
from rl_agent.ros.ros_topics import ONCE_QOS, SENSOR_QOS

_SHARED_DEPTH = 100  # messages of one control period from all publishers of a shared topic

FieldValue = NDArray[np.float64] | RobotError


def _no_message() -> None:
    """Return None: there is no previous message."""


@dataclass(frozen=True, eq=False)
class SensorMessage:
    """A received message.

    Attributes:
        message: of any type.
        received_s: time of reception by `time.monotonic`.
        stamp_ns: stamp of its header; without a header, the node's clock at reception.
        stamped: whether it has a header.
        previous: decodes and returns the message before it, if both were received between two
            calls of `poll`; otherwise returns None.
    """

    message: Any
    received_s: float
    stamp_ns: int
    stamped: bool = True
    previous: 'Callable[[], SensorMessage | None]' = _no_message


class RosSensors:
    """Keeps the newest message of each sensor topic.

    The subscriptions are best effort. They match reliable publishers as well as best-effort ones,
    which many drivers are, and a lost message is useless once the next one is there.

    Either the node's executor receives each message at once; or, if `polled`, each call of `poll`
    takes the messages received since. Then no other thread needs Python's interpreter lock for
    them, and of a sensor that is faster than the control loop only the newest message is decoded,
    unless `previous` is called.

    Attributes:
        topics: as in the description.
        qos: quality of service that each topic is asked for.
        changed: notified at each message; hold it to check and wait without missing one.
        extractors: one for each field.
        sources: whether two nodes publish the same.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        events: EventLog,
        on_message: Callable[[str, SensorMessage, Mapping[str, FieldValue]], None] | None = None,
        *,
        polled: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: relative topics are in its namespace; its executor spins in another thread.
            description: of the robot.
            events: receives the report that two nodes publish the same.
            on_message: called for each message with the result of `values_of`, with `changed`
                held, maybe before this returns.
            polled: only `poll` receives messages.

        Raises:
            ConfigurationError: a message type is not installed or lacks the fields.
        """
        self._node, self._rate_hz = node, description.rate_hz
        self._on_message = on_message
        self.topics = tuple(description.topics)
        self.changed = threading.Condition()
        self._latest: dict[str, SensorMessage] = {}
        self.extractors = [
            FieldExtractor(field, node.resolve_topic_name(field.topic))
            for field in description.observation
        ]
        self._by_topic = {
            topic: [item for item in self.extractors if item.field.topic == topic]
            for topic in self.topics
        }
        self._stamped = {topic: has_header(kind) for topic, kind in description.topics.items()}
        self._kinds = {topic: import_message(kind) for topic, kind in description.topics.items()}
        self._once = description.once_topics
        self.qos = {topic: self._wanted_qos(topic) for topic in self.topics}
        group = PolledGroup() if polled else None
        self._polled_s = time.monotonic()
        self._subscriptions = {
            topic: node.create_subscription(
                kind,
                topic,
                partial(self._receive, topic),
                self.qos[topic],
                callback_group=group,
                event_callbacks=expected_mismatch() if topic in self._once else None,
            )
            for topic, kind in self._kinds.items()
        }
        self.sources = SensorSources(node, self.extractors, events)

    def poll(self) -> None:
        """Receive waiting messages; decode the newest one of each topic."""
        with self.changed:
            now_s, wall_ns = time.monotonic(), time.time_ns()
            longest_s = now_s - self._polled_s

            def received_s(info: Mapping[str, int]) -> float:
                age_s = 1e-9 * (wall_ns - info['received_timestamp'])
                # bounded, because the wall clock may jump: it was received since the last call
                return now_s - min(max(age_s, 0.0), longest_s)

            for topic, subscription in self._subscriptions.items():
                taken = list(take_all(subscription))
                if taken:
                    self._store(topic, self._decode(topic, taken, received_s))
            self._polled_s = now_s

    def latest(self) -> dict[str, SensorMessage]:
        """Return topic to its newest message, if one was received."""
        with self.changed:
            return dict(self._latest)

    @property
    def complete(self) -> bool:
        """Whether a message was received on every topic."""
        return len(self._latest) == len(self.topics)

    def values(self, messages: Mapping[str, SensorMessage]) -> dict[str, NDArray[np.float64]]:
        """Return field to its values as in the message, (raw,), transform not applied.

        Args:
            messages: topic to message, as from `latest` once `complete`.

        Raises:
            RobotError: a message does not fit the description: a joint, a length, a frame.
        """
        return {
            extract.field.name: extract(messages[extract.field.topic].message)
            for extract in self.extractors
        }

    def values_of(self, topic: str, message: SensorMessage) -> dict[str, FieldValue]:
        """Return each field of a topic with its values in a message, or why it does not fit."""
        return {
            extract.field.name: _value_or_error(extract, message.message)
            for extract in self._by_topic[topic]
        }

    def explain_silence(self, received: Mapping[str, str], timeout_s: float) -> str:
        """Return which topics are silent, and what to check.

        Args:
            received: topic to what was received, for people.
            timeout_s: how long the robot was waited for.
        """
        lines = []
        for topic, what in received.items():
            name = self._node.resolve_topic_name(topic)
            publishers = self._node.count_publishers(name)
            why = unfit_publishers(self._node, name, self.qos[topic])
            why = why and f' ({why})'
            lines.append(f'{name}: {what} in {timeout_s:g} s from {publishers} publishers{why}')
        domain = self._node.context.get_domain_id()
        return (
            f'the robot does not publish: {"; ".join(lines)}; accepted: new messages at'
            f' {self._rate_hz:g} Hz. Is it switched on, and in ROS domain {domain}?'
        )

    def close(self) -> None:
        """Unsubscribe."""
        self.sources.close()
        with self.changed:
            for subscription in self._subscriptions.values():
                self._node.destroy_subscription(subscription)
            self._subscriptions = {}

    def _wanted_qos(self, topic: str) -> QoSProfile:
        """Return the quality of service for a topic, which is compatible with most publishers.

        What is published once must be kept by its publisher. Where messages name joints or
        frames, each of several publishers may send a part.
        """
        if topic in self._once:
            return ONCE_QOS
        fields = [item.field for item in self._by_topic[topic]]
        if names_list(fields[0].type) or any(item.child_frame for item in fields):
            return QoSProfile(depth=_SHARED_DEPTH, reliability=SENSOR_QOS.reliability)
        return SENSOR_QOS

    def _receive(self, topic: str, message: Any) -> None:
        """Store a message received by the executor."""
        stamp_ns, stamped = self._stamp_ns(topic, message), self._stamped[topic]
        self._store(topic, SensorMessage(message, time.monotonic(), stamp_ns, stamped))

    def _decode(
        self,
        topic: str,
        taken: Sequence[Taken],
        received_s: Callable[[Mapping[str, int]], float],
    ) -> SensorMessage:
        """Return the last of a topic's messages, which are ordered by age, the oldest first."""
        data, info = taken[-1]
        message = deserialize_message(data, self._kinds[topic])
        return SensorMessage(
            message,
            received_s(info),
            self._stamp_ns(topic, message),
            self._stamped[topic],
            partial(self._decode, topic, taken[:-1], received_s)
            if len(taken) > 1
            else _no_message,
        )

    def _stamp_ns(self, topic: str, message: Any) -> int:
        """Return the stamp of a message; without a header, the time now."""
        if self._stamped[topic]:
            return stamp_to_ns(message.header.stamp)
        return self._node.get_clock().now().nanoseconds

    def _store(self, topic: str, message: SensorMessage) -> None:
        """Store a message as the newest one of its topic."""
        with self.changed:
            if self._on_message:
                self._on_message(topic, message, self.values_of(topic, message))
            self._latest[topic] = message
            self.changed.notify_all()


def extract_values(extract: FieldExtractor, message: Any) -> NDArray[np.float64]:
    """Return a field's values in a message, (raw,).

    Raises:
        NeighbourError: the message names none of the field's joints, or is about other frames.
        RobotError: it does not fit the description in another way.
    """
    try:
        return extract(message)
    except NeighbourError:
        raise
    except RobotError as error:
        names = names_list(extract.field.type) if extract.field.joints else None
        if names and set(getattr(message, names)).isdisjoint(extract.field.joints or ()):
            raise NeighbourError(str(error)) from error
        raise


def _value_or_error(extract: FieldExtractor, message: Any) -> FieldValue:
    """Return a field's values in a message, (raw,), or why the message does not fit."""
    try:
        return extract_values(extract, message)
    except RobotError as error:
        return error
