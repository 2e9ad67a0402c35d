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

"""Limits what the policy asks of the robot: action box, low-pass, slew limit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rl_agent.array_checks import all_finite, all_true
from rl_agent.array_types import Command, Float32Array
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.field_types import per_joint
from rl_agent.description.safety import SafetyDescription
from rl_agent.errors import PolicyError
from rl_agent.safety.low_pass import LowPass


@dataclass(frozen=True)
class Tightening:
    """Factors by which a launch file tightens a robot's limits.

    Attributes:
        action_scale: of the action box about the default pose (without one: about 0), in (0, 1].
        slew_scale: of the slew limit, in (0, 1].
    """

    action_scale: float = 1.0
    slew_scale: float = 1.0


@dataclass(frozen=True, eq=False)
class SafeAction:
    """A command that is safe to send.

    Attributes:
        action: the command as an action in [-1, 1], (action,) float32.
        command: in the robot's units, (action,) float64.
        limited: the limits that changed it, of `box` and `slew`; not the low-pass, which changes
            every command.
    """

    action: Float32Array
    command: Command
    limited: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a limit changed what the policy wanted."""
        return bool(self.limited)


class SafetyFilter:
    """Turns wanted actions into commands that are safe to send.

    The stages, in this order:

    1. **Box.** The wanted action is clipped to the action box, so that the state of the next
       stage never holds values outside it.
    2. **Low-pass**, on commands in the robot's units.
    3. **Box** again: a second-order Butterworth filter overshoots by 4 %.
    4. **Slew limit**, last, so that nothing after it makes a command jump. It moves from the last
       command towards one in the box; so its result is in the described box too. Only from outside
       of a box that a launch file has tightened it is on its way there.

    An action that is not finite is refused before stage 1 and changes no state. An episode begins
    at rest at the pose given to `reset`, so that its first command does not jump.
    """

    def __init__(
        self,
        low: Sequence[float],
        high: Sequence[float],
        rate_hz: float,
        safety: SafetyDescription | None = None,
        *,
        default: Sequence[float] | None = None,
        tightening: Tightening | None = None,
    ) -> None:
        """Filter actions of a robot.

        Args:
            low: command at action -1, (action,).
            high: command at action +1, (action,).
            rate_hz: control rate.
            safety: limits; None: only the box from `low` to `high`.
            default: the action's default pose.
            tightening: factors on the limits; None: 1.
        """
        safety, scales = safety or SafetyDescription(), tightening or Tightening()
        self._shape, self._scale = (len(low),), ActionScale(low, high)
        self._low, self._high = np.array(low, np.float64), np.array(high, np.float64)
        outer_low = np.array(per_joint(safety.command_low, low))
        outer_high = np.array(per_joint(safety.command_high, high))
        self._outer_low, self._outer_high = outer_low, outer_high
        centre = np.zeros(self._shape) if default is None else np.array(default, np.float64)
        centre = np.clip(centre, outer_low, outer_high)
        # rounding must not make the tighter box the wider one
        self._box_low = centre + scales.action_scale * (outer_low - centre)
        self._box_low = np.maximum(self._box_low, outer_low)
        self._box_high = centre + scales.action_scale * (outer_high - centre)
        self._box_high = np.minimum(self._box_high, outer_high)
        self._rest = centre
        self._slew: Command | None = None
        if safety.slew_per_s is not None:
            per_step = np.array(per_joint(safety.slew_per_s, low)) / rate_hz
            self._slew = per_step * scales.slew_scale
        self._low_pass: LowPass | None = None
        if safety.low_pass_hz is not None:
            self._low_pass = LowPass(safety.low_pass_hz, rate_hz, len(low))
        self._is_tighter = bool(
            (self._box_low > self._low).any() or (self._box_high < self._high).any()
        )
        self._last = self._rest
        self.reset()

    def reset(self, pose: Command | None = None) -> None:
        """Begin an episode at rest at a pose, (action,) in the robot's units.

        A pose beyond the described box counts as the nearest point of it. The default is the point
        of the box nearest to the default pose, or to 0 without one.
        """
        start = self._rest if pose is None else np.array(pose, np.float64)
        self._last = np.clip(start, self._outer_low, self._outer_high)
        if self._low_pass is not None:
            self._low_pass.reset(np.clip(self._last, self._box_low, self._box_high))

    def filter(self, wanted: Float32Array) -> SafeAction:
        """Return the command to send for a wanted action, (action,) in [-1, 1].

        Raises:
            PolicyError: the shape is wrong or a value is not finite; send nothing then.
        """
        if wanted.shape != self._shape or not all_finite(wanted):
            raise PolicyError(
                f'action: given {wanted!r}; accepted: {self._shape[0]} finite numbers'
            )
        action = self._scale.clip(wanted)
        limited: tuple[str, ...] = () if all_true(action == wanted) else ('box',)
        command = self._scale.command(action)
        # rounding may bring it beyond the box
        plain = command = np.minimum(np.maximum(command, self._low), self._high)
        if self._is_tighter:
            command = np.minimum(np.maximum(command, self._box_low), self._box_high)
            if not limited and not all_true(command == plain):
                limited = ('box',)
        if self._low_pass is not None:
            command = self._low_pass(command)
            command = np.minimum(np.maximum(command, self._box_low), self._box_high)
        if self._slew is not None:
            target = command
            command = np.maximum(command, self._last - self._slew)
            command = np.minimum(command, self._last + self._slew)
            if not all_true(command == target):
                limited += ('slew',)
        self._last = command
        if command is not plain:
            action = self.action_of(command)
        return SafeAction(action, command, limited)

    def last_action(self) -> Float32Array:
        """Return the last command as an action, (action,); at first that of the start."""
        return self.action_of(self._last)

    def action_of(self, command: Command) -> Float32Array:
        """Return a command as an action, (action,) float32, clipped to [-1, 1]."""
        return self._scale.action(command)
