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

"""The rehearsal of what the agent does between two commands, see `RehearsalSchedule`."""

import copy

import numpy as np
from rl_agent.array_checks import all_finite
from rl_agent.control.agent import Agent
from rl_agent.environment.robot import Reading
from rl_agent.environment.robot_env import RobotEnv


class DecisionRehearsal:
    """Computes a command from a reading as the next step will, without effect.

    It has its own copies of everything that a step changes: safety filter, observation history and
    random generator. Only the policy is shared, so that its weights are in the cache.
    """

    def __init__(self, env: RobotEnv, agent: Agent) -> None:
        """Copy everything that a step of this agent in this environment changes."""
        self._env, self._agent = env, agent
        self._filter, self._history = copy.deepcopy((env.filter, env.history))
        self._rng = np.random.default_rng(0)

    def walk(self, reading: Reading) -> None:
        """Act, filter, observe, reward and check limits, in the order of a step.

        A policy that fails, or whose action is not finite, stops the robot, latched.
        """
        policy, observation = self._agent.next_policy, self._agent.observation
        if policy is None or observation is None:
            return
        try:
            safe = self._filter.filter(policy.policy.rehearse(observation, self._rng))
        except Exception as error:  # whatever a policy does, the robot stops and the agent goes on
            self._env.monitor.stop_for_policy(f'rehearsal: {str(error) or type(error).__name__}')
            return
        spaces = self._env.spaces
        values = spaces.values(reading.values)
        frame = spaces.frame(values)
        if all_finite(frame):
            self._history.advance(safe.action, frame)
            self._env.task.outcome(values, safe.command, values)
            self._env.monitor.find_trip(reading)
