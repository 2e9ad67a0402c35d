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

"""The arm with a peg: kinematics, contact, and a task that chance hardly solves."""

import numpy as np
from numpy.typing import NDArray
import pytest

pytest.importorskip('mujoco', reason='mujoco is not installed')
from rl_agent.description.robot import load_robot
from rl_agent.simulated_models.peg_arm import (
    CLEARANCE_M,
    DEPTH_M,
    joint_angles,
    MAX_SPEED,
    PegArm,
    REACH_HIGH_M,
    REACH_LOW_M,
    START_HIGH_M,
    START_LOW_M,
)
from rl_agent.simulation.in_process_robot import InProcessRobot

LEAD_M = 0.008  # of the planned point before the tool, in contact
DOWN, STILL = np.array([0.0, 0.0, -MAX_SPEED]), np.zeros(3)


def run(arm: PegArm, command: NDArray[np.float64], steps: int) -> None:
    for _ in range(steps):
        arm.step(command, 0.1)


@pytest.mark.parametrize('corner', [START_LOW_M, START_HIGH_M, (0.0, 0.0, 0.05)])
def test_the_peg_is_where_it_is_placed_and_upright(corner: tuple[float, float, float]) -> None:
    arm = PegArm()
    arm.place(np.array(corner))
    np.testing.assert_allclose(arm.tip, corner, atol=1e-9)
    axes = arm.data.site_xmat[arm.model.site('tip').id].reshape(3, 3)
    np.testing.assert_allclose(axes, np.diag([-1.0, 1.0, -1.0]), atol=1e-9)
    run(arm, STILL, 10)
    np.testing.assert_allclose(arm.tip, corner, atol=5e-4)


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_the_tool_moves_with_the_commanded_velocity(axis: int, sign: float) -> None:
    arm = PegArm()
    arm.place(np.array([0.0, 0.0, 0.07]))
    command = np.zeros(3)
    command[axis] = sign * 0.05
    run(arm, command, 6)  # 3 cm
    moved = arm.tip - [0.0, 0.0, 0.07]
    assert moved[axis] == pytest.approx(sign * 0.03, abs=0.003)
    assert np.abs(np.delete(moved, axis)).max() < 0.001


def test_over_the_hole_it_goes_in_and_the_switch_closes() -> None:
    arm = PegArm()
    arm.place(np.array([0.0, 0.0, 0.03]))
    assert arm.sensors()['peg_seated']['data'].tolist() == [0.0]
    run(arm, DOWN, 8)
    assert arm.tip[2] == pytest.approx(-DEPTH_M, abs=0.002)
    assert arm.is_seated
    assert arm.sensors()['peg_seated']['data'].tolist() == [1.0]


@pytest.mark.parametrize('off', [CLEARANCE_M + 0.003, 0.012, 0.04])
def test_beside_the_hole_the_block_stops_it(off: float) -> None:
    arm = PegArm()
    arm.place(np.array([off, 0.0, 0.03]))
    run(arm, DOWN, 15)
    assert arm.tip[2] > -0.003
    assert not arm.is_seated


def test_the_tool_stays_in_its_cell_and_the_joints_in_their_ranges() -> None:
    arm, random = PegArm(), np.random.default_rng(0)
    low, high = arm.model.jnt_range.T
    for _ in range(20):
        command = random.choice([-MAX_SPEED, MAX_SPEED], 3)
        run(arm, command, 30)
        assert (arm.tip > np.array(REACH_LOW_M) - LEAD_M).all()
        assert (arm.tip < np.array(REACH_HIGH_M) + LEAD_M).all()
        assert ((arm.position >= low) & (arm.position <= high)).all()
        assert np.isfinite(arm.effort).all()


def test_joint_angles_lie_on_the_arm() -> None:
    for tip in np.random.default_rng(1).uniform((0.25, -0.1, 0.05), (0.45, 0.1, 0.2), (20, 3)):
        arm = PegArm()
        arm.data.qpos[:] = joint_angles(tip)
        arm.place(tip - arm.model.body('block').pos)
        np.testing.assert_allclose(arm.tip + arm.model.body('block').pos, tip, atol=1e-9)


def test_chance_hardly_solves_the_task() -> None:
    """Of 500 episodes of uniform, of jumping and of smooth noise: 0, 1 and 2 succeeded."""
    robot = InProcessRobot(load_robot('peg'), seed=3)
    random, seated = np.random.default_rng(2), 0
    for _ in range(40):
        robot.reset()
        for _ in range(100):
            values = robot.apply(random.uniform(-0.1, 0.1, 3)).values
            if values['success'][0] >= 0.5:
                seated += 1
                break
    assert seated <= 1
