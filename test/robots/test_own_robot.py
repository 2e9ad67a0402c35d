# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A user's robot: a YAML file, a model and a task, without a line in these packages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fleet import Listener, running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.errors import RobotError
from rl_agent.ros_env import RosEnv
from std_srvs.srv import Trigger

WITHIN_S = 30.0
MODULE = '''
from dataclasses import dataclass
import math
from typing import ClassVar
import numpy as np
from rl_agent.tasks.task import Outcome, Parameters


class Rover:
    """Drives by Twist: metres and radians per second."""

    def __init__(self):
        self.joint_names = ('drive', 'turn')
        self.position, self.velocity, self.effort = np.zeros(2), np.zeros(2), np.zeros(2)
        self.x = self.yaw = 0.0

    def reset(self, rng):
        self.x, self.yaw = 0.0, 0.0

    def step(self, command, period_s):
        self.velocity = command
        self.x += command[0] * period_s
        self.yaw += command[1] * period_s

    def sensors(self):
        turn = np.array([0, 0, math.sin(self.yaw / 2), math.cos(self.yaw / 2)])
        return {
            'odom': {
                'pose.pose.position': np.array([self.x, 0, 0]),
                'pose.pose.orientation': turn,
                'twist.twist.linear.x': self.velocity[:1],
            },
            'scan': {'ranges': np.array([math.inf, 9 - self.x, math.nan, -math.inf])},
            'battery': {'data': np.array([0.5])},
        }


class Servo:
    """Two joints that move to their commands slowly."""

    def __init__(self):
        self.joint_names = ('pan', 'tilt')
        self.position, self.velocity, self.effort = np.zeros(2), np.zeros(2), np.zeros(2)

    def reset(self, rng):
        self.position = np.array([0.9, 0.9])

    def step(self, command, period_s):
        self.position = self.position + 0.5 * (command - self.position)


class Stuck(Servo):
    """The same with a tilt that something holds where it is."""

    def step(self, command, period_s):
        super().step(np.array([command[0], self.position[1]]), period_s)


@dataclass(frozen=True)
class Drive(Parameters):
    fields: ClassVar[tuple[str, ...]] = ('place',)
    goal_m: float = 1.0

    def outcome(self, observation, command, next_observation):
        place = float(next_observation['place'][0])
        return Outcome({'place': place}, terminated=place >= self.goal_m)


@dataclass(frozen=True)
class Look(Parameters):
    fields: ClassVar[tuple[str, ...]] = ()

    def outcome(self, observation, command, next_observation):
        return Outcome({}, terminated=False)
'''
ROVER = """
name: rover
rate_hz: 10
episode_steps: 100
previous_actions: 1
observation:
  - {name: place, topic: odom, type: nav_msgs/msg/Odometry, field: pose.pose.position.x,
     frame: odom, unit: m}
  - {name: angles, topic: odom, type: nav_msgs/msg/Odometry, field: pose.pose.orientation,
     size: 4, transform: roll_pitch_yaw, unit: rad}
  - {name: speed, topic: odom, type: nav_msgs/msg/Odometry, field: twist.twist.linear.x}
  - {name: scan, topic: scan, type: sensor_msgs/msg/LaserScan, field: ranges, indices: '0:4',
     bounds: [0.1, 8.5], clip: true, replace_nan: 8.5, unit: m}
  - {name: battery, topic: battery, type: std_msgs/msg/Float32, field: data}
action: {topic: cmd_vel, type: geometry_msgs/msg/Twist, fields: [linear.x, angular.z],
         unit: m/s rad/s, low: [-1, -2], high: [1, 2]}
task: {name: 'own_robots:Drive', parameters: {goal_m: 0.15}}
reset: {service: reset, service_type: std_srvs/srv/Empty}
simulation: {model: 'own_robots:Rover'}
"""
SERVO = """
name: servo
rate_hz: 10
episode_steps: 100
observation:
  - {name: where, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: [tilt, pan]}
action: {topic: targets, type: trajectory_msgs/msg/JointTrajectory, joints: [pan, tilt],
         unit: rad, low: [-1, -1], high: [1, 1], default: [0.5, -0.5]}
task: {name: 'own_robots:Look'}
reset:
  move_to_pose: {field: where, seconds: 0.5, tolerance: 0.01}
  person: true
simulation: {model: 'own_robots:Servo'}
"""
STUCK = SERVO.replace('own_robots:Servo', 'own_robots:Stuck').replace(
    'person: true', 'timeout_s: 1'
)


