# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Publishes commands as messages of the type that the robot takes."""

import math
from typing import Any

from builtin_interfaces.msg import Duration
import numpy as np
from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.action import ActionDescription
from rl_agent.description.command_box import Box
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import has_header, names_list, resolve, TYPECODES
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.message_fields.ros_prepared_message import PreparedMessage, type_codes
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_topics import COMMAND_QOS, COMMAND_REHEARSED_QOS, REHEARSED_COMMANDS

_NANOSECONDS = 1_000_000_000
_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'


class RosCommand:
    """Publishes commands. Only their values and stamps change, see `PreparedMessage`.

    Where the message has a boolean, values from 0.5 on are true; low is 0 and high is 1.

    The publisher is reliable, so that both kinds of subscribers match, and keeps only the newest
    command, because an old one is useless.
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
            ConfigurationError: the message type is not installed or lacks the fields.
        """
        problems = static_mistakes(action)
        if problems:
            raise ConfigurationError(f'action: {"; ".join(problems)}')
        self._node = node
        message = import_message(action.type)()
        paths = action.fields or (action.list_path or '',)
        make_writer(message, action.type, paths)  # makes its lists long enough
        _fill_constants(message, action, rate_hz)
        # the stamp of a trajectory is its start time: 0 means on arrival, however late that is
        self._stamped = has_header(action.type) and action.type != _TRAJECTORY
        self._message = PreparedMessage(
            message,
            action.type,
            paths,
            len(action.low),
            stamped=self._stamped,
        )
        codes = type_codes(action.type, paths, len(action.low))
        lows, highs = box or (action.low, action.high)
        self._whole = [
            (index, math.ceil(lows[index]), math.floor(highs[index]))
            for index, code in enumerate(codes)
            if code not in 'fd?'
        ]
        kind = import_message(action.type)
        qos = COMMAND_REHEARSED_QOS if rehearsed else COMMAND_QOS
        self._publisher = node.create_publisher(kind, action.topic, qos)
        self._unheard_publisher = None
        if rehearsed:
            self._unheard_publisher = node.create_publisher(kind, REHEARSED_COMMANDS, qos)

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
        if self._whole:
            command = command.copy()
            for index, lowest, highest in self._whole:
                command[index] = min(max(round(command[index]), lowest), highest)
        stamp_ns = self._node.get_clock().now().nanoseconds if self._stamped else 0
        return self._message.fill(command, stamp_ns)


def static_mistakes(action: ActionDescription) -> list[str]:
    """Return the action's mistakes that its message type alone shows, one text each."""
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
            mistakes += _bounds_beyond_type(action, which, place.kind)
    if action.frame and not mistakes and not has_header(action.type):
        mistakes.append(f'frame: given {action.frame!r}; accepted: none, there is no header')
    return mistakes


def _bounds_beyond_type(action: ActionDescription, which: slice, kind: str) -> list[str]:
    """Return the bounds that the number type cannot hold, one text each."""
    code = TYPECODES[kind]
    if not code or code in 'fd':
        return []
    lowest, highest = np.iinfo(code).min, np.iinfo(code).max
    rows = zip(action.low[which], action.high[which], strict=True)
    mistakes = [
        f'low, high: given {low:g}, {high:g}; accepted: with a whole number in between, as {kind}'
        for low, high in rows
        if math.ceil(low) > math.floor(high)
    ]
    return mistakes + [
        f'{key}: given {bound:g}; accepted: {lowest} to {highest}, as {kind}'
        for key, bounds in (('low', action.low), ('high', action.high))
        for bound in bounds[which]
        if not lowest <= bound <= highest
    ]


def _fill_constants(message: Any, action: ActionDescription, rate_hz: float) -> None:
    """Fill in the fields that stay the same."""
    names = names_list(action.type)
    if action.joints and names:
        setattr(message, names, list(action.joints))
    if has_header(action.type):
        message.header.frame_id = action.frame
    if action.type == _TRAJECTORY:
        duration_ns = round((action.time_from_start_s or 1.0 / rate_hz) * _NANOSECONDS)
        for point in message.points:
            point.time_from_start = Duration(
                sec=duration_ns // _NANOSECONDS, nanosec=duration_ns % _NANOSECONDS
            )
