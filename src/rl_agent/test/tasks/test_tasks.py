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

"""Rewards equal their formulas, and Gymnasium's where it has the task."""

import math
from typing import Any

import gymnasium
import numpy as np
import pytest
from rl_agent.array_types import FieldValues
from rl_agent.errors import ConfigurationError
from rl_agent.tasks import find_task
from rl_agent.tasks.swing_up import SwingUp
from rl_agent.tasks.task import Outcome

ANYTHING: FieldValues = {}


def observe(angle: float, velocity: float) -> FieldValues:
    """Return the observation fields that the task needs."""
    return {
        'cos_angle': np.array([math.cos(angle)]),
        'sin_angle': np.array([math.sin(angle)]),
        'velocity': np.array([velocity]),
    }


@pytest.mark.parametrize(
    ('angle', 'velocity', 'effort', 'parts'),
    [
        (0.0, 0.0, 0.0, (0.0, 0.0, 0.0)),
        (0.5, 0.0, 0.0, (-0.25, 0.0, 0.0)),
        (-0.5, 0.0, 0.0, (-0.25, 0.0, 0.0)),
        (0.0, 2.0, 0.0, (0.0, -0.4, 0.0)),
        (0.0, 0.0, -2.0, (0.0, 0.0, -0.004)),
        (2.0, -3.0, 1.5, (-4.0, -0.9, -0.00225)),
        (2.0 * math.pi + 0.1, 0.0, 0.0, (-0.01, 0.0, 0.0)),  # angles wrap
        (1.5 * math.pi, 0.0, 0.0, (-((math.pi / 2) ** 2), 0.0, 0.0)),
        (math.pi, 8.0, 2.0, (-(math.pi**2), -6.4, -0.004)),  # the worst possible
    ],
)
def test_swing_up_by_hand(
    angle: float, velocity: float, effort: float, parts: tuple[float, float, float]
) -> None:
    outcome = SwingUp().outcome(observe(angle, velocity), np.array([effort]), ANYTHING)
    expected = dict(zip(('angle', 'velocity', 'effort'), parts, strict=True))
    assert outcome.parts == pytest.approx(expected, abs=1e-12)
    assert outcome.reward == pytest.approx(sum(parts), abs=1e-12)
    assert outcome.terminated is False


def test_swing_up_equals_gymnasium() -> None:
    peer: Any = gymnasium.make('Pendulum-v1').unwrapped
    peer.reset(seed=0)
    random = np.random.default_rng(0)
    for _ in range(500):
        angle, velocity = random.uniform(-10.0, 10.0), random.uniform(-8.0, 8.0)
        effort = random.uniform(-2.0, 2.0, 1)
        peer.state = np.array([angle, velocity])
        _, expected, *_ = peer.step(effort)
        outcome = SwingUp().outcome(observe(angle, velocity), effort, ANYTHING)
        assert outcome.reward == pytest.approx(float(expected), abs=1e-12)


def test_swing_up_rewards_the_state_before_the_step() -> None:
    """As in Pendulum-v1; the state after the step does not matter."""
    before, command = observe(1.0, 0.0), np.zeros(1)
    outcomes = [SwingUp().outcome(before, command, observe(angle, 5.0)) for angle in (0.0, 3.0)]
    assert [outcome.reward for outcome in outcomes] == pytest.approx([-1.0, -1.0])


def test_swing_up_uses_its_parameters() -> None:
    task = SwingUp(velocity_cost=0.5, effort_cost=0.25)
    outcome = task.outcome(observe(0.0, 2.0), np.array([2.0]), ANYTHING)
    assert outcome.parts == pytest.approx({'angle': 0.0, 'velocity': -2.0, 'effort': -1.0})


def test_a_description_may_set_the_parameters() -> None:
    assert SwingUp.parameter_names() == {'velocity_cost', 'effort_cost'}


def test_parts_add_up_to_the_reward() -> None:
    assert Outcome({'one': 1.5, 'two': -4.0}, terminated=True).reward == -2.5
    assert Outcome({}, terminated=False).reward == 0.0


def test_tasks_are_found_by_name() -> None:
    assert find_task('swing_up') is SwingUp
    assert find_task('rl_agent.tasks.swing_up:SwingUp') is SwingUp


@pytest.mark.parametrize('name', ['swing_upp', 'task', 'rl_agent.tasks.swing_up:Swing', 'no:No'])
def test_an_unknown_task_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f'given {name!r}.*; accepted: .*swing_up'):
        find_task(name)
