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

"""A rehearsal does the work of a step; `test_agent` shows that it has no effect on steps."""

import dataclasses

from agent_bench import Bench
import numpy as np
from pendulum_robot import make_parameters
import pytest
from rl_agent.description.limits import LimitDescription
from rl_agent.description.safety import SafetyDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.safety_monitor import SafetyMonitor
from rl_agent.policy.parameters import PolicyArchitecture, split_parameters
from rl_agent.policy.policy import Policy
from rl_agent.safety.limits import Trip


def test_before_the_first_step_there_is_nothing_to_rehearse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(Policy, 'rehearse')
    bench = Bench()
    bench.rehearsal.walk(bench.robot.read())


def test_a_reading_beyond_a_limit_is_found_but_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    safety = SafetyDescription(limits=(LimitDescription('too_fast', 'velocity', high=(100.0,)),))
    bench = Bench(safety=safety, episode_steps=5, max_steps=5)
    found: list[Trip | None] = []
    find_trip = SafetyMonitor.find_trip

    def note(monitor: SafetyMonitor, reading: Reading) -> Trip | None:
        found.append(find_trip(monitor, reading))
        return found[-1]

    def rehearse() -> None:
        values = {**bench.robot.read().values, 'velocity': np.array([101.0])}
        with monkeypatch.context() as patch:
            patch.setattr(SafetyMonitor, 'find_trip', note)
            bench.rehearsal.walk(Reading(values, 0))

    bench.after_step[2] = rehearse
    assert len(bench.run()) == 5  # a stop would have ended the episode
    assert [trip and trip.name for trip in found] == ['too_fast']


@pytest.mark.filterwarnings('ignore:overflow encountered', 'ignore:invalid value')
def test_an_action_that_is_not_finite_latches_a_stop() -> None:
    """The observation is far outside its bounds: inf - inf in the output."""
    bench = Bench(episode_steps=10, max_steps=10)
    architecture = PolicyArchitecture(3, 1, (2,), distribution='deterministic')
    parameters = np.zeros(architecture.num_parameters, np.float32)
    parts = split_parameters(architecture, parameters)
    parts['weight_0'][:, 2] = 1e20
    parts['mean_weight'][:] = (1.0, -1.0)
    good = make_parameters(2)
    bad = dataclasses.replace(good, architecture=architecture, parameters=parameters)

    def rehearse() -> None:
        assert bench.store.offer(bad)  # finite for every observation within bounds
        assert bench.agent.observation is not None
        bench.agent.observation[2] = 1e30
        bench.rehearsal.walk(bench.robot.read())

    bench.after_step[4] = rehearse
    bench.after_episode[1] = bench.agent.stop
    bench.run()
    state = bench.agent._env.state
    assert state.is_latched
    assert state.summary.startswith('policy_not_finite: rehearsal: action: given array([nan]')


def test_a_policy_that_fails_in_a_rehearsal_latches_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(episode_steps=5, max_steps=5)

    def fail(*_: object) -> None:
        raise MemoryError

    def rehearse() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Policy, 'rehearse', fail)
            bench.rehearsal.walk(bench.robot.read())

    bench.after_step[2] = rehearse
    bench.after_episode[1] = bench.agent.stop
    bench.run()
    assert bench.agent._env.state.summary.startswith('policy_not_finite: rehearsal: MemoryError')
