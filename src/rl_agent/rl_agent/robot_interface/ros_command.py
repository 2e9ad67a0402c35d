# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From a command to the message that the robot takes, whatever its type."""

from typing import Any

from builtin_interfaces.msg import Duration
import numpy as np
from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.action import ActionDescription
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import has_header, names_list, resolve, TYPECODES
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.message_fields.ros_prepared_message import PreparedMessage
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_topics import COMMAND_QOS, COMMAND_REHEARSED_QOS, REHEARSED_COMMANDS

_NANOSECONDS = 1_000_000_000
_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'


class RosCommand:
    """Publishes commands. Only their numbers and stamps change, see `PreparedMessage`.

    Where the message has a boolean, a number from 0.5 on is true: low 0 and high 1 are false and
    true.

    The publisher is reliable, which both kinds of subscribers hear, and keeps one command only:
    an old one is worth nothing.
    """

    def __init__(
        self, node: Node, action: ActionDescription, rate_hz: float, *, rehearsed: bool = False
    ) -> None:
        """Prepare message and publisher; nothing is sent.

        Args:
            node: a relative topic lives in its namespace.
            action: description of the command.
            rate_hz: of control; a trajectory's point is to be reached within one period, unless
                the description says otherwise.
            rehearsed: `publish_unheard` will be called.

        Raises:
            ConfigurationError: a message type that is not installed, or without such fields.
        """
        problems = static_mistakes(action)
        if problems:
            raise ConfigurationError(f'action: {"; ".join(problems)}')
        self._node = node
        message = import_message(action.type)()
        paths = action.fields or (action.list_path or '',)
        make_writer(message, action.type, paths)  # makes its lists long enough
        _complete(message, action, rate_hz)
        # the stamp of a trajectory says when it begins: 0 is `at once`, however late it comes
        self._stamped = has_header(action.type) and action.type != _TRAJECTORY
        self._message = PreparedMessage(
            message, action.type, paths, len(action.low), stamped=self._stamped
        )
        kind = import_message(action.type)
        qos = COMMAND_REHEARSED_QOS if rehearsed else COMMAND_QOS
        self._publisher = node.create_publisher(kind, action.topic, qos)
        self._rehearsed = None
        if rehearsed:
            self._rehearsed = node.create_publisher(kind, REHEARSED_COMMANDS, qos)

    def send(self, command: Float64Array) -> None:
        """Publish a command, (action,), in the robot's units."""
        self._publisher.publish(self._filled(command))

    def publish_unheard(self, command: Float64Array) -> None:
        """Publish a command, (action,), to a topic that has no subscribers.

        Then assert liveliness on the command topic, which covers the rest of the path.
        """
        if self._rehearsed is not None:
            self._rehearsed.publish(self._filled(command))
            self._publisher.assert_liveliness()

    def close(self) -> None:
        """Unadvertise."""
        self._node.destroy_publisher(self._publisher)
        if self._rehearsed is not None:
            self._node.destroy_publisher(self._rehearsed)

    def _filled(self, command: Float64Array) -> bytes:
        """Return the message of a command."""
        stamp_ns = self._node.get_clock().now().nanoseconds if self._stamped else 0
        return self._message.fill(command, stamp_ns)


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
    for number, (key, path) in enumerate(paths.items()):
        try:
            place = resolve(action.type, path)
        except ConfigurationError as error:
            mistakes.append(f'{key}: {error}')
            continue
        if not place.is_number or place.is_list != bool(action.joints):
            wanted = 'a list of numbers' if action.joints else 'one number'
            mistakes.append(f'{key}: given {path!r} ({place.kind}); accepted: {wanted}')
        elif action.joints and place.size not in (None, len(action.joints)):
            mistakes.append(f'joints: given {len(action.joints)}; accepted: {place.size}')
        else:
            which = slice(None) if action.joints else slice(number, number + 1)
            mistakes += _beyond_type(action, which, place.kind)
    if action.frame and not mistakes and not has_header(action.type):
        mistakes.append(f'frame: given {action.frame!r}; accepted: none, there is no header')
    return mistakes


def _beyond_type(action: ActionDescription, which: slice, kind: str) -> list[str]:
    """Return which bounds of these numbers their type cannot hold."""
    code = TYPECODES[kind]
    if not code or code in 'fd':
        return []
    least, most = np.iinfo(code).min, np.iinfo(code).max
    return [
        f'{key}: given {bound:g}; accepted: {least} to {most}, as {kind}'
        for key, bounds in (('low', action.low), ('high', action.high))
        for bound in bounds[which]
        if not least <= bound <= most
    ]


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
