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

"""The measured pose of the robot, as far as it can be believed."""

import math

import numpy as np
from rl_agent.array_checks import all_true
from rl_agent.array_types import Command
from rl_agent.safety.command_bounds import CommandBounds

# The robot may be faster than its commands for a moment, when it catches up with them.
_SLEW_FACTOR = 2.0


class MeasuredPose:
    """Keeps the newest measured pose while it is young and believable.

    Refused is a pose that is not finite, beyond a described limit, beyond the action box by more
    than the tolerance, or further from the one accepted before than the robot can move: with a
    slew limit twice what the limit allows in that time, and the tolerance; without one half of the
    box, for angles at most half a turn. So neither a glitch nor a wrapped encoder becomes a pose.
    """

    def __init__(self, bounds: CommandBounds) -> None:
        """Know no pose yet."""
        self._bounds = bounds
        largest = 0.5 * (bounds.high - bounds.low)
        self._largest_jump = np.where(bounds.is_angle, np.minimum(largest, math.pi), largest)
        self.forget()

    def forget(self) -> None:
        """Know no pose, because the robot may have been moved meanwhile."""
        self._pose: Command | None = None
        self._speed: Command | None = None
        self._measured_s = self._accepted_s = -math.inf
        self._is_believed = False

    def update(self, pose: Command, measured_s: float) -> None:
        """Take a measured pose, (action,), received at a time on the steady clock."""
        if measured_s <= self._measured_s:
            return
        self._measured_s = measured_s
        bounds, last = self._bounds, self._pose
        # a comparison with NaN is false
        inside = (pose >= bounds.pose_low) & (pose <= bounds.pose_high)
        if not all_true(inside) or not (last is None or self._is_near(pose, last)):
            self._is_believed = False
            return
        if last is not None:
            self._speed = (pose - last) / (measured_s - self._accepted_s)
        self._pose, self._accepted_s = pose, measured_s
        self._is_believed = True  # last, because another thread may read

    def at(self, now_s: float) -> Command | None:
        """Return the newest pose, (action,); None if it was refused or is too old by now."""
        is_young = now_s - self._measured_s <= self._bounds.pose_max_age_s
        return self._pose if self._is_believed and is_young else None

    @property
    def speed(self) -> Command | None:
        """How fast the pose changed between the last two that were accepted; None: unknown."""
        return self._speed

    def _is_near(self, pose: Command, last: Command) -> bool:
        """Return whether the robot can have moved from one pose to the other."""
        largest = self._largest_jump
        if self._bounds.slew_per_s is not None:
            passed_s = self._measured_s - self._accepted_s
            largest = self._bounds.tolerance + (_SLEW_FACTOR * passed_s) * self._bounds.slew_per_s
        return all_true(np.abs(pose - last) <= largest)
