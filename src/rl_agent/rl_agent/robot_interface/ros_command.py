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

"""Publishes commands as messages of the types that the robot takes."""

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rl_agent.array_types import Float64Array
from rl_agent.description.action import SentDescription
from rl_agent.description.command_box import Box
from rl_agent.message_fields.ros_command_message import command_messages, CommandMessage
from rl_agent.ros.ros_topics import COMMAND_QOS, COMMAND_REHEARSED_QOS, REHEARSED_COMMANDS


class CommandTopic:
    """One topic of a robot's commands, see `CommandMessage`.

    The publisher is reliable, so that both kinds of subscribers match, and keeps only the newest
    command, because an old one is useless.

    Attributes:
        topic: its full name.
        type_name: message type, `package/msg/Name`.
        qos: quality of service that is offered.
    """

    def __init__(
        self, node: Node, sent: SentDescription, message: CommandMessage, unheard: str
    ) -> None:
        """Create the publisher; send nothing.

        Args:
            node: a relative topic is in its namespace.
            sent: description of the message.
            message: makes it.
            unheard: topic of `publish_unheard`; empty: it will not be called.
        """
        self._node, self._message = node, message
        self.topic, self.type_name = node.resolve_topic_name(sent.topic), sent.type
        self.qos: QoSProfile = COMMAND_REHEARSED_QOS if unheard else COMMAND_QOS
        self._publisher = node.create_publisher(message.kind, sent.topic, self.qos)
        self._unheard: Any = None
        if unheard:
            self._unheard = node.create_publisher(message.kind, unheard, self.qos)

    @property
    def subscription_count(self) -> int:
        """How many subscriptions of the type and a compatible quality are connected."""
        return int(self._publisher.get_subscription_count())

    def send(self, numbers: Float64Array, clock: Callable[[], int]) -> None:
        """Publish the topic's numbers of a command, in the robot's units."""
        self._publisher.publish(self._message.serialise(numbers, clock))

    def publish_unheard(self, numbers: Float64Array, clock: Callable[[], int]) -> None:
        """Publish to a topic without subscribers, see `RosCommand.publish_unheard`."""
        self._unheard.publish(self._message.serialise(numbers, clock))
        self._publisher.assert_liveliness()

    def close(self) -> None:
        """Unadvertise."""
        self._node.destroy_publisher(self._publisher)
        if self._unheard is not None:
            self._node.destroy_publisher(self._unheard)


class RosCommand:
    """Publishes the commands of a robot on all their topics.

    Attributes:
        topics: all topics, in the order of sending.
    """

    def __init__(
        self,
        node: Node,
        sent: Sequence[SentDescription],
        rate_hz: float,
        *,
        box: Box | None = None,
        rehearsed: bool = False,
    ) -> None:
        """Create messages and publishers; send nothing.

        Args:
            node: relative topics are in its namespace.
            sent: what is published with each command, in this order.
            rate_hz: control rate; the time to reach a trajectory's point is one period, unless
                the description gives another.
            box: lowest and highest command, which the rounding of a whole number must not exceed;
                none: those of the actions.
            rehearsed: `publish_unheard` will be called.

        Raises:
            ConfigurationError: a message type is not installed or lacks the fields, or `finish`
                fails.
        """
        self._node = node
        self._parts: list[tuple[slice, CommandTopic]] = []
        messages = command_messages(sent, rate_hz, box)
        for number, (item, (part, message)) in enumerate(zip(sent, messages, strict=True)):
            unheard = f'{REHEARSED_COMMANDS}_{number}' if number else REHEARSED_COMMANDS
            topic = CommandTopic(node, item, message, unheard if rehearsed else '')
            self._parts.append((part, topic))
        self.topics = tuple(topic for _, topic in self._parts)

    def send(self, command: Float64Array) -> None:
        """Publish a command, (action,), in the robot's units."""
        for part, topic in self._parts:
            topic.send(command[part], self._now_ns)

    def publish_unheard(self, command: Float64Array) -> None:
        """Publish a command, (action,), to topics that have no subscribers.

        Then assert liveliness on the command topics, which covers the rest of the path.
        """
        for part, topic in self._parts:
            topic.publish_unheard(command[part], self._now_ns)

    def close(self) -> None:
        """Unadvertise."""
        for topic in self.topics:
            topic.close()

    def _now_ns(self) -> int:
        """Return the time by the node's clock, ns."""
        return self._node.get_clock().now().nanoseconds
