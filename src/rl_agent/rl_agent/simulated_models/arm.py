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

"""An arm of two links on a table, with a target that moves at each reset.

Two uniform rods turn in the horizontal plane, where gravity has no effect. With the angles q1 (of
the first link) and q2 (of the second relative to the first), the manipulator equation is
M(q) a + c(q, v) = effort - damping v; Spong, Robot Modeling and Control, section 7.4.
"""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.model import SensorValues

LENGTH_M = 0.5  # of each link
MASS_KG = 1.0  # of each link
DAMPING = 2.0  # N m s/rad
MAX_EFFORT = np.array([6.0, 3.0])  # N m
MAX_VELOCITY = 10.0  # rad/s
HOME = np.array([-0.75, 1.5])  # rad: the hand is in front of the shoulder, the elbow bent
START_SPREAD_RAD = 0.3  # largest distance of the starting pose from home, per joint
TARGET_DISTANCE_M = (0.4, 0.9)  # from the shoulder
MAX_TARGET_ANGLE_RAD = 1.2  # to either side of the x axis
_MAX_SUBSTEP_S = 0.005

_INERTIA = MASS_KG * LENGTH_M**2 / 12.0  # of a link about its centre, kg m^2
_HALF_M = LENGTH_M / 2.0


class Arm:
    """Joints `shoulder` and `elbow`; at 0 the arm points along x, positive is counter-clockwise.

    Senses the positions of hand and target in the frame of its base. Integrated by semi-implicit
    Euler with steps of at most `_MAX_SUBSTEP_S`.
    """

    def __init__(self) -> None:
        """Start at rest, stretched out."""
        self.joint_names: tuple[str, ...] = ('shoulder', 'elbow')
        self.position: Float64Array = np.zeros(2)
        self.velocity: Float64Array = np.zeros(2)
        self.effort: Float64Array = np.zeros(2)
        self.target = np.array([TARGET_DISTANCE_M[0], 0.0, 0.0])

    @property
    def hand(self) -> NDArray[np.float64]:
        """Position of the hand: x, y, z, m, (3,)."""
        first, second = float(self.position[0]), float(self.position.sum())
        return np.array(
            [
                LENGTH_M * (math.cos(first) + math.cos(second)),
                LENGTH_M * (math.sin(first) + math.sin(second)),
                0.0,
            ]
        )

    def sensors(self) -> SensorValues:
        """Return the positions of hand and target."""
        return {'hand': {'point': self.hand}, 'target': {'point': self.target}}

    def reset(self, rng: np.random.Generator) -> None:
        """Start at rest near home; draw a target uniformly from a ring sector in front."""
        self.position = HOME + rng.uniform(-START_SPREAD_RAD, START_SPREAD_RAD, 2)
        self.velocity, self.effort = np.zeros(2), np.zeros(2)
        nearest_m, farthest_m = TARGET_DISTANCE_M
        radius = math.sqrt(rng.uniform(nearest_m**2, farthest_m**2))
        angle = rng.uniform(-MAX_TARGET_ANGLE_RAD, MAX_TARGET_ANGLE_RAD)
        self.target = np.array([radius * math.cos(angle), radius * math.sin(angle), 0.0])

    def step(self, command: Float64Array, period_s: float) -> None:
        """Apply efforts, N m, (2,), for one period."""
        self.effort = np.clip(command, -MAX_EFFORT, MAX_EFFORT)
        steps = math.ceil(period_s / _MAX_SUBSTEP_S)
        for _ in range(steps):
            acceleration = self._acceleration()
            velocity = self.velocity + acceleration * (period_s / steps)
            self.velocity = np.clip(velocity, -MAX_VELOCITY, MAX_VELOCITY)
            self.position = self.position + self.velocity * (period_s / steps)

    def _acceleration(self) -> Float64Array:
        """Return the joints' acceleration, rad/s^2, (2,)."""
        elbow = float(self.position[1])
        v1, v2 = self.velocity.tolist()
        coupling = MASS_KG * LENGTH_M * _HALF_M * math.cos(elbow)
        second = MASS_KG * _HALF_M**2 + _INERTIA
        mixed = second + coupling
        first = mixed + coupling + MASS_KG * (_HALF_M**2 + LENGTH_M**2) + _INERTIA
        swing = MASS_KG * LENGTH_M * _HALF_M * math.sin(elbow)
        torque1, torque2 = (self.effort - DAMPING * self.velocity).tolist()
        torque1 += swing * (2.0 * v1 + v2) * v2
        torque2 -= swing * v1 * v1
        determinant = first * second - mixed * mixed
        return np.array(
            [
                (second * torque1 - mixed * torque2) / determinant,
                (first * torque2 - mixed * torque1) / determinant,
            ]
        )
