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

"""Reads what a person wants from the messages of a hand."""

from typing import Any

import numpy as np
from rl_agent.array_checks import all_finite
from rl_agent.array_types import Float64Array
from rl_agent.description.command import CommandDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.teaching.teleop import AxisDescription, JOY, TeleopDescription
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import names_list
from rl_agent.ros.ros_messages import import_message
from rl_agent.teaching.hand import HandMessage


class HandReader:
    """Makes numbers of the action out of messages.

    Attributes:
        message_type: of the messages.
    """

    def __init__(self, teleop: TeleopDescription, command: CommandDescription, topic: str) -> None:
        """Find the numbers in the message type.

        Args:
            teleop: what the messages mean.
            command: of the robot.
            topic: full name of the topic, for errors.

        Raises:
            ConfigurationError: the message type is not installed, or has no such numbers.
        """
        self._topic, self._dead_man = topic, teleop.dead_man
        self.message_type = import_message(teleop.type)
        self._empty = np.full(len(command.names), np.nan)
        self._axes = [(command.names.index(name), item) for name, item in teleop.axes.items()]
        axes = [item.axis for _, item in self._axes if item.axis is not None]
        buttons = [index for _, item in self._axes for index in item.buttons or ()]
        if teleop.dead_man is not None:
            buttons.append(teleop.dead_man)
        self._least_axes, self._least_buttons = (
            max(axes, default=-1) + 1,
            max(buttons, default=-1) + 1,
        )
        self._is_joy = teleop.type == JOY
        self._command: CommandReader | None = None
        self._fields: list[FieldExtractor] = []
        if not teleop.axes:
            (action,) = command.actions
            self._command = CommandReader(action, topic)
        elif not self._is_joy:
            self._fields = [_extractor(teleop, item, topic) for _, item in self._axes]

    def __call__(self, message: Any) -> HandMessage:
        """Return what a message says.

        Raises:
            RobotError: it has too few axes or buttons, or a number that is not finite.
        """
        if self._command is not None:
            return HandMessage(self._command.read(message))
        if self._is_joy:
            return self._read_joy(message)
        return HandMessage(self._numbers([float(field(message)[0]) for field in self._fields]))

    def _read_joy(self, message: Any) -> HandMessage:
        """Return what a Joy says; axes and buttons that nobody asks for do not matter."""
        axes, buttons = message.axes, message.buttons
        if len(axes) < self._least_axes or len(buttons) < self._least_buttons:
            raise RobotError(
                f'{self._topic}: given {len(axes)} axes and {len(buttons)} buttons; accepted: at'
                f' least {self._least_axes} and {self._least_buttons}, as teleop names them: is it'
                ' another joystick?'
            )
        held = frozenset(index for index, value in enumerate(buttons) if value)
        values = []
        for _, item in self._axes:
            if item.axis is not None:
                values.append(axes[item.axis])
            else:
                more, less = item.buttons or (0, 0)
                values.append(float(more in held) - float(less in held))
        is_held = None if self._dead_man is None else self._dead_man in held
        return HandMessage(self._numbers(values), held, is_held)

    def _numbers(self, values: list[float]) -> Float64Array:
        """Return the numbers of the action for those of the axes, NaN where no axis is."""
        if not all_finite(np.array(values)):
            raise RobotError(f'{self._topic}: given {values}; accepted: finite numbers')
        numbers = self._empty.copy()
        for (index, item), value in zip(self._axes, values, strict=True):
            numbers[index] = item.scale * _beyond(value, item.deadzone)
        return numbers


def hand_mistakes(teleop: TeleopDescription, command: CommandDescription) -> list[str]:
    """Return the mistakes that the message type of a hand shows, one text each."""
    try:
        HandReader(teleop, command, teleop.topic)
    except ConfigurationError as error:
        return [str(error)]
    return []


def _beyond(value: float, deadzone: float) -> float:
    """Return a number without its dead zone: 0 in it, +-1 at +-1, and linear between them."""
    if not deadzone:
        return value
    size = max(0.0, abs(value) - deadzone) / (1.0 - deadzone)
    return size if value > 0 else -size


def _extractor(teleop: TeleopDescription, item: AxisDescription, topic: str) -> FieldExtractor:
    """Return what extracts one number from a message that is not a Joy."""
    assert item.field is not None
    joints = None if item.joint is None else (item.joint,)
    if item.joint is not None and names_list(teleop.type) is None:
        raise ConfigurationError(
            f'joint: given {item.joint!r}; accepted: none, as {teleop.type} names no joints'
        )
    field = ObservationField('teleop', teleop.topic, teleop.type, item.field, joints=joints)
    return FieldExtractor(field, topic)
