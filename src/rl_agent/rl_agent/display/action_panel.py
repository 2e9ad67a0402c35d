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

"""Where the parts of a panel of actions are: a row for each number of the command."""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float, float]  # m, in the frame of the panel
_ROW_M = 0.06
_SAME = 1e-3  # of an action


@dataclass(frozen=True)
class ActionRow:
    """One number of the command.

    Attributes:
        low: where action -1 is.
        high: where action +1 is.
        zero: where action 0 is.
        executed: where the executed action is.
        wanted: where the action that the policy wanted is.
        is_changed: the executed action is not the wanted one.
        label_at: beside the row.
        label: name, command and its bounds.
    """

    low: Point
    high: Point
    zero: Point
    executed: Point
    wanted: Point
    is_changed: bool
    label_at: Point
    label: str


@dataclass(frozen=True)
class ActionPanel:
    """A panel above a robot: rows along y, the first one on top.

    Attributes:
        names: of the numbers of the command, (action,).
        units: of the command, (action,).
        low: command at action -1, (action,).
        high: command at action +1, (action,).
        height_m: height of the lowest row above the frame.
        width_m: length of a row, from action -1 to +1.
    """

    names: Sequence[str]
    units: Sequence[str]
    low: Sequence[float]
    high: Sequence[float]
    height_m: float
    width_m: float

    @property
    def top(self) -> Point:
        """A place above all rows."""
        return (0.0, 0.0, self.height_m + _ROW_M * (len(self.names) + 1))

    def rows(
        self, wanted: Sequence[float], executed: Sequence[float], command: Sequence[float]
    ) -> list[ActionRow]:
        """Return the rows of a step.

        Args:
            wanted: by the policy, (action,), in [-1, 1].
            executed: after safety, (action,), in [-1, 1].
            command: the same in the robot's units, (action,).

        Raises:
            ValueError: the sizes differ from the panel's.
        """
        described = zip(self.names, self.units, self.low, self.high, strict=True)
        numbers = zip(wanted, executed, command, strict=True)
        return [
            ActionRow(
                self._at(row, -1.0),
                self._at(row, 1.0),
                self._at(row, 0.0),
                self._at(row, taken),
                self._at(row, asked),
                abs(taken - asked) > _SAME,
                self._at(row, -1.5),
                f'{name} {value:.3g} {unit} in [{low:g}, {high:g}]',
            )
            for row, ((name, unit, low, high), (asked, taken, value)) in enumerate(
                zip(described, numbers, strict=True)
            )
        ]

    def _at(self, row: int, action: float) -> Point:
        """Return where an action is in a row; +1 is to the left of the robot."""
        z_m = self.height_m + _ROW_M * (len(self.names) - 1 - row)
        return (0.0, 0.5 * self.width_m * min(max(action, -2.0), 2.0), z_m)