@pytest.fixture(scope='module')
def folder(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Run the robots from files outside the packages; return the folder of the files."""
    folder = tmp_path_factory.mktemp('own')
    (folder / 'own_robots.py').write_text(MODULE)
    texts = {'rover': ROVER, 'servo': SERVO, 'stuck': STUCK}
    for name, text in texts.items():
        (folder / f'{name}.yaml').write_text(text)
    specs = [simulated_robot(str(folder / f'{name}.yaml'), name) for name in texts]
    environment = {**ros_environment, 'PYTHONPATH': str(folder)}
    with pytest.MonkeyPatch.context() as patch, running(specs, environment, folder):
        patch.syspath_prepend(str(folder))
        yield folder


def test_a_rover_of_twists_and_scans(folder: Path) -> None:
    with RosEnv(str(folder / 'rover.yaml'), 'rover', robot_timeout_s=WITHIN_S) as env:
        observation, _ = env.reset()
        scan = [8.5, 8.5, 8.5, 0.1]  # no echo, out of bounds, invalid, too near
        expected = [0.0, 0.0, 0.0, 0.0, 0.0, *scan, 0.5, 0.0, 0.0]
        np.testing.assert_allclose(observation, expected, atol=1e-6)
        action = np.array([0.5, -0.25], np.float32)  # 0.5 m/s and -0.5 rad/s, for 0.1 s
        observation, reward, terminated, _, info = env.step(action)
        expected = [0.05, 0.0, 0.0, -0.05, 0.5, *scan, 0.5, 0.5, -0.25]
        np.testing.assert_allclose(observation, expected, atol=1e-6)
        assert info['command'].tolist() == [0.5, -0.5]
        assert reward == pytest.approx(0.05)
        assert not terminated
        env.step(np.ones(2, np.float32))
        assert env.step(np.ones(2, np.float32))[2]
        names = env.spaces.observation_names
        assert names[:4] == ('place', 'angles/roll', 'angles/pitch', 'angles/yaw')
        assert names[-2:] == ('previous_action/linear.x', 'previous_action/angular.z')


def test_an_episode_begins_at_a_pose_once_a_person_confirms(folder: Path) -> None:
    person = Listener({})
    client = person.node.create_client(Trigger, '/servo/rl_env/confirm_reset')
    with (
        RosEnv(str(folder / 'servo.yaml'), 'servo', robot_timeout_s=WITHIN_S) as env,
        ThreadPoolExecutor(1) as pool,
    ):
        person.until(client.service_is_ready, WITHIN_S, 'the service')
        answer = client.call_async(Trigger.Request())
        person.until(answer.done, WITHIN_S, 'an answer')
        assert not answer.result().success  # no reset is waiting for a person yet
        episode = pool.submit(env.reset)
        answers: list[bool] = []

        def confirmed() -> bool:
            future = client.call_async(Trigger.Request())
            person.until(future.done, WITHIN_S, 'an answer')
            answers.append(future.result().success)
            return answers[-1]

        person.until(confirmed, WITHIN_S, 'the pose')
        observation, _ = episode.result(WITHIN_S)
        np.testing.assert_allclose(observation, [-0.5, 0.5], atol=0.01)  # tilt, pan
    person.close()


def test_a_pose_out_of_reach_is_an_error(folder: Path) -> None:
    """The move is commanded, and the error says that the robot did not arrive."""
    with (
        RosEnv(str(folder / 'stuck.yaml'), 'stuck', robot_timeout_s=WITHIN_S) as env,
        pytest.raises(RobotError, match=r'reset: tilt is 1\.4 away from its pose 1 s after'),
    ):
        env.reset()
