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

"""The goal of a task, wherever it is written: in parameters of the task or in the observation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

_FIELDS = ('goal', 'target')
_DEFAULT_RADIUS_M = 0.05


@dataclass(frozen=True)
class Goal:
    """A place that the robot should reach.

    Attributes:
        position_m: x, y and z.
        radius_m: it is reached within.
    """

    position_m: tuple[float, float, float]
    radius_m: float


def find_goal(
    parameters: Mapping[str, float], names: Sequence[str], observation: Sequence[float]
) -> Goal | None:
    """Return the goal, or None if the task has none that can be drawn.

    Args:
        parameters: of the task; `goal_x_m` and `goal_y_m`, perhaps `goal_z_m`, `goal_radius_m`.
        names: of the elements of an observation; `goal` or `target` with two or three numbers.
        observation: (observation,), in m.
    """
    radius_m = parameters.get('goal_radius_m', _DEFAULT_RADIUS_M)
    if 'goal_x_m' in parameters and 'goal_y_m' in parameters:
        place = [parameters['goal_x_m'], parameters['goal_y_m'], parameters.get('goal_z_m', 0.0)]
    else:
        place = _observed(names, observation)
    if len(place) not in (2, 3) or not all(map(math.isfinite, [*place, radius_m])):
        return None
    x_m, y_m, z_m = [*place, 0.0][:3]
    return Goal((x_m, y_m, z_m), radius_m)


def _observed(names: Sequence[str], observation: Sequence[float]) -> list[float]:
    """Return the newest numbers of a field that names the goal; empty: there is none."""
    for field in _FIELDS:
        place = [
            float(value)
            for name, value in zip(names, observation, strict=True)
            if name.startswith(f'{field}/') and '@' not in name
        ]
        if place:
            return place
    return []
