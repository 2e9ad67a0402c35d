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

"""Observations hold the newest frames and actions, the newest first."""

import dataclasses

import numpy as np
from pendulum_robot import describe, PendulumRobot
from rl_agent.description.image import ImageDescription, pack_pixels, unpack_pixels
from rl_agent.description.robot import load_robot
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces


def vector(*numbers: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(numbers, np.float32)


def test_a_history_by_hand() -> None:
    history = ObservationHistory(frame_size=2, action_size=1, stack=3, actions=2)
    seen = [history.begin(vector(1, 2))]
    for action, frame in ((0.5, (3, 4)), (0.25, (5, 6)), (-1, (7, 8)), (1, (9, 0))):
        seen.append(history.advance(vector(action), vector(*frame)))
    seen.append(history.begin(vector(1, 1)))
    assert [item.tolist() for item in seen] == [
        [1, 2, 1, 2, 1, 2, 0, 0],
        [3, 4, 1, 2, 1, 2, 0.5, 0],
        [5, 6, 3, 4, 1, 2, 0.25, 0.5],
        [7, 8, 5, 6, 3, 4, -1, 0.25],
        [9, 0, 7, 8, 5, 6, 1, -1],
        [1, 1, 1, 1, 1, 1, 0, 0],  # nothing is left of the last episode
    ]
    assert {item.dtype for item in seen} == {np.dtype(np.float32)}


def test_without_a_history_an_observation_is_a_frame() -> None:
    history = ObservationHistory(2, 1, stack=1, actions=0)
    assert history.begin(vector(1, 2)).tolist() == [1, 2]
    assert history.advance(vector(1), vector(3, 4)).tolist() == [3, 4]


def test_earlier_observations_do_not_change() -> None:
    history = ObservationHistory(1, 1, stack=2, actions=1)
    first = history.begin(vector(1))
    history.advance(vector(0.5), vector(2))
    assert first.tolist() == [1, 1, 0]


def test_spaces_name_and_bound_the_history() -> None:
    spaces = Spaces(dataclasses.replace(describe(), stack=2, previous_actions=2))
    assert spaces.observation_names == (
        *('cos_angle', 'sin_angle', 'velocity'),
        *('cos_angle@-1', 'sin_angle@-1', 'velocity@-1'),
        *('previous_action/pivot', 'previous_action/pivot@-1'),
    )
    assert spaces.observation_size == 8
    assert spaces.observation_high.tolist() == [1, 1, 8, 1, 1, 8, 1, 1]
    assert spaces.observation_low.tolist() == [-1, -1, -8, -1, -1, -8, -1, -1]


def test_the_history_holds_executed_actions() -> None:
    """The executed action differs from a wanted one outside the box."""
    env = RobotEnv(PendulumRobot(), dataclasses.replace(describe(), stack=2, previous_actions=1))
    first, _ = env.reset()
    assert first[:3].tolist() == first[3:6].tolist()
    assert first[6] == 0.0
    second, *_ = env.step(vector(5.0))
    assert second[3:6].tolist() == first[:3].tolist()
    assert second[6] == 1.0
    assert env.observation_space.contains(second)
    again, _ = env.reset()
    assert again[6] == 0.0
    assert again[:3].tolist() == again[3:6].tolist()


def test_images_come_last_with_the_channels_of_their_frames_newest_first() -> None:
    image = ImageDescription(1, 2, 3)  # two pixels, two numbers
    history = ObservationHistory(1 + image.size, 1, stack=2, actions=1, images=(image,))

    def frame(value: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        pixels = np.array([[[value, 1, 2], [value + 1, 3, 4]]], np.uint8)
        return np.concatenate([[value], pack_pixels(pixels)]).astype(np.float32)

    def seen(observation: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[list[int]]:
        pixels: list[list[int]] = unpack_pixels(observation[3:], 12).reshape(2, 6).tolist()
        return pixels

    first = history.begin(frame(10))
    assert first[:3].tolist() == [10.0, 10.0, 0.0]
    assert seen(first) == [[10, 1, 2, 10, 1, 2], [11, 3, 4, 11, 3, 4]]
    second = history.advance(np.array([0.5], np.float32), frame(20))
    assert second[:3].tolist() == [20.0, 10.0, 0.5]
    assert seen(second) == [[20, 1, 2, 10, 1, 2], [21, 3, 4, 11, 3, 4]]
    again = history.begin(frame(30))  # nothing of the episode before
    assert seen(again) == [[30, 1, 2, 30, 1, 2], [31, 3, 4, 31, 3, 4]]


def test_a_robot_sends_only_the_newest_frame_of_each_image() -> None:
    camera = load_robot('arm_camera')
    spaces = Spaces(dataclasses.replace(camera, stack=3, previous_actions=2))
    (image,) = spaces.images
    assert image.shape == (*camera.images[0].shape[:2], 9)
    assert len(spaces.observation_low) == len(spaces.observation_names) == spaces.observation_size
    assert spaces.sent_size == spaces.vector_size + camera.images[0].size
    assert spaces.fingerprint != Spaces(camera).fingerprint
    rng, history = np.random.default_rng(0), spaces.history()
    frames = [
        np.concatenate(
            [
                rng.standard_normal(len(spaces.frame_names) - camera.images[0].size),
                pack_pixels(rng.integers(0, 256, camera.images[0].shape, dtype=np.uint8)),
            ]
        ).astype(np.float32)
        for _ in range(2)
    ]
    history.begin(frames[0])
    observation = history.advance(np.zeros(spaces.action_size, np.float32), frames[1])
    sent = spaces.sent(observation)
    numbers = spaces.vector_size
    assert np.array_equal(sent[:numbers], observation[:numbers])
    assert np.array_equal(sent[numbers:], frames[1][-camera.images[0].size :])
