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

"""The pendulum moves as Gymnasium's Pendulum-v1 does."""

import math
from typing import Any

import gymnasium
import numpy as np
import pytest
from rl_agent.simulated_models.pendulum import Pendulum

PERIOD_S = 0.05  # of Pendulum-v1


@pytest.fixture
def peer() -> Any:
    """Return Pendulum-v1 without its time limit; its state is (angle, velocity), float64."""
    return gymnasium.make('Pendulum-v1').unwrapped


@pytest.mark.parametrize('seed', range(5))
def test_trajectories_equal_those_of_gymnasium(peer: Any, seed: int) -> None:
    """Efforts reach beyond the motor's limit, episodes beyond Pendulum-v1's 200 steps."""
    random = np.random.default_rng(seed)
    peer.reset(seed=seed)
    model = Pendulum()
    model.position, model.velocity = peer.state[:1].copy(), peer.state[1:].copy()
    for _ in range(300):
        effort = random.uniform(-3.0, 3.0, 1)
        peer.step(effort)
        model.step(effort, PERIOD_S)
        state = [float(model.position[0]), float(model.velocity[0])]
        np.testing.assert_allclose(state, peer.state, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize('seed', range(3))
def test_full_effort_reaches_the_velocity_limit_as_in_gymnasium(peer: Any, seed: int) -> None:
    """Pushing along the motion, the model meets the limit of 8 rad/s many times."""
    peer.reset(seed=seed)
    model = Pendulum()
    model.position, model.velocity = peer.state[:1].copy(), peer.state[1:].copy()
    at_limit = 0
    for _ in range(300):
        effort = np.array([math.copysign(2.0, float(model.velocity[0]))])
        peer.step(effort)
        model.step(effort, PERIOD_S)
        state = [float(model.position[0]), float(model.velocity[0])]
        # the angle grows to 100 rad, where rounding errors are 1e-14
        np.testing.assert_allclose(state, peer.state, rtol=1e-12, atol=1e-11)
        at_limit += abs(state[1]) == 8.0
    assert at_limit > 10


def test_one_step_by_hand() -> None:
    """Level (sin = 1), at rest, 0.5 N m: 15 + 1.5 rad/s^2, for 0.05 s."""
    model = Pendulum()
    model.position, model.velocity = np.array([math.pi / 2]), np.zeros(1)
    model.step(np.array([0.5]), PERIOD_S)
    assert float(model.velocity[0]) == pytest.approx(0.825, abs=1e-14)
    assert float(model.position[0]) == pytest.approx(math.pi / 2 + 0.04125, abs=1e-14)


@pytest.mark.parametrize(('wanted', 'applied'), [(5.0, 2.0), (-2.5, -2.0), (1.25, 1.25)])
def test_effort_is_the_applied_one(wanted: float, applied: float) -> None:
    model = Pendulum()
    model.step(np.array([wanted]), PERIOD_S)
    assert model.effort.tolist() == [applied]


def test_a_new_pendulum_hangs_at_rest() -> None:
    model = Pendulum()
    assert model.joint_names == ('pivot',)
    assert model.position.tolist() == [math.pi]
    assert model.velocity.tolist() == [0.0]
    assert model.effort.tolist() == [0.0]


def test_earlier_states_do_not_change() -> None:
    """A reading keeps the arrays, so a step must make new ones."""
    model = Pendulum()
    position, velocity = model.position, model.velocity
    model.step(np.array([2.0]), PERIOD_S)
    assert position.tolist() == [math.pi]
    assert velocity.tolist() == [0.0]
