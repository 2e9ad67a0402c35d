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

"""The task of a legged robot: walk forward at a target velocity."""

from dataclasses import dataclass
import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.errors import ConfigurationError
from rl_agent.tasks.task import Outcome, Parameters

MIN_TARGET_VELOCITY, MAX_TARGET_VELOCITY = 0.1, 2.0  # m/s


@dataclass(frozen=True)
class Walk(Parameters):
    """Walk forward at a target velocity v without turning; A Walk in the Park, arXiv:2208.07860.

    The reward is forward + yaw_rate, both after the step:

    - forward is 1 for a forward velocity in [v, 2 v], falls linearly with the distance to that
      interval, and is 0 up to -v and from 4 v on. Standing still gives 0.5.
    - yaw_rate is -yaw_rate_cost times the squared yaw rate.

    The reward lies in (-inf, 1]. The task terminates when |roll| or |pitch| exceeds
    `largest_tilt`.

    Needs the observation fields `gravity` (unit vector of gravity, (3,)), `angular_velocity`
    (rad/s, (3,)) and `linear_velocity` (m/s, (3,)), all in the trunk's frame.

    Attributes:
        target_velocity: v, m/s, MIN_TARGET_VELOCITY to MAX_TARGET_VELOCITY.
        yaw_rate_cost: s^2/rad^2, at least 0.
        largest_tilt: rad, above 0 and below pi / 2.
    """

    fields: ClassVar[tuple[str, ...]] = ('gravity', 'angular_velocity', 'linear_velocity')
    target_velocity: float = 0.5
    yaw_rate_cost: float = 0.1
    largest_tilt: float = math.radians(30.0)

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            ConfigurationError: one is out of range.
        """
        if not MIN_TARGET_VELOCITY <= self.target_velocity <= MAX_TARGET_VELOCITY:
            raise ConfigurationError(
                f'target_velocity: given {self.target_velocity}; accepted:'
                f' {MIN_TARGET_VELOCITY:g} to {MAX_TARGET_VELOCITY:g} m/s'
            )
        if not 0 <= self.yaw_rate_cost < math.inf:
            raise ConfigurationError(
                f'yaw_rate_cost: given {self.yaw_rate_cost}; accepted: 0 or more'
            )
        if not 0 < self.largest_tilt < math.pi / 2:
            raise ConfigurationError(
                f'largest_tilt: given {self.largest_tilt}; accepted: between 0 and pi / 2 rad'
            )

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step, see `Task.outcome`."""
        del observation, command
        roll, pitch = roll_and_pitch(next_observation['gravity'])
        yaw_rate = float(next_observation['angular_velocity'][2])
        parts = {
            'forward': forward_reward(
                float(next_observation['linear_velocity'][0]), self.target_velocity
            ),
            'yaw_rate': -self.yaw_rate_cost * yaw_rate**2,
        }
        return Outcome(parts, terminated=max(abs(roll), abs(pitch)) > self.largest_tilt)


def forward_reward(velocity: float, target: float) -> float:
    """Return the reward of a forward velocity, m/s, in [0, 1]; see `Walk`."""
    distance = max(target - velocity, velocity - 2 * target, 0.0)
    return max(0.0, 1.0 - distance / (2 * target))


def roll_and_pitch(gravity: NDArray[np.float64]) -> tuple[float, float]:
    """Return roll and pitch, rad, of a trunk from gravity in its frame, (3,)."""
    x, y, z = (float(value) for value in gravity)
    return math.atan2(-y, -z), math.atan2(x, math.hypot(y, z))
