# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The differential-drive robot in Gazebo 11: laser, odometry, driving, reset."""

import math
from typing import Any

from fleet import running
from gazebo_fixtures import HERE, StartWorld
from gazebo_models import GazeboDiffDrive
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.description.robot import load_robot
from rl_agent.ros_env import RosEnv
from scripted_driver import drive

PERIOD_S = 0.1
WALL_M, PILLAR_M = 2.25, 0.15  # distance of the walls from the centre; radius of a pillar


@pytest.fixture
def robot(start_world: StartWorld) -> GazeboDiffDrive:
    return GazeboDiffDrive(socket=str(start_world('diff_drive').socket))


def ranges(robot: GazeboDiffDrive) -> NDArray[np.floating[Any]]:
    return np.asarray(robot.sensors()['scan']['ranges'])


def test_the_laser_measures_walls_and_pillars(robot: GazeboDiffDrive) -> None:
    """Beam n points n degrees to the left of straight ahead."""
    robot.stand(0.0, 0.0, 0.0)
    measured = ranges(robot)
    assert len(measured) == 360
    assert measured[[0, 90, 180, 270]] == pytest.approx(WALL_M, abs=0.02)
    assert measured[[45, 135, 225, 315]] == pytest.approx(
        math.hypot(0.7, 0.7) - PILLAR_M, abs=0.02
    )
    robot.stand(-1.0, 0.0, math.pi / 2)  # facing +y
    measured = ranges(robot)
    assert measured[0] == pytest.approx(WALL_M, abs=0.02)
    assert measured[90] == pytest.approx(WALL_M - 1.0, abs=0.02)  # the west wall
    assert measured[270] == pytest.approx(WALL_M + 1.0, abs=0.02)


def test_ranges_beyond_the_scanner_are_infinite(robot: GazeboDiffDrive) -> None:
    robot.stand(-1.8, 0.0, 0.0)
    assert ranges(robot)[0] == math.inf  # 4.05 m; the scanner sees 3.5 m


@pytest.mark.parametrize(
    ('command', 'steps'), [((0.2, 0.0), 20), ((0.0, 1.0), 10), ((0.2, 0.5), 20)], ids=str
)
def test_it_drives_as_commanded(
    robot: GazeboDiffDrive, command: tuple[float, float], steps: int
) -> None:
    """Along an arc of a circle; wheels slip slightly, and speeds need some time."""
    robot.stand(0.0, 0.0, 0.0)
    for _ in range(steps):
        robot.step(np.array(command), PERIOD_S)
    speed, turning = command
    turned = turning * steps * PERIOD_S
    length = speed * steps * PERIOD_S
    bend = math.sin(turned / 2) / (turned / 2) if turned else 1.0
    expected = [length * bend * math.cos(turned / 2), length * bend * math.sin(turned / 2)]
    odometry = robot.sensors()['odom']
    position = np.asarray(odometry['pose.pose.position'])
    _, _, z, w = np.asarray(odometry['pose.pose.orientation'])
    print(f'{command}: at {position[:2]}, expected {expected}; turned {2 * math.atan2(z, w):.3f}')
    assert position[:2] == pytest.approx(expected, abs=0.02)
    assert 2 * math.atan2(z, w) == pytest.approx(turned, abs=0.06)
    assert np.asarray(odometry['twist.twist.linear'])[0] == pytest.approx(speed, abs=0.02)
    assert np.asarray(odometry['twist.twist.angular'])[2] == pytest.approx(turning, abs=0.06)


def test_a_scripted_driver_reaches_the_goal_over_ros(
    start_world: StartWorld, ros_environment: dict[str, str]
) -> None:
    """Topics, laser, reset and reward through RosEnv and `simulated_robot`."""
    world = start_world('diff_drive')
    robot = world.describe('diff_drive', 'GazeboDiffDrive')
    environment = {**ros_environment, 'PYTHONPATH': HERE}
    with running([simulated_robot(robot, 'robot_1', seed=4)], environment, world.folder):
        env = RosEnv(robot, 'robot_1', robot_timeout_s=60.0)
        try:
            starts = [drive_one_episode(env, robot) for _ in range(2)]
        finally:
            env.close()
    assert np.abs(starts[0] - starts[1]).max() > 1e-3, 'a reset draws a new starting pose'


def drive_one_episode(env: RosEnv, robot: str) -> NDArray[np.floating[Any]]:
    """Drive to the goal; check every reward; return where it began."""
    description = load_robot(robot)
    task = description.task.parameters
    goal = (task['goal_x_m'], task['goal_y_m'])
    observation, _ = env.reset()
    start = observation[24:28].copy()
    assert np.all(np.abs(start[:2] + 1.5) <= 0.32), 'about (-1.5, -1.5), and settled'
    assert np.hypot(*start[2:]) == pytest.approx(1.0, abs=1e-5)
    terminated = truncated = False
    total, steps, distance = 0.0, 0, math.dist(start[:2], goal)
    while not (terminated or truncated):
        observation, reward, terminated, truncated, info = env.step(drive(observation, goal))
        assert np.all((observation[:24] >= 0.12) & (observation[:24] <= 3.5))
        after = math.dist(observation[24:26], goal)
        parts = info['reward_parts']
        assert parts['progress'] == pytest.approx(10.0 * (distance - after), abs=1e-4)
        assert parts['time'] == -0.05
        assert reward == pytest.approx(sum(parts.values()))
        distance, total, steps = after, total + reward, steps + 1
    print(f'at the goal after {steps} steps ({steps / 10:.1f} s), return {total:.2f}')
    assert terminated
    assert distance < 0.2
    assert parts['goal'] == 20.0
    progress = math.dist(start[:2], goal) - distance
    assert total == pytest.approx(10.0 * progress - 0.05 * steps + 20.0, abs=1e-3)
    return start


def test_driving_into_a_pillar_ends_the_episode(
    start_world: StartWorld, ros_environment: dict[str, str]
) -> None:
    """Straight on at full speed, ignoring the laser."""
    world = start_world('diff_drive')
    robot = world.describe('diff_drive', 'GazeboDiffDrive')
    environment = {**ros_environment, 'PYTHONPATH': HERE}
    with running([simulated_robot(robot, 'robot_1', seed=1)], environment, world.folder):
        env = RosEnv(robot, 'robot_1', robot_timeout_s=60.0)
        try:
            env.reset()
            for _ in range(400):
                *_, terminated, truncated, info = env.step(np.array([1.0, 0.0], np.float32))
                if terminated or truncated:
                    break
        finally:
            env.close()
    assert terminated
    assert info['reward_parts']['collision'] == -20.0
    assert info['reward_parts']['goal'] == 0.0
