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

# mypy: disable-error-code="no-untyped-def"
"""The simulated quadruped: its sizes, motors, sensors, falls and faults."""

import math

import numpy as np
import pytest

pytest.importorskip('mujoco', reason='mujoco is not installed: pip install mujoco')
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.simulated_models import quadruped
from rl_agent.simulated_models.quadruped import Quadruped
from rl_agent.simulated_models.quadruped_parts.body import JOINTS, LEGS, QuadrupedBody, STANDING

PERIOD_S = 0.05
WEIGHT_N = 12.0 * 9.81


@pytest.fixture(scope='module')
def body():
    return QuadrupedBody()


@pytest.fixture
def robot():
    return Quadruped()


def lay(robot, quaternion):
    """Drop the robot from just above the ground in an attitude w, x, y, z."""
    data = robot.body.data
    data.qpos[:7] = 0.3, -0.2, 0.4, *quaternion
    data.qvel[:] = 0.0
    for _ in range(20):
        robot.step(STANDING, PERIOD_S)


def test_masses_and_sizes(body):
    model = body.model
    assert model.body_subtreemass[model.body('trunk').id] == pytest.approx(12.0)
    masses = {'trunk': 4.8, 'rear_left_hip': 0.65, 'rear_left_thigh': 0.95, 'rear_left_calf': 0.2}
    for name, mass in masses.items():
        assert model.body(name).mass[0] == pytest.approx(mass)
    for leg in LEGS:
        assert model.body(f'{leg}_calf').pos == pytest.approx([0, 0, -0.2])
        assert model.geom(f'{leg}_foot').pos == pytest.approx([0, 0, -0.2])
        side = 1 if leg.endswith('left') else -1
        front = 1 if leg.startswith('front') else -1
        assert model.body(f'{leg}_hip').pos == pytest.approx([0.18 * front, 0.05 * side, 0])
        assert model.body(f'{leg}_thigh').pos == pytest.approx([0, 0.08 * side, 0])
        assert np.ravel(model.joint(f'{leg}_hip').axis) == pytest.approx([1, 0, 0])
        assert np.ravel(model.joint(f'{leg}_calf').axis) == pytest.approx([0, 1, 0])


def test_joints_and_motors_have_the_same_order(body):
    model = body.model
    assert [model.joint(index + 1).name for index in range(12)] == list(JOINTS)
    assert [model.actuator(index).name for index in range(12)] == list(JOINTS)
    assert model.actuator_forcerange == pytest.approx(np.array([[-33.5, 33.5]] * 12))


def test_motors_hold_it_standing_still(robot):
    for _ in range(100):
        robot.step(STANDING, PERIOD_S)
    sensors = robot.reading
    assert sensors.joint_position == pytest.approx(STANDING, abs=0.15)
    assert np.abs(sensors.joint_velocity).max() < 0.05
    assert sensors.orientation == pytest.approx([0, 0, 0, 1], abs=0.02)
    assert np.linalg.norm(sensors.linear_velocity) < 0.01
    assert np.hypot(*sensors.position[:2]) < 0.1
    assert 0.2 < sensors.position[2] < 0.28
    assert sensors.linear_acceleration == pytest.approx([0, 0, 9.81], abs=0.3)
    assert sensors.foot_force.sum() == pytest.approx(WEIGHT_N, rel=0.05)
    assert sensors.foot_force.min() > 15
    assert robot.fault is None


@pytest.mark.parametrize('rate_hz', [20, 30, 60, 200, 300, 400, 500, 1000])
def test_a_step_lasts_one_control_period(robot, rate_hz):
    begun_s = robot.body.data.time
    for _ in range(10):
        robot.step(STANDING, 1.0 / rate_hz)
    assert robot.body.data.time - begun_s == pytest.approx(10.0 / rate_hz, rel=1e-6)
    assert robot.body.model.opt.timestep == pytest.approx(0.002, rel=0.51)


def test_a_seed_gives_the_same_start_after_any_rate(robot):
    robot.reset(np.random.default_rng(3))
    before = robot.body.data.qpos.copy()
    robot.step(STANDING, 1.0 / 30.0)
    robot.reset(np.random.default_rng(3))
    assert np.array_equal(robot.body.data.qpos, before)


def test_motors_apply_pd_control_up_to_their_limit(robot):
    data = robot.body.data
    data.qpos[2] = 2.0  # in the air
    robot.step(STANDING, 0.002)
    joints, speeds = data.qpos[7:].copy(), data.qvel[6:].copy()
    target = joints.copy()
    target[1] += 0.1
    robot.step(target, 0.002)
    assert robot.reading.joint_effort[1] == pytest.approx(60 * 0.1 - 2 * speeds[1], rel=0.02)
    robot.step(np.full(12, 4.0), 0.002)
    assert np.abs(robot.reading.joint_effort).max() == pytest.approx(33.5)


def test_commands_are_clipped_to_the_joint_limits(robot):
    for _ in range(20):
        robot.step(np.array([0.0, 0.9, 0.5] * 4), PERIOD_S)
    assert robot.reading.joint_position[2::3].max() < -0.85


