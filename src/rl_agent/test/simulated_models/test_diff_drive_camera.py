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

"""The mobile robot with a camera: how it drives, and where its goal is in the picture."""

import math

import numpy as np
import pytest
from rl_agent.array_types import Float64Array
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.description.robot import load_robot
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.simulated_models.diff_drive_camera import (
    CAMERA_TOPIC,
    COLOURS,
    DiffDriveCamera,
    TRACK_M,
    WHEEL_RADIUS_M,
)
from rl_agent.simulation.in_process_robot import InProcessRobot

PIXELS = 101
FOCAL_PIXELS = PIXELS / 2 / math.tan(math.radians(50.0))
CAMERA_M, RADIUS_M, HEIGHT_M = 0.2, 0.12, 0.5


def seen(robot: DiffDriveCamera) -> tuple[Float64Array, Float64Array]:
    """Return rows and columns of the goal's pixels, counted from the middle of the picture."""
    picture = robot.sensors()[CAMERA_TOPIC]['data'].astype(int)
    rows, columns = np.nonzero(picture[..., 0] - picture[..., 1] > 100)
    return rows + 0.5 - PIXELS / 2, columns + 0.5 - PIXELS / 2


def facing(goal: tuple[float, float]) -> DiffDriveCamera:
    """Return a robot at the origin with its goal somewhere."""
    robot = DiffDriveCamera(PIXELS)
    robot.goal = np.array([*goal, 0.0])
    return robot


@pytest.mark.parametrize('distance_m', [0.6, 1.0, 2.0])
def test_a_post_ahead_is_as_wide_and_high_as_a_pinhole_camera_shows_it(distance_m: float) -> None:
    rows, columns = seen(facing((distance_m, 0.0)))
    half_width = math.tan(math.asin(RADIUS_M / distance_m)) * FOCAL_PIXELS
    assert (-columns.min(), columns.max()) == pytest.approx((half_width, half_width), abs=1.0)
    near_m = distance_m - RADIUS_M
    lowest, highest = (
        CAMERA_M / near_m * FOCAL_PIXELS,
        (HEIGHT_M - CAMERA_M) / near_m * FOCAL_PIXELS,
    )
    assert rows.max() == pytest.approx(min(lowest, PIXELS / 2), abs=1.5)
    assert -rows.min() == pytest.approx(min(highest, PIXELS / 2), abs=1.5)


def test_a_post_to_the_left_is_left_in_the_picture_and_one_behind_is_not_in_it() -> None:
    _, left = seen(facing((1.0, 0.5)))
    assert left.mean() == pytest.approx(-0.5 * FOCAL_PIXELS, abs=1.5)
    _, right = seen(facing((1.0, -0.5)))
    assert right.mean() == pytest.approx(0.5 * FOCAL_PIXELS, abs=1.5)
    assert not len(seen(facing((-1.0, 0.1)))[0])


def test_the_horizon_is_in_the_middle() -> None:
    picture = facing((-1.0, 0.0)).sensors()[CAMERA_TOPIC]['data']
    assert picture[10, 50].tolist() == list(COLOURS['sky'])
    assert picture[90, 50].tolist() == list(COLOURS['floor'])


def test_a_robot_that_turned_towards_the_post_sees_it_ahead() -> None:
    robot = facing((1.0, 1.0))
    robot.pose = np.array([0.0, 0.0, math.pi / 4])
    assert seen(robot)[1].mean() == pytest.approx(0.0, abs=1.0)


def test_it_drives_a_circle_and_its_wheels_turn_accordingly() -> None:
    """In steady state 0.2 m/s and 0.5 rad/s: a radius of 0.4 m."""
    robot = DiffDriveCamera()
    for _ in range(20):
        robot.step(np.array([0.2, 0.5]), 0.1)
    begin, wheels = robot.pose, robot.position
    turn_s = 2 * math.pi / 0.5
    for _ in range(100):
        robot.step(np.array([0.2, 0.5]), turn_s / 100)
    assert robot.pose[:2] == pytest.approx(begin[:2], abs=2e-3)
    assert robot.pose[2] - begin[2] == pytest.approx(2 * math.pi, abs=1e-3)
    speeds = np.array([0.2 - 0.25 * TRACK_M, 0.2 + 0.25 * TRACK_M]) / WHEEL_RADIUS_M
    assert robot.position - wheels == pytest.approx(speeds * turn_s, rel=1e-3)


def test_commands_beyond_the_limits_are_cut() -> None:
    fast, allowed = DiffDriveCamera(), DiffDriveCamera()
    for _ in range(5):
        fast.step(np.array([9.0, -9.0]), 0.1)
        allowed.step(np.array([0.22, -2.0]), 0.1)
    assert np.array_equal(fast.pose, allowed.pose)


def test_every_episode_begins_with_the_middle_of_the_post_in_the_picture() -> None:
    robot, rng = DiffDriveCamera(PIXELS), np.random.default_rng(0)
    for _ in range(200):
        robot.reset(rng)
        assert 0.6 <= np.hypot(*robot.goal[:2]) <= 1.4
        assert len(seen(robot)[0])
        assert abs(math.atan2(robot.goal[1], robot.goal[0])) < math.radians(50.0)


def test_a_robot_that_drives_to_the_post_succeeds_and_one_that_waits_does_not() -> None:
    description = load_robot('diff_drive_camera')
    robot = InProcessRobot(description, seed=2)
    env = RobotEnv(robot, description)
    model = robot.simulated.model
    assert isinstance(model, DiffDriveCamera)
    for speed, expected in ((0.22, True), (0.0, False)):
        env.reset()
        ended = False
        while not ended:
            away = model.goal[:2] - model.pose[:2]
            turn = math.atan2(away[1], away[0]) - model.pose[2]
            action = env.filter.action_of(np.array([speed, np.clip(2 * turn, -2, 2)]))
            _, _, terminated, truncated, info = env.step(action)
            ended = terminated or truncated
        assert (terminated, info['succeeded']) == (expected, expected)


def test_colours_and_camera_vary_from_episode_to_episode() -> None:
    robot, rng = DiffDriveCamera(PIXELS), np.random.default_rng(0)
    robot.randomise(RandomisationRanges(colour_shift=(-0.1, 0.1), camera_angle_rad=(0.1, 0.1)))
    skies = []
    for _ in range(2):
        robot.reset(rng)
        skies.append(robot.sensors()[CAMERA_TOPIC]['data'][0, 0].tolist())
    assert skies[0] != skies[1]
    robot.goal = np.array([1.0, 0.0, 0.0])
    # the camera turned to the left, so the post is to the right
    assert seen(robot)[1].mean() == pytest.approx(math.tan(0.1) * FOCAL_PIXELS, abs=1.0)
