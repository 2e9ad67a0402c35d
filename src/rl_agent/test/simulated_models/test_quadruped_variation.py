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
"""Randomisation of the quadruped: body, ground, delays, noise and pushes."""

import numpy as np
import pytest

pytest.importorskip('mujoco', reason='mujoco is not installed: pip install mujoco')
import mujoco
from rl_agent.description.randomisation import Draw, RandomisationRanges
from rl_agent.simulated_models.quadruped import Quadruped
from rl_agent.simulated_models.quadruped_parts.body import QuadrupedBody, STANDING

PERIOD_S = 0.05
EXTREME = RandomisationRanges(
    mass=(0.7, 1.3),
    link_size=(0.9, 1.1),
    friction=(0.4, 1.25),
    joint_damping=(0.5, 2.0),
    joint_armature=(0.5, 2.0),
    motor_p_gain=(0.7, 1.3),
    motor_d_gain=(0.7, 1.3),
    action_delay_s=(0.0, 0.06),
    observation_delay_s=(0.0, 0.06),
    observation_noise=(0.0, 1.0),
    terrain_height_m=(0.0, 0.05),
    push_speed_m_s=(0.0, 0.5),
    push_interval_s=(1.0, 3.0),
)


@pytest.fixture
def body():
    return QuadrupedBody()


def varied(**ranges):
    """Return a robot after a reset, with ranges of one value each."""
    robot = Quadruped()
    robot.randomise(RandomisationRanges(**{key: (x, x) for key, x in ranges.items()}))
    robot.reset(np.random.default_rng(0))
    return robot


def randomised(ranges):
    robot = Quadruped()
    robot.randomise(ranges)
    return robot


def test_masses(body):
    body.vary(Draw(1, {'mass/trunk': 1.5, 'mass/calf': 0.5}))
    assert body.model.body('trunk').mass[0] == pytest.approx(7.2)
    assert body.model.body('front_left_calf').mass[0] == pytest.approx(0.1)
    assert body.model.body('front_left_thigh').mass[0] == pytest.approx(0.95)
    assert body.model.body('trunk').inertia == pytest.approx(
        1.5 * np.array([20.3, 33.8, 43.6]) / 1000
    )
    assert body.model.body_subtreemass[1] == pytest.approx(12.0 + 2.4 - 0.4)


def test_link_sizes(body):
    body.vary(Draw(1, {'link_size/thigh': 1.1, 'link_size/calf': 0.9}))
    data = body.data
    data.qpos[7:] = [0, 0, -0.9] * 4
    mujoco.mj_kinematics(body.model, data)
    for leg in ('front_right', 'rear_left'):
        hip, knee, foot = (
            data.body(f'{leg}_thigh').xpos,
            data.body(f'{leg}_calf').xpos,
            data.geom(f'{leg}_foot').xpos,
        )
        assert np.linalg.norm(knee - hip) == pytest.approx(0.22)
        assert np.linalg.norm(foot - knee) == pytest.approx(0.18)
        assert data.site(f'{leg}_foot').xpos == pytest.approx(foot)


def test_joints_motors_and_friction(body):
    values = {'friction': 0.3, 'joint_damping': 2.0, 'joint_armature': 0.5}
    body.vary(Draw(1, {**values, 'motor_p_gain': 0.5, 'motor_d_gain': 3.0}))
    model = body.model
    assert model.geom('rear_right_foot').friction[0] == pytest.approx(0.3)
    assert model.dof_damping[6:] == pytest.approx(np.full(12, 0.6))
    assert model.dof_armature[6:] == pytest.approx(np.full(12, 0.005))
    assert model.dof_damping[:6] == pytest.approx(np.zeros(6))
    assert model.actuator_gainprm[:, 0] == pytest.approx(np.full(12, 30.0))
    assert model.actuator_biasprm[:, 1] == pytest.approx(np.full(12, -30.0))
    assert model.actuator_biasprm[:, 2] == pytest.approx(np.full(12, -6.0))


def test_no_trace_of_an_earlier_draw_remains(body):
    """Every array of the model has its nominal value after an empty draw."""
    names = [name for name in dir(body.model) if isinstance(getattr(body.model, name), np.ndarray)]
    before = {name: getattr(body.model, name).copy() for name in names}
    body.vary()
    robot = randomised(EXTREME)
    robot.reset(np.random.default_rng(5))
    body.vary(robot.draw)
    assert any((before[name] != getattr(body.model, name)).any() for name in names)
    body.vary()
    for name in set(names) - {'hfield_data'}:  # of the terrain, which is hidden 100 m below
        assert getattr(body.model, name) == pytest.approx(before[name], rel=1e-6, abs=1e-9), name


def test_a_draw_does_not_move_the_robot(body):
    body.data.qpos[:] = np.linspace(0.1, 0.9, len(body.data.qpos))
    before = body.data.qpos.copy()
    body.vary(Draw(1, {'mass/trunk': 1.5}))
    assert (body.data.qpos == before).all()