def test_velocities_are_in_the_trunks_frame(robot):
    """At a yaw of 90 degrees the world's y is forward; REP-103."""
    data = robot.body.data
    data.qpos[:7] = 0, 0, 2.0, math.sqrt(0.5), 0, 0, math.sqrt(0.5)
    data.qvel[:] = 0
    data.qvel[1], data.qvel[5] = 1.5, 0.8
    robot.step(STANDING, 0.002)
    assert robot.reading.linear_velocity[:2] == pytest.approx([1.5, 0.0], abs=0.03)
    assert robot.reading.angular_velocity[2] == pytest.approx(0.8, abs=0.05)
    assert robot.reading.orientation == pytest.approx(
        [0, 0, math.sqrt(0.5), math.sqrt(0.5)], abs=0.01
    )


def test_a_robot_in_free_fall_senses_no_forces(robot):
    robot.body.data.qpos[2] = 3.0
    for _ in range(4):
        robot.step(STANDING, PERIOD_S)
    assert robot.reading.foot_force == pytest.approx(np.zeros(4))
    assert np.linalg.norm(robot.reading.linear_acceleration) < 2.0


@pytest.mark.parametrize('ranges', [RandomisationRanges(), RandomisationRanges(mass=(0.8, 1.2))])
def test_the_same_seed_gives_the_same_run(ranges):
    runs = []
    for seed in (3, 3, 4):
        robot, rng = Quadruped(), np.random.default_rng(seed)
        robot.randomise(ranges)
        robot.reset(rng)
        for _ in range(20):
            robot.step(STANDING + rng.uniform(-0.2, 0.2, 12), PERIOD_S)
        runs.append(robot.reading)
    assert (runs[0].joint_position == runs[1].joint_position).all()
    assert (runs[0].orientation == runs[1].orientation).all()
    assert (runs[0].joint_position != runs[2].joint_position).any()


@pytest.mark.parametrize('where', ['qpos', 'qvel'])
def test_numbers_that_are_not_finite_are_reported_as_a_fault(robot, where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    getattr(robot.body.data, where)[8] = math.nan
    robot.step(STANDING, PERIOD_S)
    assert robot.fault is not None
    assert 'exploded: positions or velocities that are not finite' in robot.fault
    assert robot.faults == 1
    assert not list(tmp_path.iterdir())  # MuJoCo would write a log
    for name in ('orientation', 'joint_position', 'linear_velocity', 'linear_acceleration'):
        assert np.isfinite(getattr(robot.reading, name)).all()
    assert robot.body.data.body('trunk').xmat[8] < -0.8  # on its back, where the task terminates
    robot.reset(np.random.default_rng(0))
    robot.step(STANDING, PERIOD_S)
    assert robot.fault is None
    assert robot.reading.position[2] > 0.2


def test_an_explosion_names_the_joint(robot):
    robot.body.data.qvel[6 + 4] = 1e5
    robot.step(STANDING, PERIOD_S)
    assert robot.fault is not None
    assert 'exploded' in robot.fault


def test_a_fall_during_reset_is_reported_and_the_robot_stands_in_the_end(robot, monkeypatch):
    """The first attempts are disturbed, as by a bad draw."""
    place = robot._place

    def disturbed(rng):
        place(rng)
        if robot.faults < 2:
            robot._lie_down()

    monkeypatch.setattr(robot, '_place', disturbed)
    robot.reset(np.random.default_rng(0))
    assert robot.fault is not None
    assert 'fell while it was placed' in robot.fault
    assert robot.faults == 2
    assert robot._stands()


ATTITUDES = {
    'on its feet': (1, 0, 0, 0),
    'on its back': (0, 1, 0, 0),
    'on its right side': (math.sqrt(0.5), math.sqrt(0.5), 0, 0),
    'on its left side': (math.sqrt(0.5), -math.sqrt(0.5), 0, 0),
    'on its nose': (math.sqrt(0.5), 0, math.sqrt(0.5), 0),
    'on its tail': (math.sqrt(0.5), 0, -math.sqrt(0.5), 0),
    'askew': (0.3, 0.8, 0.4, 0.33),
}


@pytest.mark.parametrize('attitude', ATTITUDES)
def test_it_stands_up_from_any_attitude_by_its_motors(attitude):
    robot = Quadruped(stand_up_by_motion=True)
    lay(robot, ATTITUDES[attitude])
    robot.reset(np.random.default_rng(0))
    assert robot.fault is None
    assert robot._stands()


def test_a_robot_that_cannot_stand_up_is_placed_on_its_feet(monkeypatch):
    robot = Quadruped(stand_up_by_motion=True)
    lay(robot, ATTITUDES['on its back'])
    monkeypatch.setattr(quadruped, 'stand_up', lambda joints, is_level, hold: hold(joints, 1.0))
    robot.reset(np.random.default_rng(0))
    assert robot.fault is not None
    assert 'fell while it stood up; it is placed' in robot.fault
    assert robot._stands()
