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

"""The arm obeys mechanics, and `reach` rewards as its formula says."""

import math

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.simulated_models import arm, make_model
from rl_agent.simulated_models.arm import Arm
from rl_agent.tasks.reach import Reach

STEP_S = 0.001


def make(position: tuple[float, float], velocity: tuple[float, float] = (0.0, 0.0)) -> Arm:
    model = Arm()
    model.position, model.velocity = np.array(position), np.array(velocity)
    return model


def inertia(elbow: float) -> NDArray[np.float64]:
    """Return the mass matrix of two uniform rods of 0.5 m and 1 kg, kg m^2.

    By the parallel-axis theorem: about its end a rod has 1/12, and the second rod's centre is
    sqrt(1/4 + 1/16 + cos/4) m from the shoulder.
    """
    second = 1.0 / 12.0
    mixed = second + 0.125 * math.cos(elbow)
    whole = 1.0 / 12.0 + 1.0 / 48.0 + (0.25 + 0.0625 + 0.25 * math.cos(elbow))
    return np.array([[whole, mixed], [mixed, second]])


@pytest.fixture
def frictionless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the damping."""
    monkeypatch.setattr(arm, 'DAMPING', 0.0)


@pytest.mark.usefixtures('frictionless')
@pytest.mark.parametrize('velocity', [(1.0, -2.0), (-0.5, 3.0), (2.0, 0.0)])
def test_energy_and_angular_momentum_are_conserved(velocity: tuple[float, float]) -> None:
    model = make((0.3, 1.1), velocity)

    def conserved() -> tuple[float, float]:
        momentum = inertia(float(model.position[1])) @ model.velocity
        return float(momentum @ model.velocity) / 2.0, float(momentum[0])

    before = conserved()
    for _ in range(1000):
        model.step(np.zeros(2), STEP_S)
    assert conserved() == pytest.approx(before, rel=0.01)


def test_the_stretched_arm_is_one_rod() -> None:
    """1 N m on 2/3 kg m^2 (2 kg over 1 m) without damping, the elbow held by its effort."""
    model = make((0.0, 0.0))
    # M a = effort for a = (1.5, 0): the elbow needs M21 * 1.5
    effort = np.array([1.0, 1.5 * (1.0 / 12.0 + 0.125)])
    model.step(effort, STEP_S)
    assert model.velocity.tolist() == pytest.approx([1.5 * STEP_S, 0.0], abs=1e-12)


def test_damping_stops_the_arm() -> None:
    model = make((0.0, 1.0), (3.0, -3.0))
    for _ in range(100):
        model.step(np.zeros(2), 0.05)
    assert np.abs(model.velocity).max() < 1e-4


def test_efforts_are_limited() -> None:
    model = make((0.0, 0.0))
    model.step(np.array([100.0, -100.0]), 0.05)
    assert model.effort.tolist() == [6.0, -3.0]


@pytest.mark.parametrize(
    ('position', 'hand'),
    [((0.0, 0.0), (1.0, 0.0)), ((math.pi / 2, 0.0), (0.0, 1.0)), ((0.0, math.pi / 2), (0.5, 0.5))],
)
def test_position_of_the_hand(position: tuple[float, float], hand: tuple[float, float]) -> None:
    model = make(position)
    assert model.sensors()['hand']['point'].tolist() == pytest.approx([*hand, 0.0], abs=1e-12)


def test_resets_put_the_target_within_reach() -> None:
    model, rng = Arm(), np.random.default_rng(0)
    starts, targets = [], []
    for _ in range(300):
        model.reset(rng)
        assert model.velocity.tolist() == [0.0, 0.0]
        starts.append(model.position)
        targets.append(model.sensors()['target']['point'])
    distance = np.linalg.norm(targets, axis=1)
    angle = np.arctan2(*np.transpose(targets)[1::-1])
    assert 0.4 <= distance.min() < 0.45
    assert 0.85 < distance.max() <= 0.9
    assert -1.2 <= angle.min() < -1.1
    assert 1.1 < angle.max() <= 1.2
    assert np.abs(np.array(starts) - [-0.75, 1.5]).max() <= 0.3


def test_reaching_by_hand() -> None:
    before = {'hand': np.array([9.0, 9.0]), 'target': np.zeros(2)}  # does not matter
    after = {'hand': np.array([0.3, 0.1]), 'target': np.array([0.0, 0.5])}
    outcome = Reach().outcome(before, np.array([2.0, -1.0]), after)
    assert outcome.parts == pytest.approx({'distance': -5.0, 'effort': -0.1})
    assert not outcome.terminated
    cheap = Reach(distance_cost=1.0, effort_cost=0.0).outcome(before, np.array([2.0, 0.0]), after)
    assert cheap.reward == pytest.approx(-0.5)


def test_the_arm_is_found_by_name() -> None:
    assert isinstance(make_model('arm'), Arm)
