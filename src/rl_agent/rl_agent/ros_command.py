# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From a command to the message that the robot takes, whatever its type."""

from array import array
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Duration
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rl_agent.action_description import ActionDescription
from rl_agent.errors import ConfigurationError
from rl_agent.ros_message_fields import (
    FieldType,
    has_header,
    names_list,
    resolve,
    Step,
    steps_of,
    TYPECODES,
)
from rl_agent.ros_messages import import_message

_NANOSECONDS = 1_000_000_000
_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
_FLOATS = ('float', 'double')
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
        self._message = _prepare(action, rate_hz)
        self._fill = _filler(self._message, action)
        # the stamp of a trajectory says when it begins: 0 is `at once`, however late it comes
        stamped = has_header(action.type) and action.type != _TRAJECTORY
        self._header = self._message.header if stamped else None
        self._publisher = node.create_publisher(
            import_message(action.type), action.topic, QoSProfile(depth=1)
        )

    def send(self, command: Numbers) -> None:
        """Publish a command, (action,), in the robot's units."""
        self._fill(command)
        if self._header is not None:
            self._header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(self._message)

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


def _prepare(action: ActionDescription, rate_hz: float) -> Any:
    """Return a message with all that stays the same."""
    message = import_message(action.type)()
    names = names_list(action.type)
    if action.joints and names:
        setattr(message, names, list(action.joints))
    if has_header(action.type):
        message.header.frame_id = action.frame
    for path in action.fields or (action.list_path or '',):
        _grow(message, action.type, path)
    if action.type == _TRAJECTORY:
        ahead_ns = round((action.time_from_start_s or 1.0 / rate_hz) * _NANOSECONDS)
        for point in message.points:
            point.time_from_start = Duration(
                sec=ahead_ns // _NANOSECONDS, nanosec=ahead_ns % _NANOSECONDS
            )
    return message


def _grow(message: Any, type_name: str, path: str) -> None:
    """Make the lists on a path long enough for its indices."""
    walked = ''
    for step in steps_of(path):
        walked = f'{walked}.{step.name}'.removeprefix('.')
        if step.index is not None:
            place, items = resolve(type_name, walked), getattr(message, step.name)
            if place.size is None:
                zero = _zero(place)
                items = [*items, *(zero() for _ in range(step.index + 1 - len(items)))]
                code = TYPECODES.get(place.kind)
                setattr(message, step.name, array(code, items) if code else items)
            walked = f'{walked}[{step.index}]'
        message = step(message)


def _zero(place: FieldType) -> Callable[[], Any]:
    """Return what makes a new member of a list."""
    if not place.is_number:
        return import_message(place.kind.replace('/', '/msg/'))
    return float if place.kind in _FLOATS else bool if place.kind == 'boolean' else int


def _filler(message: Any, action: ActionDescription) -> Callable[[Numbers], None]:
    """Return what writes a command into the message."""
    if action.list_path:
        place = resolve(action.type, action.list_path)
        *way, last = steps_of(action.list_path)
        return _list_filler(_walk(message, way), last, place)
    setters = []
    for path in action.fields or ():
        *way, last = steps_of(path)
        setters.append(_setter(_walk(message, way), last, resolve(action.type, path)))

    def fill(command: Numbers) -> None:
        for put, number in zip(setters, command.tolist(), strict=True):
            put(number)

    return fill


def _list_filler(parent: Any, last: Step, place: FieldType) -> Callable[[Numbers], None]:
    """Return what writes a command into a list of the message."""
    code, whole = TYPECODES[place.kind], place.kind not in _FLOATS

    def fill(command: Numbers) -> None:
        numbers: Any = np.rint(command) if whole else command
        if not code:
            numbers = [bool(number) for number in numbers]
        elif place.size is not None:
            numbers = numbers.astype(code)
        else:
            numbers = array(code, numbers.astype(code).tobytes())
        setattr(parent, last.name, numbers)

    return fill


def _setter(parent: Any, last: Step, place: FieldType) -> Callable[[float], None]:
    """Return what writes one number into the message."""
    convert: Callable[[float], Any] = float
    if place.kind not in _FLOATS:
        convert = bool if place.kind == 'boolean' else round
    if last.index is None:
        return lambda number: setattr(parent, last.name, convert(number))
    items, index = getattr(parent, last.name), last.index

    def put(number: float) -> None:
        items[index] = convert(number)

    return put


def _walk(message: Any, steps: list[Step]) -> Any:
    """Return where some steps lead."""
    for step in steps:
        message = step(message)
    return message