def test_terrain(body):
    body.vary(Draw(9, {'terrain_height_m': 0.04}))
    heights = body.model.hfield_data.copy()
    assert heights.min() == pytest.approx(0.0, abs=1e-6)
    assert heights.max() == pytest.approx(0.04)
    assert 0.005 < heights.std() < 0.02
    body.vary(Draw(9, {'terrain_height_m': 0.02}))
    assert body.model.hfield_data == pytest.approx(heights / 2, abs=1e-6)
    body.vary(Draw(10, {'terrain_height_m': 0.04}))
    assert (body.model.hfield_data != heights).any()


def test_feet_touch_the_terrain():
    robot = varied(terrain_height_m=0.05)
    for _ in range(20):
        robot.step(STANDING, PERIOD_S)
    assert robot.reading.foot_force.sum() == pytest.approx(12.0 * 9.81, rel=0.1)


@pytest.mark.parametrize('delay_s', [0.0, 0.012, 0.05, 0.12])
def test_action_delay(delay_s):
    """The motor torque responds exactly that much later, measured in steps of 2 ms."""
    robot = varied(action_delay_s=delay_s)
    before = robot.reading.joint_effort[1]
    raised = STANDING.copy()
    raised[1] += 0.2
    ticks = 0
    while abs(robot.reading.joint_effort[1] - before) < 3.0 and ticks < 100:
        robot.step(raised, 0.002)
        ticks += 1
    assert (ticks - 1) * 0.002 == pytest.approx(delay_s, abs=1e-9)


@pytest.mark.parametrize('delay_s', [0.004, 0.03, 0.05, 0.12])
def test_observation_delay(delay_s):
    """A delayed robot senses what one without delay sensed earlier by the delay."""
    late, prompt = varied(observation_delay_s=delay_s), varied()
    delay_steps = round(delay_s / 0.002)
    rng = np.random.default_rng(1)
    history = []
    for _ in range(10):
        command = STANDING + rng.uniform(-0.2, 0.2, 12)
        late.step(command, PERIOD_S)
        for _ in range(25):
            prompt.step(command, 0.002)
            history.append(prompt.reading.joint_position)
    expected = history[-1 - delay_steps]
    assert late.reading.joint_position == pytest.approx(expected, abs=1e-6)


def test_noise():
    robot = varied(observation_noise=1.0)
    errors = []
    for _ in range(300):
        robot.step(STANDING, PERIOD_S)
        errors.append(robot.reading.joint_velocity - robot.body.data.qvel[6:])
        assert np.linalg.norm(robot.reading.orientation) == pytest.approx(1.0)
    assert np.std(errors) == pytest.approx(0.2, rel=0.1)
    assert np.mean(errors) == pytest.approx(0.0, abs=0.02)


def test_pushes_have_their_interval_and_speed():
    robot = varied(push_speed_m_s=0.5, push_interval_s=0.5)
    data = robot.body.data
    data.qpos[2] = 10.0  # in the air only pushes change the horizontal speed
    data.qvel[:] = 0.0
    changes = []
    for _ in range(25):
        before = data.subtree_linvel[1, :2].copy()
        robot.step(STANDING, PERIOD_S)
        mujoco.mj_subtreeVel(robot.body.model, data)
        changes.append(np.linalg.norm(data.subtree_linvel[1, :2] - before))
    pushed = [tick + 1 for tick, change in enumerate(changes) if change > 0.05]
    assert pushed == [10, 20]
    assert changes[9] == pytest.approx(0.5, rel=0.01)


def test_the_same_seed_gives_the_same_varied_run():
    runs = []
    for _ in range(2):
        robot, rng = randomised(EXTREME), np.random.default_rng(11)
        for _ in range(3):
            robot.reset(rng)
            for _ in range(30):
                robot.step(STANDING + rng.uniform(-0.1, 0.1, 12), PERIOD_S)
        runs.append(robot)
    assert runs[0].draw == runs[1].draw
    assert (runs[0].reading.joint_position == runs[1].reading.joint_position).all()
    assert (runs[0].reading.linear_velocity == runs[1].reading.linear_velocity).all()


def test_every_episode_has_another_body():
    robot, rng = randomised(EXTREME), np.random.default_rng(0)
    seen = set()
    for _ in range(10):
        robot.reset(rng)
        seen.add(robot.draw.values['mass/trunk'])
        assert robot.body.model.body('trunk').mass[0] == pytest.approx(
            4.8 * robot.draw.values['mass/trunk']
        )
    assert len(seen) == 10


def test_extreme_bodies_stand():
    robot, rng = randomised(EXTREME), np.random.default_rng(2)
    for _ in range(30):
        robot.reset(rng)
        assert robot._stands()
    assert robot.faults == 0
