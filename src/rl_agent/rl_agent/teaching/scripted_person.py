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

"""A scripted person at a joystick: brings a tool over a hole and down, late and imperfectly."""

from collections import deque
from dataclasses import dataclass
import math

import numpy as np
from rl_agent.array_types import Float64Array

_HOVER_M, _BOTTOM_M = (
    0.012,
    -0.035,
)  # heights that the person aims at: over the hole, beyond its bottom
_OVER_HOLE_M = 0.0015  # off the axis at most, to go down
_IN_HOLE_M = -0.001  # height from which on the peg is in the hole
_FULL_SPEED = 0.1  # m/s, of the tool at an axis of 1
_GAIN = 1.5  # 1/s
_TREMOR = 0.04  # standard deviation of an axis
_NOTCHES = 32  # of an axis, from 0 to 1
_MISS_CHANCE, _MISS_M, _MISS_STEPS = 0.15, 0.006, 20
_HESITATE_CHANCE, _HESITATE_STEPS = 0.02, 4
_JUMP_M = 0.03  # in one step: an episode has begun
# What makes the person take over, and let go. Who helps after one second interrupts a policy that
# is still finding the hole; it then learns little there, see docs/teach.md.
_PATIENCE_STEPS, _PROGRESS_M = 30, 0.004
_BACK_M, _BACK_HEIGHT_M = 0.004, 0.02


@dataclass(frozen=True)
class Stick:
    """What the person does with the joystick.

    Attributes:
        axes: of the tool's velocity along x, y and z, in [-1, 1], (3,).
        drives: whether the dead-man button is held.
    """

    axes: Float64Array
    drives: bool


class ScriptedPerson:
    """Watches the tool and moves the stick, some steps late.

    The person drives always, or only takes over: lets the policy try, takes over when the tool has
    come no closer for three seconds, and lets go when it is over the hole, so that the policy has
    to finish; where it does not, takes over again and finishes. A policy that succeeds is never
    interrupted.
    """

    def __init__(self, seed: int, delay_steps: int, *, takes_over: bool = False) -> None:
        """Be ready.

        Args:
            seed: of everything random.
            delay_steps: steps of the robot from seeing to acting.
            takes_over: drive only where the robot is stuck.
        """
        self._only_helps, self._random = takes_over, np.random.default_rng(seed)
        self._seen: deque[Float64Array] = deque(maxlen=delay_steps + 1)
        self._begin()

    def see(self, tip: Float64Array, *, may_drive: bool = True) -> Stick:
        """Return what the stick does after a step.

        Args:
            tip: the peg's lower end, from the hole's mouth, m, (3,).
            may_drive: False: an evaluation, which the person only watches.
        """
        if self._seen and float(np.abs(tip - self._seen[-1]).max()) > _JUMP_M:
            self._begin()
        self._seen.append(tip)
        seen = self._seen[0]
        drives = may_drive and (not self._only_helps or self._takes_over(seen))
        if not drives:
            return Stick(np.zeros(3), drives=False)
        return Stick(self._steer(seen), drives=True)

    def _begin(self) -> None:
        """Begin an episode."""
        self._seen.clear()
        self._aim = np.zeros(2)
        self._miss_steps = self._pause_steps = 0
        if self._random.random() < _MISS_CHANCE:
            angle = self._random.uniform(0.0, 2.0 * math.pi)
            self._aim = _MISS_M * np.array([math.cos(angle), math.sin(angle)])
            self._miss_steps = _MISS_STEPS
        self._closest_m, self._waited = math.inf, 0
        self._driven, self._helped = False, 0

    def _takes_over(self, tip: Float64Array) -> bool:
        """Return whether the person drives now."""
        off = math.hypot(tip[0], tip[1])
        distance = off + max(float(tip[2]), 0.0) + abs(min(float(tip[2]), 0.0) - _BOTTOM_M)
        if self._driven:
            is_back = off < _BACK_M and tip[2] < _BACK_HEIGHT_M and self._helped == 1
            self._driven = not is_back
            self._closest_m, self._waited = distance, 0
            return self._driven
        if distance < self._closest_m - _PROGRESS_M:
            self._closest_m, self._waited = distance, 0
        self._waited += 1
        if self._waited > _PATIENCE_STEPS:
            self._driven, self._helped = True, self._helped + 1
        return self._driven

    def _steer(self, tip: Float64Array) -> Float64Array:
        """Return the axes that bring the tool over the hole, then down, (3,)."""
        self._miss_steps -= 1
        if self._miss_steps == 0:
            self._aim = np.zeros(2)  # noticed
        if self._pause_steps:
            self._pause_steps -= 1
            return np.zeros(3)
        if self._random.random() < _HESITATE_CHANCE:
            self._pause_steps = _HESITATE_STEPS
        off = tip[:2] - self._aim
        height = _HOVER_M if tip[2] > _IN_HOLE_M and math.hypot(*off) > _OVER_HOLE_M else _BOTTOM_M
        wanted = _GAIN * np.array([-off[0], -off[1], height - tip[2]]) / _FULL_SPEED
        wanted += self._random.normal(0.0, _TREMOR, 3)
        axes: Float64Array = np.round(np.clip(wanted, -1.0, 1.0) * _NOTCHES) / _NOTCHES
        return axes
