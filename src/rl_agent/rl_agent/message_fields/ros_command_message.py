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

"""The message of a command: complete but for the numbers of the policy and the time of sending."""

from collections.abc import Callable, Sequence
import math
from typing import Any

from builtin_interfaces.msg import Duration
import numpy as np
from rclpy.serialization import deserialize_message
from rl_agent.array_types import Float64Array
from rl_agent.description.action import SentDescription
from rl_agent.description.command_box import Box
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_command_hook import CommandHook
from rl_agent.message_fields.ros_command_mistakes import static_mistakes
from rl_agent.message_fields.ros_constants import stamp_units, write_constants
from rl_agent.message_fields.ros_field_paths import has_header, names_list
from rl_agent.message_fields.ros_field_writer import grow
from rl_agent.message_fields.ros_prepared_message import PreparedMessage, type_codes
from rl_agent.ros.ros_messages import import_message

_NANOSECONDS = 1_000_000_000
_TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
_HEADER_STAMP = 'header.stamp'


class CommandMessage:
    """Serialises commands. Only their values and stamps change, see `PreparedMessage`.

    Where the message has a boolean, values from 0.5 on are true; low is 0 and high is 1.
    """

    def __init__(self, action: SentDescription, rate_hz: float, box: Box | None = None) -> None:
        """Prepare the message.

        Args:
            action: description of the command.
            rate_hz: control rate; the time to reach a trajectory's point is one period, unless
                the description gives another.
            box: lowest and highest command, which the rounding of a whole number must not exceed;
                none: those of the action.

        Raises:
            ConfigurationError: the message type is not installed or lacks the fields, or `finish`
                fails.
        """
        problems = static_mistakes(action)
        if problems:
            raise ConfigurationError(f'action: {"; ".join(problems)}')
        self.kind = import_message(action.type)
        self._action, size = action, len(action.low)
        message = self.kind()
        grow(message, action.type, action.paths)
        _fill(message, action, rate_hz)
        write_constants(message, action.type, action.constants)
        self._prepared = PreparedMessage(
            message, action.type, action.paths, size, stamps=_stamps(action)
        )
        codes = type_codes(action.type, action.paths, size)
        lows, highs = box or (action.low, action.high)
        self._whole = [
            (index, math.ceil(lows[index]), math.floor(highs[index]))
            for index, code in enumerate(codes)
            if code not in 'fd?'
        ]
        self._hook = None
        if action.finish is not None:
            self._hook = CommandHook(action.finish, action.type, action.paths)
            self._hook.try_out(self._prepared.fill(self._first()))

    def serialise(self, command: Float64Array, clock: Callable[[], int]) -> bytes:
        """Return the serialised message of a command, (action,), in the robot's units.

        Args:
            command: finite numbers.
            clock: returns the time now, ns; called if the message is stamped.

        Raises:
            RobotError: `finish` failed.
        """
        if self._whole:
            command = command.copy()
            for index, lowest, highest in self._whole:
                command[index] = min(max(round(command[index]), lowest), highest)
        stamp_ns = clock() if self._prepared.is_stamped else 0
        data = self._prepared.fill(command, stamp_ns)
        return data if self._hook is None else self._hook(data)

    def first(self, clock: Callable[[], int]) -> Any:
        """Return the message of the action's `default`, or else of the middle of its bounds."""
        return deserialize_message(self.serialise(self._first(), clock), self.kind)

    def _first(self) -> Float64Array:
        """Return a command that the robot may get, (action,)."""
        middle = [
            (low + high) / 2 for low, high in zip(self._action.low, self._action.high, strict=True)
        ]
        return np.array(self._action.default or middle)


def command_messages(
    sent: Sequence[SentDescription], rate_hz: float, box: Box | None = None
) -> list[tuple[slice, CommandMessage]]:
    """Return the messages of one command, each with where its numbers are in the command.

    Args:
        sent: what is published with each command, in this order.
        rate_hz: see `CommandMessage`.
        box: of the whole command.

    Raises:
        ConfigurationError: see `CommandMessage`.
    """
    made, first = [], 0
    for item in sent:
        part = slice(first, first + len(item.low))
        bounds = (box[0][part], box[1][part]) if box else None
        made.append((part, CommandMessage(item, rate_hz, bounds)))
        first = part.stop
    return made


def _stamps(action: SentDescription) -> dict[str, int]:
    """Return path to nanoseconds per unit, 0 for a stamp, of what is the time of sending."""
    stamps = stamp_units(action.type, action.constants)
    # the stamp of a trajectory is its start time: 0 means on arrival, however late that is
    given = any(path.startswith(_HEADER_STAMP) for path in action.constants)
    if has_header(action.type) and action.type != _TRAJECTORY and not given:
        stamps[_HEADER_STAMP] = 0
    return stamps


def _fill(message: Any, action: SentDescription, rate_hz: float) -> None:
    """Fill in the joint names, the frame and the time of a trajectory."""
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
