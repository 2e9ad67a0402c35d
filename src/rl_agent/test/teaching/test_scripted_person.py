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

"""The scripted person succeeds, late and imperfectly, and helps only a robot that is stuck."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
import pytest

pytest.importorskip('mujoco', reason='mujoco is not installed')
from rl_agent.simulated_models.peg_arm import MAX_SPEED, PegArm
from rl_agent.teaching.scripted_person import ScriptedPerson

Policy = Callable[[NDArray[np.float64]], NDArray[np.float64]]
FINISHES = 4.0  # gain of a policy that solves the task


def episode(
    arm: PegArm, person: ScriptedPerson, policy: Policy, random: np.random.Generator
) -> tuple[bool, list[bool]]:
    """Return whether the peg was seated, and in which steps the person drove."""
    arm.reset(random)
    driven = []
    for _ in range(100):
        stick = person.see(arm.tip)
        driven.append(stick.drives)
        command = MAX_SPEED * stick.axes if stick.drives else policy(arm.tip)
        arm.step(command, 0.1)
        if arm.is_seated:
            return True, driven
    return False, driven


def good(tip: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go over the hole, then down."""
    height = 0.012 if tip[2] > -0.001 and np.hypot(*tip[:2]) > 0.0015 else -0.035
    wanted = FINISHES * np.array([-tip[0], -tip[1], height - tip[2]])
    return np.clip(wanted, -MAX_SPEED, MAX_SPEED)


def idle(tip: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.zeros(3)


@pytest.mark.parametrize('delay_steps', [0, 2, 4])
def test_demonstrations_succeed(delay_steps: int) -> None:
    arm, random = PegArm(), np.random.default_rng(1)
    person = ScriptedPerson(0, delay_steps)
    results = [episode(arm, person, idle, random) for _ in range(20)]
    assert sum(seated for seated, _ in results) >= 18
    assert all(all(driven) for _, driven in results)
    assert np.mean([len(driven) for _, driven in results]) > 25  # slower than a machine


def test_a_policy_that_succeeds_is_left_alone() -> None:
    arm, random = PegArm(), np.random.default_rng(2)
    person = ScriptedPerson(0, 2, takes_over=True)
    for _ in range(10):
        seated, driven = episode(arm, person, good, random)
        assert seated
        assert not any(driven)


def test_a_robot_that_is_stuck_is_helped_and_let_go() -> None:
    arm, random = PegArm(), np.random.default_rng(3)
    person = ScriptedPerson(0, 2, takes_over=True)
    results = [episode(arm, person, idle, random) for _ in range(20)]
    for _, driven in results:
        assert not any(driven[:30])
        assert any(driven)
        assert not all(driven[driven.index(True) :])
    assert sum(seated for seated, _ in results) >= 16  # although nobody else does anything


def test_an_evaluation_is_only_watched() -> None:
    person = ScriptedPerson(0, 0, takes_over=True)
    sticks = [person.see(np.array([0.05, 0.0, 0.05]), may_drive=False) for _ in range(60)]
    assert not any(stick.drives for stick in sticks)


def test_axes_are_those_of_a_stick() -> None:
    person = ScriptedPerson(0, 0)
    for tip in np.random.default_rng(0).uniform(-0.08, 0.12, (200, 3)):
        axes = person.see(tip).axes
        assert (np.abs(axes) <= 1.0).all()
        np.testing.assert_array_equal(axes * 32, np.round(axes * 32))
