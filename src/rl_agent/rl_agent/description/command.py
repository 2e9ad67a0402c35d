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

"""A robot's command: the numbers of all its command topics, and what measures them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rl_agent.description.action import ActionDescription
from rl_agent.description.field_types import Names, Numbers
from rl_agent.description.observation import ObservationField

POSITION_UNITS = ('rad', 'm')  # commands in these units are positions


class MeasuredNumbers(NamedTuple):
    """A field that measures what numbers of the command set.

    Attributes:
        field: its name.
        indices: index in the field of each of these numbers.
        numbers: their indices in the command.
    """

    field: str
    indices: list[int]
    numbers: list[int]


@dataclass(frozen=True)
class CommandDescription:
    """The numbers of all command topics, in the order of the action vector, (action,).

    Attributes:
        actions: one for each topic, in this order.
    """

    actions: tuple[ActionDescription, ...]

    @property
    def names(self) -> Names:
        """Name of each number: its joint or field, with the topic where that is not unique."""
        names = tuple(name for action in self.actions for name in action.names)
        if len(set(names)) == len(names):
            return names
        return tuple(f'{action.topic}:{name}' for action in self.actions for name in action.names)

    @property
    def parts(self) -> tuple[slice, ...]:
        """Where the numbers of each topic are."""
        found, first = [], 0
        for action in self.actions:
            found.append(slice(first, first + len(action.names)))
            first += len(action.names)
        return tuple(found)

    @property
    def units(self) -> Names:
        """Unit of each number."""
        return tuple(action.unit for action in self.actions for _ in action.names)

    @property
    def is_position(self) -> tuple[bool, ...]:
        """Whether each number is a position."""
        return tuple(unit in POSITION_UNITS for unit in self.units)

    @property
    def low(self) -> Numbers:
        """Command at action -1."""
        return tuple(value for action in self.actions for value in action.low)

    @property
    def high(self) -> Numbers:
        """Command at action +1."""
        return tuple(value for action in self.actions for value in action.high)

    @property
    def default(self) -> Numbers | None:
        """Command that is safe to hold; None: not described for any, or for a position.

        Speeds and efforts without a default are at rest at the number nearest to 0.
        """
        if all(action.default is None for action in self.actions):
            return None
        values: list[float] = []
        for action in self.actions:
            if action.default is None and action.unit in POSITION_UNITS:
                return None
            bounds = zip(action.low, action.high, strict=True)
            values += action.default or [min(max(0.0, low), high) for low, high in bounds]
        return tuple(values)

    def measured_by(self, field: ObservationField) -> MeasuredNumbers:
        """Return which numbers a field measures: of each topic all, or none.

        Beside other topics, only positions count.
        """
        indices: list[int] = []
        numbers: list[int] = []
        for action, part in zip(self.actions, self.parts, strict=True):
            is_pose = action.unit in POSITION_UNITS or len(self.actions) == 1
            if is_pose and field.measures(action.names):
                indices += _indices_in(field, action)
                numbers += range(len(self.names))[part]
        return MeasuredNumbers(field.name, indices, numbers)

    def is_placed_by(self, field: ObservationField) -> bool:
        """Return whether a field measures numbers of the command, and all that are positions."""
        numbers = self.measured_by(field).numbers
        left = [is_position for n, is_position in enumerate(self.is_position) if n not in numbers]
        return bool(numbers) and not any(left)


def _indices_in(field: ObservationField, action: ActionDescription) -> list[int]:
    """Return where the joints of an action are in a field that measures them."""
    joints = field.joints or ()
    return [joints.index(name) for name in action.names]


def find_pose(
    command: CommandDescription,
    observation: Sequence[ObservationField],
    pose_field: str | None,
) -> list[MeasuredNumbers]:
    """Return the fields that measure what commands set, for each topic one or none.

    Args:
        command: of the robot.
        observation: its fields.
        pose_field: name of the field for all topics whose joints are in it; None, and for the
            other topics: the one field with all joints and the unit of the topic, rad or m, unless
            there are several.
    """
    found = []
    everything = list(range(len(command.names)))
    for action, part in zip(command.actions, command.parts, strict=True):
        names, unit = action.names, action.unit
        fields = [item for item in observation if item.measures(names) and item.unit == unit]
        chosen = [item for item in fields if item.name == pose_field]
        if not chosen and (pose_field is None or len(command.actions) > 1):
            chosen = fields if unit in POSITION_UNITS else []
        if len(chosen) == 1:
            indices = _indices_in(chosen[0], action)
            found.append(MeasuredNumbers(chosen[0].name, indices, everything[part]))
    return found
