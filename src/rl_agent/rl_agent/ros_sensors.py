# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a robot's sensors said last: one subscription for each topic of its description."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rl_agent.robot_description import RobotDescription
from rl_agent.ros_field_extractor import FieldExtractor
from rl_agent.ros_message_fields import has_header
from rl_agent.ros_messages import import_message, stamp_to_ns


@dataclass(frozen=True, eq=False)
class SensorMessage:
    """A message, and when it came.

    Attributes:
        message: of whatever type.
        received_s: when, by `time.monotonic`.
        stamp_ns: by its header, or where it has none, the node's clock at its arrival.
        stamped: whether it has a header.
    """

    message: Any
    received_s: float
    stamp_ns: int
    stamped: bool = True


class RosSensors:
    """Keeps the newest message of each sensor topic.

    The subscriptions are best effort: those hear reliable publishers as well as best-effort ones,
    as many drivers are, and a message that was lost is worth nothing once the next one is there.

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
    ) -> None:
        """Subscribe.

        Args:
            node: relative topics live in its namespace; its executor spins in another thread.
            description: of the robot.
            on_message: called for each message, with `changed` held.

        Raises:
            ConfigurationError: a message type that is not installed, or without such fields.
        """
        self._node = node
        self._on_message = on_message
        self.topics = tuple(description.topics)
        self.changed = threading.Condition()
        self._latest: dict[str, SensorMessage] = {}
        self.extractors = [
            FieldExtractor(field, node.resolve_topic_name(field.topic))
            for field in description.observation
        ]
        self._subscriptions = [
            node.create_subscription(
                import_message(kind),
                topic,
                self._receiver(topic, has_header(kind)),
                qos_profile_sensor_data,
            )
            for topic, kind in description.topics.items()
        ]

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

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _receiver(self, topic: str, stamped: bool) -> Callable[[Any], None]:
        """Return the callback of one topic."""

        def receive(message: Any) -> None:
            received_s = time.monotonic()
            if stamped:
                stamp_ns = stamp_to_ns(message.header.stamp)
            else:
                stamp_ns = self._node.get_clock().now().nanoseconds
            heard = SensorMessage(message, received_s, stamp_ns, stamped)
            with self.changed:
                if self._on_message:
                    self._on_message(topic, heard)
                self._latest[topic] = heard
                self.changed.notify_all()

        return receive
