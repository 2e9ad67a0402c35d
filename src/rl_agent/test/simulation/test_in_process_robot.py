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
"""A described robot without ROS: the same environment, driven by the model itself."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip('mujoco', reason='mujoco is not installed: pip install mujoco')
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.description.robot import load_robot, SimulationDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models import make_model
from rl_agent.simulated_models.quadruped_parts.body import STANDING
from rl_agent.simulation.in_process_robot import InProcessRobot


@pytest.fixture
def quadruped():
    return load_robot('quadruped')


def test_the_quadruped_stands_under_action_zero(quadruped):
    env = RobotEnv(InProcessRobot(quadruped, seed=1), quadruped)
    assert env.spaces.observation_size == 49
    env.reset()
    for _ in range(30):
        observation, reward, terminated, truncated, info = env.step(np.zeros(12, np.float32))
    assert info['command'] == pytest.approx(STANDING)
    values = dict(zip(env.spaces.observation_names, observation, strict=True))
    assert values['gravity/z'] == pytest.approx(-1.0, abs=0.01)
    assert values['linear_velocity/0'] == pytest.approx(0.0, abs=0.02)
    assert values['joint_angle/rear_left_thigh'] == pytest.approx(0.9, abs=0.1)
    assert [values[f'foot_contact/{leg}_foot'] for leg in ('front_right', 'rear_left')] == [1, 1]
    assert info['reward_parts']['forward'] == pytest.approx(0.5, abs=0.02)
    assert reward == pytest.approx(0.5, abs=0.02)
    assert not terminated
    assert not truncated


def test_an_episode_of_the_quadruped_lasts_20_seconds(quadruped):
    env = RobotEnv(InProcessRobot(quadruped, seed=1), quadruped)
    env.reset()
    ends = [env.step(np.zeros(12, np.float32))[2:4] for _ in range(400)]
    assert ends[:-1] == [(False, False)] * 399
    assert ends[-1] == (False, True)


def test_a_fall_ends_the_episode(quadruped):
    robot = InProcessRobot(quadruped, seed=1)
    env = RobotEnv(robot, quadruped)
    env.reset()
    assert not env.step(np.zeros(12, np.float32))[2]
    data = robot.simulated.model.body.data  # type: ignore[attr-defined]
    data.qpos[3:7] = np.cos(0.4), np.sin(0.4), 0.0, 0.0  # rolled to the left by 0.8 rad
    assert env.step(np.zeros(12, np.float32))[2]


def test_an_explosion_ends_the_episode_and_the_next_one_begins(quadruped):
    robot = InProcessRobot(quadruped, seed=1)
    env = RobotEnv(robot, quadruped)
    env.reset()
    robot.simulated.model.body.data.qpos[9] = np.nan  # type: ignore[attr-defined]
    observation, reward, terminated, _, _ = env.step(np.zeros(12, np.float32))
    assert terminated
    assert np.isfinite(observation).all()
    assert np.isfinite(reward)
    assert robot.simulated.model.faults == 1  # type: ignore[attr-defined]
    env.reset()
    assert not env.step(np.zeros(12, np.float32))[2]


def test_the_target_velocity_may_change_during_an_episode(quadruped):
    env = RobotEnv(InProcessRobot(quadruped, seed=1), quadruped)
    env.reset()
    assert env.task.target_velocity == 0.5  # type: ignore[attr-defined]
    env.change_task({'target_velocity': 1.5})
    assert env.task.target_velocity == 1.5  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match='target_velocity: given 5'):
        env.change_task({'target_velocity': 5.0})
    assert env.task.target_velocity == 1.5  # type: ignore[attr-defined]


def test_the_pendulum_needs_no_ros_either():
    pendulum = load_robot('pendulum')
    env = RobotEnv(InProcessRobot(pendulum, seed=1), pendulum)
    observation, _ = env.reset()
    assert np.hypot(*observation[:2]) == pytest.approx(1.0)


def test_joints_that_the_model_lacks(quadruped):
    action = dataclasses.replace(quadruped.action, joints=tuple('abcdefghijkl'))
    with pytest.raises(ConfigurationError, match=r'action\.joints: given a, b'):
        InProcessRobot(dataclasses.replace(quadruped, action=action), seed=1)


def test_a_field_without_a_sensor_in_the_model(quadruped):
    field = dataclasses.replace(quadruped.observation[0], field='linear_acceleration_covariance')
    changed = dataclasses.replace(quadruped, observation=(field, *quadruped.observation[1:]))
    with pytest.raises(ConfigurationError, match="'gravity': the model does not sense"):
        InProcessRobot(changed, seed=1)


def test_the_description_reaches_the_model(quadruped):
    simulation = SimulationDescription(
        'quadruped', {'stand_up_by_motion': True}, RandomisationRanges(mass=(1.3, 1.3))
    )
    robot = InProcessRobot(dataclasses.replace(quadruped, simulation=simulation), seed=1)
    body = robot.simulated.model.body  # type: ignore[attr-defined]
    assert body.model.body('trunk').mass[0] == pytest.approx(1.3 * 4.8)


@pytest.mark.parametrize(
    ('name', 'parameters', 'ranges', 'expected'),
    [
        ('quadruped', {'stand_up': True}, {}, "parameters: unknown for 'quadruped': stand_up"),
        ('quadruped', {'stand_up_by_motion': 1.0}, {}, r'stand_up_by_motion: given 1\.0'),
        ('pendulum', {'mass': 2.0}, {}, "unknown for 'pendulum': mass; accepted: none"),
        (
            'arm_camera',
            {},
            {'light': (0.5, 1.5), 'mass': (0.8, 1.2)},
            "mass: given for 'arm_camera', which does not vary in it; accepted: light,"
            ' colour_shift, camera_position_m, camera_angle_rad',
        ),
        ('quadruped', {}, {'light': (0.5, 1.5)}, "light: given for 'quadruped', which does not"),
        ('pendulum', {}, {'mass': (0.8, 1.2)}, "given for 'pendulum', which cannot vary"),
        ('quadrupede', {}, {}, "simulation.model: given 'quadrupede'.*quadruped"),
    ],
)
def test_invalid_simulation_sections_are_refused(name, parameters, ranges, expected):
    with pytest.raises(ConfigurationError, match=expected):
        make_model(name, parameters, RandomisationRanges(**ranges))
