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

"""The commands that bring the robot to a stop."""

from collections.abc import Sequence
import math

import numpy as np
from rl_agent.array_types import BooleanArray, Command, Float64Array
from rl_agent.description.safety import ReactionDescription
from rl_agent.safety.command_bounds import CommandBounds

# A robot that would cover this part of the tolerance in the time of the stop is moving.
_MOVING = 0.1
_RESOLUTION_S = 1e-6  # of waiting


class StopMotion:
    """One stop: linear ramps from the last command to the command at rest.

    Attributes:
        ramp_s: how long the slowest takes; 0: at once.
        at_once: numbers to which the slew limit does not apply, (action,).
    """

    def __init__(
        self, start: Command, target: Command, ramps_s: Float64Array, at_once: BooleanArray
    ) -> None:
        """Ramp from `start` to `target` in `ramps_s`, (action,) each."""
        self._start, self._target = start, target
        self._ramps_s, self.at_once = ramps_s, at_once
        self.ramp_s = float(ramps_s.max())

    def command(self, elapsed_s: float) -> Command:
        """Return the command, (action,), at a time after the stop began."""
        elapsed_s = max(elapsed_s, 0.0)
        if elapsed_s >= self.ramp_s:
            return self._target
        is_over = elapsed_s >= self._ramps_s
        fraction = elapsed_s / np.where(is_over, np.inf, self._ramps_s)  # below 1
        motion = self._start + fraction * (self._target - self._start)
        return np.where(is_over, self._target, motion)

    def is_over(self, elapsed_s: float, sent: Command | None) -> bool:
        """Return whether the command at rest, (action,), is the last one sent."""
        return elapsed_s >= self.ramp_s and sent is not None and bool((sent == self._target).all())


class StopInProgress:
    """A stop that is being carried out.

    With a slew limit, its time passes by at most one control period from command to command, so
    that a thread that is late does not make the robot jump.
    """

    def __init__(self, motion: StopMotion, now_s: float, bounds: CommandBounds) -> None:
        """Begin a motion at this time on the steady clock."""
        self.motion = motion
        self._period_s = bounds.period_s
        self._longest_s = math.inf if bounds.slew_per_s is None else bounds.period_s
        self._elapsed_s, self._last_s = 0.0, now_s

    def command(self, now_s: float) -> Command:
        """Return the command, (action,), at this time."""
        self._elapsed_s += min(now_s - self._last_s, self._longest_s)
        self._last_s = now_s
        return self.motion.command(self._elapsed_s)

    def left_s(self, sent: Command | None) -> float:
        """Return how long to wait for the next command; 0: `sent`, (action,), was the last."""
        if self.motion.is_over(self._elapsed_s, sent):
            return 0.0
        left_s = self.motion.ramp_s - self._elapsed_s
        return min(left_s, self._period_s) if left_s > _RESOLUTION_S else self._period_s


class StopPlanner:
    """Plans stops for one robot: each makes it slower, never faster.

    Start and target lie in the action box and within the described limits of the measured pose,
    and a ramp takes as much longer than described as the slew limit needs. The numbers of one
    command topic stop together; another topic's may be speeds, which stop otherwise.

    Attributes:
        bounds: of the commands.
    """

    def __init__(self, bounds: CommandBounds) -> None:
        """Plan for these commands; where 0 is out of bounds, the nearest bound replaces it."""
        self.bounds = bounds

    def plan(
        self,
        reaction: ReactionDescription,
        last: Command | None,
        pose: Command | None,
        speeds: Sequence[Command | None] = (),
    ) -> StopMotion | None:
        """Return the motion to a stop; None if no position to hold is known.

        Args:
            reaction: as described.
            last: the last command sent, (action,); None: none was sent.
            pose: the newest measured pose, (action,); None: not measured, old or refused.
            speeds: of command and pose, (action,) each; a joint that moves is not reversed.
        """
        bounds, start = self.bounds, last
        if start is None:
            start = self._start_without_command(pose)
        if start is None:
            return None
        held = np.clip(start, bounds.safe_low, bounds.safe_high)
        target = self._target(reaction, held, pose, speeds)
        if target is None:
            return None
        # where changes are limited, the way back within the limits of the pose takes its time, too
        start = held if bounds.slew_per_s is None else np.clip(start, bounds.low, bounds.high)
        ramps_s = self._ramps_s(reaction, start, target)
        at_once = np.zeros_like(bounds.is_position)
        if last is None or reaction.reaction == 'zero':
            at_once = ~bounds.is_position
            ramps_s[at_once & ((start == target) | (reaction.reaction == 'zero'))] = 0.0
        return StopMotion(start, target, ramps_s, at_once)

    def _start_without_command(self, pose: Command | None) -> Command | None:
        """Return where the robot is that was not commanded; None: a position is not known.

        Speeds and efforts of which none was commanded are 0.
        """
        bounds = self.bounds
        if not bounds.is_position.any():
            return bounds.zero
        if pose is None or not bounds.is_measured[bounds.is_position].all():
            return None
        return np.where(bounds.is_position, pose, bounds.zero)

    def _ramps_s(
        self, reaction: ReactionDescription, start: Command, target: Command
    ) -> Float64Array:
        """Return how long each ramp takes: as described, or as its topic's slew limits need."""
        ramps_s = np.full(len(start), reaction.ramp_s)
        slew = self.bounds.slew_per_s
        if slew is not None:
            needed_s = np.abs(target - start) / slew
            for part in self.bounds.parts:
                ramps_s[part] = max(reaction.ramp_s, needed_s[part].max())
        return ramps_s

    def _target(
        self,
        reaction: ReactionDescription,
        held: Command,
        pose: Command | None,
        speeds: Sequence[Command | None],
    ) -> Command | None:
        """Return the command at rest; `held` is the last command, within all bounds."""
        bounds = self.bounds
        if reaction.reaction == 'zero':
            safe = np.clip(bounds.zero, bounds.safe_low, bounds.safe_high)
            return np.where(bounds.is_position, safe, bounds.zero)
        if reaction.reaction == 'default_pose':
            return bounds.default
        if reaction.reaction == 'hold':
            return held
        stays = held if pose is None else self._towards(pose, held, reaction.ramp_s, speeds)
        return np.where(bounds.is_position, stays, bounds.zero)

    def _towards(
        self, pose: Command, held: Command, ramp_s: float, speeds: Sequence[Command | None]
    ) -> Command:
        """Return the measured pose, (action,), but for joints that would move back: `held`."""
        bounds = self.bounds
        measured = np.clip(pose, bounds.safe_low, bounds.safe_high)
        target = np.where(bounds.is_measured, measured, held)
        for speed in speeds:
            if speed is not None:
                way = np.abs(speed) * ramp_s
                is_reversed = (way > _MOVING * bounds.tolerance) & ((target - held) * speed < 0.0)
                target = np.where(is_reversed, held, target)
        return target
