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

"""A pendulum in this process, and policies for it, shared by several tests."""

from collections.abc import Callable
import dataclasses

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.simulated_models.pendulum import Pendulum
from rl_agent.simulation.simulated_robot import SimulatedRobot


def describe(episode_steps: int = 200) -> RobotDescription:
    """Return the pendulum's description with episodes of this length."""
    return dataclasses.replace(load_robot('pendulum'), episode_steps=episode_steps)


class PendulumRobot:
    """The pendulum model as a `rl_agent.environment.robot.Robot`.

    Attributes:
        commands: every command received.
        resets: number of resets.
        model: the simulated model.
    """

    def __init__(self, seed: int = 0, start: tuple[float, float] | None = None) -> None:
        """Begin episodes at the given angle and velocity; None: at random ones."""
        self.model = Pendulum()
        self._robot = SimulatedRobot(self.model, 20.0, seed)
        self.commands: list[NDArray[np.float64]] = []
        self.resets = 0
        self._start = start

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Begin an episode."""
        self._robot.reset()
        self.resets += 1
        if self._start is not None:
            self.model.position, self.model.velocity = np.array(self._start).reshape(2, 1)
        return self.read()

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Execute a command."""
        self.commands.append(command)
        self._robot.step(command)
        return self.read()

    def read(self) -> Reading:
        """Return the current sensor values."""
        position, velocity = self.model.position, self.model.velocity
        values = {'cos_angle': position, 'sin_angle': position, 'velocity': velocity}
        return Reading(values, self._robot.stamp_ns)


def make_parameters(
    version: int = 1,
    *,
    seed: int = 1,
    session: str = 'learner',
    observation_size: int = 3,
    action_size: int = 1,
    fingerprint: str | None = None,
) -> PolicyParameters:
    """Return the parameters of a random policy for the pendulum."""
    architecture = PolicyArchitecture(observation_size, action_size, (8, 4))
    random = np.random.default_rng(seed)
    return PolicyParameters(
        architecture=architecture,
        parameters=random.normal(0.0, 0.4, architecture.num_parameters).astype(np.float32),
        version=version,
        fingerprint=Spaces(describe()).fingerprint if fingerprint is None else fingerprint,
        learner_session=session,
    )
