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

"""An agent with robot, spool and policy store, shared by the tests of the agent."""

from collections.abc import Callable
import dataclasses
from typing import Any

import numpy as np
from pendulum_robot import describe, make_parameters, PendulumRobot
from rl_agent.array_types import Float32Array
from rl_agent.control.agent import Agent
from rl_agent.control.decision_rehearsal import DecisionRehearsal
from rl_agent.description.safety import SafetyDescription
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyParameters, split_parameters
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.teaching.takeover import Takeover
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Transition

TIMEOUT_S = 30.0


class Bench:
    """An agent with robot, spool and policy store; it is also the agent's listener.

    Attributes:
        rehearsal: rehearsal of the steps.
        after_step: step number, from 1, to a function to call after that step.
        after_episode: episode number, from 1, to a function to call after that episode.
        wanted: actions that the policy returned.
        results: results of the episodes.
    """

    def __init__(
        self,
        *,
        episode_steps: int = 10,
        robot: PendulumRobot | None = None,
        safety: SafetyDescription | None = None,
        takeover: Takeover | None = None,
        has_policy: bool = True,
        **options: Any,
    ) -> None:
        """Prepare an agent with policy 1, unless it has none."""
        safety = safety or SafetyDescription()
        description = dataclasses.replace(describe(episode_steps), safety=safety)
        self.robot = robot or PendulumRobot()
        self.spool = Spool(10_000)
        self.store = PolicyStore(Spaces(description))
        if has_policy:
            self.store.offer(make_parameters(1))
        env = RobotEnv(self.robot, description, takeover=takeover)
        self.agent = Agent(env, self.store, self.spool, self, **{'seed': 0, **options})
        self.rehearsal = DecisionRehearsal(env, self.agent)
        self.after_step: dict[int, Callable[[], object]] = {}
        self.after_episode: dict[int, Callable[[], object]] = {}
        self.wanted: list[Float32Array] = []
        self.results: list[EpisodeResult] = []

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Record a step."""
        del transition, info
        self.wanted.append(wanted)
        self.after_step.get(len(self.wanted), lambda: None)()

    def on_episode(self, result: EpisodeResult) -> None:
        """Record an episode."""
        self.results.append(result)
        self.after_episode.get(len(self.results), lambda: None)()

    def run(self) -> list[Transition]:
        """Run the agent to its end; return all transitions."""
        self.agent.run()
        batch = self.spool.next_batch(10_000)
        return list(batch.transitions) if batch else []


def mean_action(parameters: PolicyParameters, observation: Float32Array) -> list[float]:
    """Return tanh of the network's mean, computed independently in double precision."""
    parts = split_parameters(parameters.architecture, parameters.parameters.astype(np.float64))
    features = observation.astype(np.float64)
    for number in range(2):
        features = np.maximum(0, parts[f'weight_{number}'] @ features + parts[f'bias_{number}'])
    action: list[float] = np.tanh(parts['mean_weight'] @ features + parts['mean_bias']).tolist()
    return action


def is_mean_action(parameters: PolicyParameters, transition: Transition) -> bool:
    """Return whether the executed action is the policy's deterministic action."""
    expected = mean_action(parameters, transition.observation)
    return bool(np.abs(transition.action - expected).max() < 1e-5)
