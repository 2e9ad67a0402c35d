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

"""Colours, light and camera pose that vary from episode to episode, in the arm's picture."""

import math

import numpy as np
import pytest
from rl_agent.array_types import Float64Array
from rl_agent.description.image import Bytes
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.simulated_models import make_model
from rl_agent.simulated_models.arm_camera import ArmCamera, COLOURS, TOPIC
from rl_agent.simulation.simulated_robot import SimulatedRobot

RANGES = RandomisationRanges(
    light=(0.6, 1.2),
    colour_shift=(-0.1, 0.1),
    camera_position_m=(-0.05, 0.05),
    camera_angle_rad=(-0.05, 0.05),
)
PIXELS = 110  # of 2 cm


def picture(model: ArmCamera) -> Bytes:
    """Return what the camera sees."""
    seen: Bytes = model.sensors()[TOPIC]['data']
    return seen


def episodes(
    ranges: RandomisationRanges, seed: int, count: int, steps: int = 0
) -> list[ArmCamera]:
    """Return the arm at the beginning of its first episodes, each from a robot of its own.

    Args:
        ranges: what varies.
        seed: of the robots.
        count: of episodes.
        steps: of every episode.
    """
    arms = []
    for resets in range(count):
        model = make_model('arm_camera', {'pixels': 96.0}, ranges)
        robot = SimulatedRobot(model, 20.0, seed)
        for _ in range(resets):
            for _ in range(steps):
                robot.step(np.ones(2))
            robot.reset()
        assert isinstance(model, ArmCamera)
        arms.append(model)
    return arms


def seen_target(**ranges: tuple[float, float]) -> Float64Array:
    """Return where the middle of a target 0.5 m ahead is seen, row and column."""
    arm = ArmCamera(pixels=PIXELS)
    arm.randomise(RandomisationRanges(**ranges))
    arm.reset(np.random.default_rng(0))
    arm.position, arm.target = np.array([np.pi, 0.0]), np.array([0.5, 0.0, 0.0])
    seen = picture(arm).astype(int)
    rows, columns = np.nonzero(seen[..., 0] - seen[..., 1] > 120)
    return np.array([rows.mean() + 0.5, columns.mean() + 0.5])


def test_each_episode_looks_different_and_every_step_of_it_the_same() -> None:
    first, second = episodes(RANGES, 3, 2)
    assert first.draw.values != second.draw.values
    assert picture(first)[0, 0].tolist() != picture(second)[0, 0].tolist()
    before = dict(first.draw.values), picture(first)
    first.step(np.zeros(2), 0.05)  # at rest: without effort nothing moves
    assert first.draw.values == before[0]
    assert np.array_equal(picture(first), before[1])


def test_the_same_seed_draws_the_same_pictures() -> None:
    for one, other in zip(episodes(RANGES, 5, 3), episodes(RANGES, 5, 3), strict=True):
        assert np.array_equal(picture(one), picture(other))
    assert not np.array_equal(
        picture(episodes(RANGES, 5, 1)[0]), picture(episodes(RANGES, 6, 1)[0])
    )


def test_without_ranges_the_picture_is_as_it_was_and_episodes_begin_alike() -> None:
    same = zip(episodes(RandomisationRanges(), 4, 3), episodes(RANGES, 4, 3), strict=True)
    for plain, varied in same:
        assert plain.draw.values == {}
        assert picture(plain)[0, 0].tolist() == list(COLOURS['table'])
        assert np.array_equal(plain.target, varied.target)
        assert np.array_equal(plain.position, varied.position)


def test_an_episode_looks_the_same_however_long_those_before_it_were() -> None:
    short, long = episodes(RANGES, 4, 3), episodes(RANGES, 4, 3, steps=7)
    assert [arm.draw.values for arm in short] == [arm.draw.values for arm in long]


def test_light_darkens_every_pixel() -> None:
    (plain,) = episodes(RandomisationRanges(), 4, 1)
    (dark,) = episodes(RandomisationRanges(light=(0.5, 0.5)), 4, 1)
    assert picture(dark).astype(int) == pytest.approx(picture(plain) / 2.0, abs=0.6)
    (glare,) = episodes(RandomisationRanges(light=(2.0, 2.0)), 4, 1)
    assert picture(glare)[0, 0].tolist() == [255, 255, 255]


def test_a_colour_shifts_alone_and_stays_within_a_byte() -> None:
    (arm,) = episodes(RandomisationRanges(colour_shift=(-0.5, 0.5)), 8, 1)
    shift = {name.removeprefix('colour_shift/'): value for name, value in arm.draw.values.items()}
    assert len(shift) == 3 * len(COLOURS)
    table = zip(COLOURS['table'], ('red', 'green', 'blue'), strict=True)
    expected = [min(max(level + 255 * shift[f'table/{name}'], 0), 255) for level, name in table]
    assert picture(arm)[0, 0] == pytest.approx(expected, abs=0.5)


def test_a_camera_that_moves_ahead_sees_the_target_further_down() -> None:
    """Pixels are 2 cm, rows count from the upper edge, 1.1 m ahead: 0.5 m is in row 30."""
    still = seen_target()
    assert still == pytest.approx([30, 55], abs=0.3)
    # 0.2 m on every axis; 2.2 m above the table a pixel is 2.2 cm
    moved = seen_target(camera_position_m=(0.2, 0.2))
    assert moved == pytest.approx([55 - 0.3 / 0.022, 55 + 0.2 / 0.022], abs=0.3)


def test_a_camera_that_turns_sees_what_a_pinhole_camera_sees() -> None:
    """The ray to the target, in the camera's axes: rotation about x, y, then z, reversed."""
    angle = 0.2
    cosine, sine = math.cos(angle), math.sin(angle)
    about_x = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    about_y = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    about_z = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    ray = (about_z @ about_y @ about_x).T @ np.array([0.5, 0.0, -2.0])
    on_table = 2.0 * ray[:2] / -ray[2]
    seen = seen_target(camera_angle_rad=(angle, angle))
    assert seen == pytest.approx((1.1 - on_table) / 0.02, abs=0.5)
