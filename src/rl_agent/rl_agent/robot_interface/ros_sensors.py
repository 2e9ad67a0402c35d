# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a robot's sensors said last: one subscription for each topic of its description."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rl_agent.description.robot import RobotDescription
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.ros.ros_messages import import_message, stamp_to_ns
from rl_agent.ros.ros_polling import PolledGroup, take_all, Taken
from rl_agent.ros.ros_topics import SENSOR_QOS


def _none() -> None:
    """Return that no message came before."""


@dataclass(frozen=True, eq=False)
class SensorMessage:
    """A message, and when it came.

    Attributes:
        message: of whatever type.
        received_s: when, by `time.monotonic`.
        stamp_ns: by its header, or where it has none, the node's clock at its arrival.
        stamped: whether it has a header.
        before: returns the one that came before it, where both came between two calls of `poll`;
            None: there is none. Only then is that one decoded.
    """

    message: Any
    received_s: float
    stamp_ns: int
    stamped: bool = True
    before: 'Callable[[], SensorMessage | None]' = _none


class RosSensors:
    """Keeps the newest message of each sensor topic.

    The subscriptions are best effort: those hear reliable publishers as well as best-effort ones,
    as many drivers are, and a message that was lost is worth nothing once the next one is there.

    Either the node's executor receives each message as it comes, or, `polled`, whoever calls
    `poll` takes those that have come: no other thread then needs Python's interpreter lock for
    them, and of a sensor that is faster than the control loop only the newest one is decoded, if
    nobody asks for the ones `before` it.

    Attributes:
        topics: as in the description.
        changed: notified at each message; hold it to look and wait without missing one.
        extractors: one for each field.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        on_message: Callable[[str, SensorMessage], None] | None = None,
        *,
        polled: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: relative topics live in its namespace; its executor spins in another thread.
            description: of the robot.
            on_message: called for each message, with `changed` held.
            polled: messages come by `poll` alone.

        Raises:
            ConfigurationError: a message type that is not installed, or without such fields.
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
        group = PolledGroup() if polled else None
        self._polled_s = time.monotonic()
        self._subscriptions = {
            topic: node.create_subscription(
                kind, topic, partial(self._receive, topic), SENSOR_QOS, callback_group=group
            )
            for topic, kind in self._kinds.items()
        }

    def poll(self) -> None:
        """Take the messages that have come; of each topic the newest one is decoded."""
        with self.changed:
            now_s, wall_ns = time.monotonic(), time.time_ns()
            longest_s = now_s - self._polled_s

            def received_s(info: Mapping[str, int]) -> float:
                age_s = 1e-9 * (wall_ns - info['received_timestamp'])
                # it came since the last call, whatever wall clocks do
                return now_s - min(max(age_s, 0.0), longest_s)

            for topic, subscription in self._subscriptions.items():
                taken = list(take_all(subscription))
                if taken:
                    self._note(topic, self._decode(topic, taken, received_s))
            self._polled_s = now_s

    def latest(self) -> dict[str, SensorMessage]:
        """Return the newest message of each topic that was heard."""
        with self.changed:
            return dict(self._latest)

    @property
    def complete(self) -> bool:
        """Whether every topic was heard."""
        return len(self._latest) == len(self.topics)

    def values(self, messages: Mapping[str, SensorMessage]) -> dict[str, NDArray[np.float64]]:
        """Return each field's numbers as in its message, (raw,) each, transform not applied.

        Args:
            messages: topic to message, as `latest` returns once all topics were heard.

        Raises:
            RobotError: a message does not fit the description: a joint, a length, a frame.
        """
        return {
            extract.field.name: extract(messages[extract.field.topic].message)
            for extract in self.extractors
        }

    def values_of(self, topic: str, message: SensorMessage) -> dict[str, NDArray[np.float64]]:
        """Return the numbers of those fields that a topic holds, see `values`."""
        return {extract.field.name: extract(message.message) for extract in self._by_topic[topic]}

    def explain_silence(self, heard: Mapping[str, str], timeout_s: float) -> str:
        """Return what is wrong with topics that were waited for, and what to look at.

        Args:
            heard: topic to what came of it, in words.
            timeout_s: how long it was waited.
        """
        lines = []
        for topic, what in heard.items():
            name = self._node.resolve_topic_name(topic)
            publishers = self._node.count_publishers(name)
            lines.append(f'{name}: {what} in {timeout_s:g} s from {publishers} publishers')
        domain = self._node.context.get_domain_id()
        return (
            f'the robot does not publish: {"; ".join(lines)}; accepted: new messages at'
            f' {self._rate_hz:g} Hz. Is it switched on, and in ROS domain {domain}?'
        )

    def close(self) -> None:
        """Unsubscribe."""
        with self.changed:
            for subscription in self._subscriptions.values():
                self._node.destroy_subscription(subscription)
            self._subscriptions = {}

    def _receive(self, topic: str, message: Any) -> None:
        """Keep a message that an executor brings."""
        stamp_ns, stamped = self._stamp_ns(topic, message), self._stamped[topic]
        self._note(topic, SensorMessage(message, time.monotonic(), stamp_ns, stamped))

    def _decode(
        self,
        topic: str,
        taken: Sequence[Taken],
        received_s: Callable[[Mapping[str, int]], float],
    ) -> SensorMessage:
        """Return the newest of the messages that came of a topic, of which the oldest is first."""
        data, info = taken[-1]
        message = deserialize_message(data, self._kinds[topic])
        return SensorMessage(
            message,
            received_s(info),
            self._stamp_ns(topic, message),
            self._stamped[topic],
            partial(self._decode, topic, taken[:-1], received_s) if len(taken) > 1 else _none,
        )

    def _stamp_ns(self, topic: str, message: Any) -> int:
        """Return the stamp of a message, or the time where it has no header."""
        if self._stamped[topic]:
            return stamp_to_ns(message.header.stamp)
        return self._node.get_clock().now().nanoseconds

    def _note(self, topic: str, heard: SensorMessage) -> None:
        """Keep a message of a topic as its newest one."""
        with self.changed:
            if self._on_message:
                self._on_message(topic, heard)
            self._latest[topic] = heard
            self.changed.notify_all()
