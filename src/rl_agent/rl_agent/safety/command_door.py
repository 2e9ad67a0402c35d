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

"""The last door before the robot: every command passes it, whatever made it."""

import numpy as np
from rl_agent.array_checks import all_finite, all_true
from rl_agent.array_types import BooleanArray, Command
from rl_agent.errors import RobotError
from rl_agent.safety.command_bounds import CommandBounds

# A command that was computed to lie on the slew limit must not change by rounding.
_ROUNDING = 1e-9


class CommandDoor:
    """Returns for each command the one that may leave for the robot.

    That is a finite one, inside the action box, at most one period's slew away from the last one.
    The first command after `start`, and after something else has moved the robot, is that near to
    the place that `begin` is given. A command that fulfils all this is returned as it is, the same
    array: what `SafetyFilter` has limited passes unchanged. One thread at a time.

    Attributes:
        in_effect: the last command sent, (action,); None once something else moved the robot.
        last_sent: the last command sent since `start`, (action,), even if the robot was moved.
        speed: of the last change, per second, (action,); None: unknown.
        is_placed: whether it is known where the next command starts: a guess, because the pose is
            not known yet, does not count.
    """

    def __init__(self, bounds: CommandBounds) -> None:
        """Guard these bounds."""
        self._bounds = bounds
        self._step: Command | None = None
        if bounds.slew_per_s is not None:
            width = bounds.high - bounds.low
            self._step = bounds.slew_per_s * bounds.period_s * (1.0 + _ROUNDING)
            self._step += 1e-3 * _ROUNDING * width
        self.start()

    def start(self) -> None:
        """Know nothing of the robot."""
        self.in_effect: Command | None = None
        self.last_sent: Command | None = None
        self.speed: Command | None = None
        self.is_placed = False
        self._centre_window(self._bounds.rest)

    def forget(self) -> None:
        """Take note that something else moves the robot: no command is in effect."""
        self.in_effect = self.speed = None
        self.is_placed = False

    def begin(self, pose: Command | None) -> Command:
        """Return where the next command starts, (action,), always inside the box.

        That is the last command; without one in effect the measured pose, or the nearest edge of
        the box; where none is measured the last command before, and at last the description's
        default.

        Args:
            pose: the measured pose, (action,), if it is to be believed.
        """
        if self.in_effect is not None:
            return self.in_effect
        self.is_placed = pose is not None or not self._bounds.pose
        start = self._bounds.rest if self.last_sent is None else self.last_sent
        if pose is not None:
            measured = np.clip(pose, self._bounds.low, self._bounds.high)
            start = np.where(self._bounds.is_measured, measured, start)
        self._centre_window(start)
        return start

    def limit(self, command: Command, *, at_once: BooleanArray | None = None) -> Command:
        """Return the command that may leave, (action,); call `record` once it has left.

        Args:
            command: (action,).
            at_once: to which numbers the slew limit does not apply, (action,): to the 0 of speeds
                and efforts; None: to all it does.

        Raises:
            RobotError: the command is not finite; nothing may leave.
        """
        low, high = self._lowest, self._highest
        if at_once is not None:
            low = np.where(at_once, self._bounds.low, low)
            high = np.where(at_once, self._bounds.high, high)
        if all_true((command >= low) & (command <= high)):
            return command
        if not all_finite(command):
            raise RobotError(f'command: given {command.tolist()}; accepted: finite numbers')
        limited: Command = np.minimum(np.maximum(command, low), high)
        return limited

    def record(self, command: Command) -> None:
        """Take note that this command, as `limit` returned it, has left."""
        self.speed = (command - self._centre) / self._bounds.period_s if self.is_placed else None
        self.in_effect = self.last_sent = command
        self.is_placed = True
        self._centre_window(command)

    def _centre_window(self, centre: Command) -> None:
        """Let the next command be at most one step away from here, (action,)."""
        self._centre = centre
        self._lowest, self._highest = self._bounds.low, self._bounds.high
        if self._step is not None:
            self._lowest = np.maximum(self._lowest, centre - self._step)
            self._highest = np.minimum(self._highest, centre + self._step)
