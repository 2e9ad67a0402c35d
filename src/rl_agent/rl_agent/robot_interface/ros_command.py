# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Publishes commands as messages of the type that the robot takes."""

from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.action import ActionDescription
from rl_agent.description.command_box import Box
from rl_agent.message_fields.ros_command_message import CommandMessage
from rl_agent.ros.ros_topics import COMMAND_QOS, COMMAND_REHEARSED_QOS, REHEARSED_COMMANDS


class RosCommand:
    """Publishes commands, see `CommandMessage`.

    The publisher is reliable, so that both kinds of subscribers match, and keeps only the newest
    command, because an old one is useless.

    Attributes:
        topic: its full name.
        type_name: message type, `package/msg/Name`.
        qos: quality of service that is offered.
    """

    def __init__(
        self,
        node: Node,
        action: ActionDescription,
        rate_hz: float,
        *,
        box: Box | None = None,
        rehearsed: bool = False,
    ) -> None:
        """Create message and publisher; send nothing.

        Args:
            node: a relative topic is in its namespace.
            action: description of the command.
            rate_hz: control rate; the time to reach a trajectory's point is one period, unless
                the description gives another.
            box: lowest and highest command, which the rounding of a whole number must not exceed;
                none: those of the action.
            rehearsed: `publish_unheard` will be called.

        Raises:
            ConfigurationError: the message type is not installed or lacks the fields, or `finish`
                fails.
        """
        self._node = node
        self._message = CommandMessage(action, rate_hz, box)
        kind = self._message.kind
        self.topic, self.type_name = node.resolve_topic_name(action.topic), action.type
        self.qos = qos = COMMAND_REHEARSED_QOS if rehearsed else COMMAND_QOS
        self._publisher = node.create_publisher(kind, action.topic, qos)
        self._unheard_publisher = None
        if rehearsed:
            self._unheard_publisher = node.create_publisher(kind, REHEARSED_COMMANDS, qos)

    @property
    def subscription_count(self) -> int:
        """How many subscriptions of the type and a compatible quality are connected."""
        return int(self._publisher.get_subscription_count())

    def send(self, command: Float64Array) -> None:
        """Publish a command, (action,), in the robot's units."""
        self._publisher.publish(self._serialise(command))

    def publish_unheard(self, command: Float64Array) -> None:
        """Publish a command, (action,), to a topic that has no subscribers.

        Then assert liveliness on the command topic, which covers the rest of the path.
        """
        if self._unheard_publisher is not None:
            self._unheard_publisher.publish(self._serialise(command))
            self._publisher.assert_liveliness()

    def close(self) -> None:
        """Unadvertise."""
        self._node.destroy_publisher(self._publisher)
        if self._unheard_publisher is not None:
            self._node.destroy_publisher(self._unheard_publisher)

    def _serialise(self, command: Float64Array) -> bytes:
        """Return the serialised message of a command."""
        return self._message.serialise(command, self._now_ns)

    def _now_ns(self) -> int:
        """Return the time by the node's clock, ns."""
        return self._node.get_clock().now().nanoseconds
