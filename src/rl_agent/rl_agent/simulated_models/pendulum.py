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

"""A pendulum that must be swung up: the physics of Gymnasium's Pendulum-v1."""

import math

import numpy as np
from rl_agent.array_types import Float64Array

GRAVITY = 10.0  # m/s^2, as in Pendulum-v1
MASS_KG = 1.0
LENGTH_M = 1.0
MAX_EFFORT = 2.0  # N m
MAX_VELOCITY = 8.0  # rad/s


class Pendulum:
    """A uniform rod on the joint `pivot`; position 0 is upright, positive is counter-clockwise.

    Integrated by semi-implicit Euler with one step per control period, 0.05 s in Pendulum-v1.
    """

    def __init__(self) -> None:
        """Start at rest, hanging down."""
        self.joint_names: tuple[str, ...] = ('pivot',)
        self.position: Float64Array = np.array([math.pi])
        self.velocity: Float64Array = np.zeros(1)
        self.effort: Float64Array = np.zeros(1)

    def reset(self, rng: np.random.Generator) -> None:
        """Draw an angle in [-pi, pi] and a velocity in [-1, 1] rad/s."""
        self.position = rng.uniform(-math.pi, math.pi, 1)
        self.velocity = rng.uniform(-1.0, 1.0, 1)
        self.effort = np.zeros(1)

    def step(self, command: Float64Array, period_s: float) -> None:
        """Apply an effort, N m, (1,), for one period."""
        self.effort = np.clip(command, -MAX_EFFORT, MAX_EFFORT)
        gravity = 3.0 * GRAVITY / (2.0 * LENGTH_M) * np.sin(self.position)
        motor = 3.0 / (MASS_KG * LENGTH_M**2) * self.effort
        velocity = self.velocity + (gravity + motor) * period_s
        self.velocity = np.clip(velocity, -MAX_VELOCITY, MAX_VELOCITY)
        self.position = self.position + self.velocity * period_s
