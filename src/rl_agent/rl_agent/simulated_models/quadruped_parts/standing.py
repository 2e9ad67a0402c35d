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

"""Motions by which the quadruped stands up from any pose, as hardware could."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.quadruped_parts.body import FOLDED, STANDING

_TARGET_PERIOD_S = 0.02  # between two targets of a move
_ROLL_ATTEMPTS = 6


@dataclass(frozen=True, eq=False)
class Move:
    """A linear motion of all joints.

    Attributes:
        target: final joint angles, rad, (12,).
        seconds: duration of the motion.
        rest_s: pause at the target.
    """

    target: Float64Array
    seconds: float
    rest_s: float


def _legs(right: Sequence[float], left: Sequence[float]) -> Float64Array:
    """Return joint angles with both right legs alike and both left legs alike."""
    return np.array([*right, *left] * 2)


FOLD = Move(FOLDED, 0.5, 0.3)
STAND = Move(STANDING, 1.0, 0.3)
# From the back or a side: the left legs reach over the back and push the trunk around. The numbers
# come from a search over such motions in simulation.
ROLL_OVER = (
    Move(_legs((0.24, 2.66, -2.6), (0.35, 4.05, -2.65)), 0.6, 0.2),
    Move(_legs((0.24, 2.66, -2.6), (-0.08, 4.05, -1.41)), 0.3, 0.4),
)


def stand_up(
    joints: Float64Array, is_level: Callable[[], bool], hold: Callable[[Float64Array, float], None]
) -> None:
    """Fold the legs, roll over until the trunk is level, and stretch the legs.

    Attempts to roll over alternate between the sides. The caller must check whether the robot
    stands: after the last attempt it stretches its legs in any case.

    Args:
        joints: current joint angles, rad, (12,).
        is_level: returns whether the trunk lies on its belly.
        hold: lets the motors pull towards joint angles, rad, (12,), for a time, s.
    """
    joints = _play(FOLD, joints, hold)
    for attempt in range(_ROLL_ATTEMPTS):
        if is_level():
            break
        for move in ROLL_OVER:
            joints = _play(_mirrored(move) if attempt % 2 else move, joints, hold)
        joints = _play(FOLD, joints, hold)
    _play(STAND, joints, hold)


def _mirrored(move: Move) -> Move:
    """Return the move with right and left exchanged."""
    legs = move.target.reshape(2, 2, 3)[:, ::-1] * np.array([-1.0, 1.0, 1.0])
    return replace(move, target=legs.reshape(12))


def _play(
    move: Move, start: Float64Array, hold: Callable[[Float64Array, float], None]
) -> Float64Array:
    """Make a move; return its target, where the next move begins."""
    count = round(move.seconds / _TARGET_PERIOD_S)
    for number in range(1, count + 1):
        hold(start + (move.target - start) * number / count, _TARGET_PERIOD_S)
    hold(move.target, move.rest_s)
    return move.target
