# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From a command to the message that the robot takes, whatever its type."""

from typing import Any

from builtin_interfaces.msg import Duration
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rl_agent.action_description import ActionDescription
from rl_agent.errors import ConfigurationError
from rl_agent.ros_message_fields import has_header, names_list, resolve
from rl_agent.ros_message_writer import make_writer
from rl_agent.ros_messages import import_message
from rl_agent.ros_topics import COMMAND_QOS

_NANOSECONDS = 1_000_000_000
_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
Numbers = NDArray[np.float64]


class RosCommand:
    """Publishes commands. One message is filled anew for each: the rest of it never changes.

    The publisher is reliable, which both kinds of subscribers hear, and keeps one command only:
    an old one is worth nothing.
    """

    def __init__(self, node: Node, action: ActionDescription, rate_hz: float) -> None:
        """Prepare message and publisher; nothing is sent.

        Args:
            node: a relative topic lives in its namespace.
            action: description of the command.
            rate_hz: of control; a trajectory's point is to be reached within one period, unless
                the description says otherwise.

        Raises:
            ConfigurationError: a message type that is not installed, or without such fields.
        """
        problems = static_mistakes(action)
        if problems:
            raise ConfigurationError(f'action: {"; ".join(problems)}')
        self._node = node
        self._message = import_message(action.type)()
        paths = action.fields or (action.list_path or '',)
        self._write = make_writer(self._message, action.type, paths)
        _complete(self._message, action, rate_hz)
        # the stamp of a trajectory says when it begins: 0 is `at once`, however late it comes
        stamped = has_header(action.type) and action.type != _TRAJECTORY
        self._header = self._message.header if stamped else None
        self._publisher = node.create_publisher(
            import_message(action.type), action.topic, COMMAND_QOS
        )

    def send(self, command: Numbers) -> None:
        """Publish a command, (action,), in the robot's units."""
        self._write(command)
        if self._header is not None:
            self._header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(self._message)

    def rehearse(self, command: Numbers) -> None:
        """Do what `send` does, but publish nothing."""
        self._write(command)
        serialize_message(self._message)

    def close(self) -> None:
        """Unadvertise."""
        self._node.destroy_publisher(self._publisher)


def static_mistakes(action: ActionDescription) -> list[str]:
    """Return what is wrong with an action by its message type alone, one text each."""
    try:
        import_message(action.type)
    except ConfigurationError as error:
        return [f'type: {error}']
    mistakes = []
    paths = {f'fields.{number}': path for number, path in enumerate(action.fields or ())}
    if action.list_path:
        paths = {'field': action.list_path}
    for key, path in paths.items():
        try:
            place = resolve(action.type, path)
        except ConfigurationError as error:
            mistakes.append(f'{key}: {error}')
            continue
        if not place.is_number or place.many != bool(action.joints):
            wanted = 'a list of numbers' if action.joints else 'one number'
            mistakes.append(f'{key}: given {path!r} ({place.kind}); accepted: {wanted}')
        elif action.joints and place.size not in (None, len(action.joints)):
            mistakes.append(f'joints: given {len(action.joints)}; accepted: {place.size}')
    if action.frame and not mistakes and not has_header(action.type):
        mistakes.append(f'frame: given {action.frame!r}; accepted: none, there is no header')
    return mistakes


def _complete(message: Any, action: ActionDescription, rate_hz: float) -> None:
    """Fill in what stays the same."""
    names = names_list(action.type)
    if action.joints and names:
        setattr(message, names, list(action.joints))
    if has_header(action.type):
        message.header.frame_id = action.frame
    if action.type == _TRAJECTORY:
        ahead_ns = round((action.time_from_start_s or 1.0 / rate_hz) * _NANOSECONDS)
        for point in message.points:
            point.time_from_start = Duration(
                sec=ahead_ns // _NANOSECONDS, nanosec=ahead_ns % _NANOSECONDS
            )
