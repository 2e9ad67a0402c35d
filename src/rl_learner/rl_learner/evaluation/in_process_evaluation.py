# Copyright 2026 The rl_learner authors
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

"""Evaluates a policy on a simulated robot in this process."""

import threading

import numpy as np
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.simulation.in_process_robot import InProcessRobot


class InProcessEvaluation:
    """Deterministic episodes of policies, all from the same starting states."""

    def __init__(self, robot: RobotDescription, episodes: int, seed: int) -> None:
        """Simulate the robot.

        Args:
            robot: with a simulation.
            episodes: of one evaluation.
            seed: of the starting states.

        Raises:
            ConfigurationError: it cannot be simulated.
        """
        self._robot, self._episodes, self._seed = robot, episodes, seed

    def returns(
        self, parameters: PolicyParameters, stop: threading.Event
    ) -> list[tuple[float, int, bool]]:
        """Return return, steps and termination of each episode; fewer after `stop`."""
        simulated = InProcessRobot(self._robot, self._seed)
        env = RobotEnv(simulated, self._robot)
        policy, rng = Policy(parameters), np.random.default_rng(self._seed)
        found: list[tuple[float, int, bool]] = []
        for _ in range(self._episodes):
            observation, _ = env.reset()
            policy.reset(rng)
            total, steps, terminated, truncated = 0.0, 0, False, False
            while not (terminated or truncated):
                if stop.is_set():
                    return found
                action = policy.act(observation, rng, deterministic=True)
                observation, reward, terminated, truncated, _ = env.step(action)
                total, steps = total + reward, steps + 1
            found.append((total, steps, terminated))
        return found
