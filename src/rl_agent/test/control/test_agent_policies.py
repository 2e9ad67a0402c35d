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

"""The policy that the agent uses, in exploration and in evaluations."""

import threading

from agent_bench import Bench, is_mean_action, TIMEOUT_S
import numpy as np
from pendulum_robot import describe, make_parameters
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.control.agent import Agent
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_store import PolicyStore


def test_it_waits_for_a_first_policy() -> None:
    bench = Bench()
    store = PolicyStore(Spaces(describe()))
    agent = Agent(
        RobotEnv(bench.robot, describe()), store, bench.spool, bench, seed=0, max_steps=5
    )
    thread = threading.Thread(target=agent.run)
    thread.start()
    assert agent.state == 'waiting for a policy'
    store.offer(make_parameters(3))
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert agent.steps == 5
    assert agent.policy is not None
    assert agent.policy.version == 3


def test_policies_are_swapped_between_steps() -> None:
    bench = Bench(episode_steps=10, max_steps=20)
    bench.after_step[3] = lambda: bench.store.offer(make_parameters(2, seed=2))
    bench.after_step[16] = lambda: bench.store.offer(make_parameters(3, seed=3))
    versions = [item.policy_version for item in bench.run()]
    assert versions == [1] * 3 + [2] * 13 + [3] * 4
    assert [item.policy_version for item in bench.results] == [2, 3]


@pytest.mark.parametrize('evaluations', [0, 1])
def test_the_policy_of_the_next_step_is_rehearsed(
    evaluations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is a new policy before its first step, but in an evaluation its own policy."""
    rehearsed: list[int] = []

    def rehearse(
        policy: Policy, observation: Float32Array, rng: np.random.Generator
    ) -> Float32Array:
        rehearsed.append(policy.parameters.version)
        return np.zeros(1, np.float32)

    monkeypatch.setattr(Policy, 'rehearse', rehearse)
    bench = Bench(episode_steps=10, max_steps=10)
    bench.agent.evaluate(evaluations)

    def offer_and_rehearse() -> None:
        bench.rehearsal.walk(bench.robot.read())
        bench.store.offer(make_parameters(2, seed=2))
        bench.rehearsal.walk(bench.robot.read())

    bench.after_step[4] = offer_and_rehearse
    versions = [item.policy_version for item in bench.run()]
    assert rehearsed == [versions[3], versions[4]] == ([1, 1] if evaluations else [1, 2])


def test_an_evaluation_is_deterministic() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    request = bench.agent.evaluate(2)
    transitions = bench.run()
    assert request.returns == [item.episode_return for item in bench.results[:2]]
    assert (request.policy_version, request.episodes_left) == (1, 0)
    parameters = make_parameters(1)
    assert [item.evaluation for item in transitions] == [True] * 20 + [False] * 20
    assert [item.evaluation for item in bench.results] == [True, True, False, False]
    assert all(is_mean_action(parameters, item) for item in transitions[:20])
    assert sum(is_mean_action(parameters, item) for item in transitions[20:]) < 3


def test_without_exploration_every_episode_is_deterministic() -> None:
    bench = Bench(episode_steps=10, max_steps=20, explore=False)
    bench.after_step[5] = lambda: bench.store.offer(make_parameters(2, seed=2))
    transitions = bench.run()
    assert all(item.evaluation for item in transitions)
    assert [item.policy_version for item in transitions] == [1] * 5 + [2] * 15
    for item in transitions:
        seed = item.policy_version
        assert is_mean_action(make_parameters(seed, seed=seed), item)


def test_exploration_and_limit_may_change_during_the_run() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    bench.after_step[5] = lambda: setattr(bench.agent, 'explore', False)
    bench.after_step[15] = lambda: setattr(bench.agent, 'max_steps', 20)
    transitions = bench.run()
    assert len(transitions) == 20
    deterministic = [is_mean_action(make_parameters(1), item) for item in transitions]
    assert not any(deterministic[:10])  # an episode ends as it began
    assert all(deterministic[10:])


def test_an_evaluation_counts_only_whole_episodes() -> None:
    """The episode under way stays what it is; the evaluation begins with the next."""
    bench = Bench(episode_steps=10, max_steps=50)
    bench.after_step[4] = lambda: bench.agent.evaluate(2)
    bench.run()
    assert [item.evaluation for item in bench.results] == [False, True, True, False, False]
    assert [item.steps for item in bench.results] == [10] * 5


def test_an_evaluation_keeps_its_first_policy() -> None:
    bench = Bench(episode_steps=10, max_steps=50)
    bench.after_step[4] = lambda: bench.agent.evaluate(2)
    bench.after_step[7] = lambda: bench.store.offer(make_parameters(2, seed=2))
    for step, version in ((12, 3), (20, 4), (26, 5)):
        bench.after_step[step] = lambda version=version: bench.store.offer(  # type: ignore[misc]
            make_parameters(version, seed=version)
        )
    versions = [item.policy_version for item in bench.run()]
    assert versions == [1] * 7 + [2] * 3 + [2] * 20 + [5] * 20


def test_a_cancelled_evaluation_ends_after_its_episode() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    bench.agent.evaluate(5)
    bench.after_step[13] = lambda: bench.agent.evaluate(0)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True, True, False, False]


def test_a_new_evaluation_during_an_old_one_has_all_its_episodes() -> None:
    """It begins with the next episode and with the newest policy."""
    bench = Bench(episode_steps=10, max_steps=50)
    bench.agent.evaluate(3)
    bench.after_step[12] = lambda: bench.store.offer(make_parameters(2, seed=2))
    bench.after_step[15] = lambda: bench.agent.evaluate(2)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True] * 4 + [False]
    assert [item.policy_version for item in bench.results] == [1, 1, 2, 2, 2]


def test_equal_seeds_explore_alike() -> None:
    def explore(seed: int) -> list[list[float]]:
        return [item.action.tolist() for item in Bench(max_steps=15, seed=seed).run()]

    assert explore(1) == explore(1)
    assert explore(1) != explore(2)
