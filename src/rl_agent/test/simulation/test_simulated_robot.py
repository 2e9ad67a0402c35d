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

"""A simulated robot and its clock advance only when a command is executed."""

import math

import numpy as np
import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models import make_model
from rl_agent.simulated_models.pendulum import Pendulum
from rl_agent.simulation.simulated_robot import SimulatedRobot

EFFORT = np.array([1.0])


def state(robot: SimulatedRobot) -> tuple[float, float]:
    return float(robot.model.position[0]), float(robot.model.velocity[0])


def test_each_step_and_reset_takes_one_period() -> None:
    """No two states share a stamp; the agent could mistake an old reading for a new one."""
    robot = SimulatedRobot(Pendulum(), rate_hz=20.0, seed=0)
    stamps = [robot.stamp_ns]
    for act in (robot.reset, lambda: robot.step(EFFORT), lambda: robot.step(EFFORT), robot.reset):
        act()
        stamps.append(robot.stamp_ns)
    assert stamps == [0, 50_000_000, 100_000_000, 150_000_000, 200_000_000]
    assert (robot.executed_steps, robot.resets) == (2, 2)


def test_stamps_do_not_drift() -> None:
    """A period of 1/30 s is not a whole number of nanoseconds; rounding errors must not add up."""
    robot = SimulatedRobot(Pendulum(), rate_hz=30.0, seed=0)
    for _ in range(3000):
        robot.step(EFFORT)
    assert robot.stamp_ns == 100_000_000_000


def test_a_step_lasts_one_period() -> None:
    """Half the period gives half the change of velocity."""
    changes = []
    for rate_hz in (20.0, 40.0):
        robot = SimulatedRobot(Pendulum(), rate_hz, seed=0)
        robot.model.position, robot.model.velocity = np.zeros(1), np.zeros(1)
        robot.step(EFFORT)
        changes.append(float(robot.model.velocity[0]))
    assert changes == pytest.approx([3.0 * 0.05, 3.0 * 0.025])


def test_a_reset_draws_a_starting_state() -> None:
    robot = SimulatedRobot(Pendulum(), 20.0, seed=0)
    starts = [state(robot)]
    for _ in range(200):
        robot.reset()
        starts.append(state(robot))
    angles, velocities = np.array(starts).T
    assert len(set(starts)) == len(starts)
    assert np.abs(angles).max() <= math.pi
    assert np.abs(velocities).max() <= 1.0
    # with a probability above 1 - 1e-9, 201 draws reach the outer tenths of both ranges
    assert angles.min() < -0.8 * math.pi
    assert angles.max() > 0.8 * math.pi
    assert velocities.min() < -0.8
    assert velocities.max() > 0.8


def test_equal_seeds_give_equal_episodes() -> None:
    def live(seed: int) -> list[tuple[float, float]]:
        robot = SimulatedRobot(Pendulum(), 20.0, seed)
        states = [state(robot)]
        for _ in range(3):
            robot.reset()
            robot.step(EFFORT)
            states.append(state(robot))
        return states

    assert live(4) == live(4)
    assert live(4) != live(5)


def test_models_are_made_by_name() -> None:
    assert isinstance(make_model('pendulum'), Pendulum)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"given 'pendulun' .*; accepted: .*pendulum"):
        make_model('pendulun')
