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

"""A simulated robot's body and clock; time passes only when a command is executed."""

import numpy as np
from numpy.typing import NDArray
from rl_agent.simulated_models.model import SimulatedModel


class SimulatedRobot:
    """A model with a clock.

    Attributes:
        model: the body.
        executed_steps: number of commands executed.
        resets: number of resets.
    """

    def __init__(self, model: SimulatedModel, rate_hz: float, seed: int) -> None:
        """Begin in a random starting state at time 0.

        Args:
            model: the body.
            rate_hz: control steps per simulated second.
            seed: seed of the starting states.
        """
        self.model = model
        self._period_s = 1.0 / rate_hz
        self.executed_steps = 0
        self.resets = 0
        self.seed(seed)
        model.reset(self._rng)

    @property
    def stamp_ns(self) -> int:
        """Simulated time; a reset takes one period, too, so that no two states share a stamp."""
        return round((self.executed_steps + self.resets) * self._period_s * 1e9)

    def seed(self, seed: int) -> None:
        """Seed the starting states from the next reset on."""
        self._rng = np.random.default_rng(seed)

    def reset(self) -> None:
        """Draw a starting state."""
        self.model.reset(self._rng)
        self.resets += 1

    def step(self, command: NDArray[np.float64]) -> None:
        """Execute a command, (joint,), for one control period."""
        self.model.step(command, self._period_s)
        self.executed_steps += 1
