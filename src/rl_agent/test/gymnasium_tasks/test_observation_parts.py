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

"""Observations of Gymnasium tasks with images, in the forms that people use."""

from typing import Any

import gymnasium
from gymnasium.spaces import Box, Dict
import numpy as np
import pytest
from rl_agent.cameras.image_resize import ImageResize
from rl_agent.description.image import unpack_pixels
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import ConfigurationError, TaskError
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask
from rl_agent.gymnasium_tasks.observation_parts import ObservationParts
from rl_agent.gymnasium_tasks.task_robot import make_task_robot
from rl_agent.simulation.in_process_robot import InProcessRobot

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 44, 3), dtype=np.uint8)


def image(*shape: int, dtype: Any = np.uint8, high: float = 255) -> Box:
    return Box(0, high, shape, dtype)


class Camera(gymnasium.Env[Any, Any]):
    """A task that always sees the same."""

    observation_space: Any = Dict({'camera': image(40, 44, 3), 'angle': Box(-1, 1, (2,))})
    action_space = Box(-1, 1, (1,))
    changed: Any = None

    def __init__(self) -> None:
        self.seen = {'camera': PIXELS, 'angle': np.array([0.5, -0.5], np.float32)}

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return self.seen, {}

    def step(self, action: Any) -> Any:
        seen = self.seen if self.changed is None else {**self.seen, 'camera': self.changed}
        return seen, 0.0, False, False, {}


class Smaller(Camera):
    """The size of its image changes."""

    changed = PIXELS[:20]


class Floats(Camera):
    """Its images become floats."""

    changed = PIXELS / 255.0


class Black(Camera):
    """Its camera is covered."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = {**self.seen, 'camera': np.zeros_like(PIXELS)}


kind: Any
for kind in (Camera, Smaller, Floats, Black):
    gymnasium.register(f'{kind.__name__}-v0', entry_point=kind)


def pixels_of(space: Any, observation: Any) -> Any:
    """Return the image of an observation as height x width x channels."""
    parts = ObservationParts('task', space)
    (part,) = parts.images
    numbers = parts.flat(observation)[parts.vector_size :].astype(np.float32)
    return unpack_pixels(numbers, part.image.num_bytes).reshape(part.image.shape)


def test_channels_first_and_last_are_the_same_image() -> None:
    """DLR-RM/stable-baselines3#212: images with their channels first were turned all the same."""
    last = pixels_of(image(40, 44, 3), PIXELS)
    first = pixels_of(image(3, 40, 44), PIXELS.transpose(2, 0, 1))
    assert np.array_equal(last, PIXELS)
    assert np.array_equal(first, PIXELS)


def test_gray_images_need_no_channel() -> None:
    gray = np.tile(PIXELS[:, :, 0], (2, 2))
    assert np.array_equal(pixels_of(image(80, 88), gray)[:, :, 0], gray)


def test_stacked_frames_become_channels() -> None:
    """Frames of `FrameStackObservation`, whose first axis counts them."""
    frames = np.stack([PIXELS, PIXELS[::-1]])
    seen = pixels_of(image(2, 40, 44, 3), frames)
    assert np.array_equal(seen, np.concatenate([PIXELS, PIXELS[::-1]], axis=2))


def test_an_image_and_numbers_together() -> None:
    """hill-a/stable-baselines#321: an image beside measured numbers needed a policy of one's own.

    The advice was one long vector, split again in the network; that is what happens here.
    """
    made = make_task_robot('Camera-v0')
    env = RobotEnv(InProcessRobot(made.description, 0), made.description)
    observation, _ = env.reset()
    assert (env.spaces.vector_size, env.spaces.frame_names[0]) == (2, 'observation/0')
    assert observation[:2].tolist() == [0.5, -0.5]
    assert np.array_equal(unpack_pixels(observation[2:], PIXELS.size), PIXELS.ravel())
    assert [item.name for item in made.description.observation][:2] == ['observation', 'camera']


@pytest.mark.parametrize(
    ('space', 'reason'),
    [
        (image(64, 64, 64), 'images of uint8 from 0 to 255, height x width'),
        (image(64, 64, 3, dtype=np.int64), 'images of uint8'),
        (image(480, 640, 3), 'at most 224 x 224 x 3; .*--image-size 64 makes'),
        (Dict({'a': Dict({'b': image(64, 64, 3)})}), 'as parts of one Dict, not deeper'),
        (image(3, 128, 128, dtype=np.float32, high=1), 'images as uint8'),
    ],
)
def test_images_that_cannot_be_used_are_named(space: Any, reason: str) -> None:
    """DLR-RM/stable-baselines3#268: whether float images are scaled was for its users to guess."""
    with pytest.raises(ConfigurationError, match=f"task 'task': observations: given .*{reason}"):
        ObservationParts('task', space)


@pytest.mark.parametrize(
    ('task', 'given'), [('Smaller-v0', r'uint8 of \(20, 44, 3\)'), ('Floats-v0', 'float64 of')]
)
def test_an_image_that_changes_is_named_with_its_step(task: str, given: str) -> None:
    made = GymnasiumTask(task)
    made.reset()
    with pytest.raises(TaskError, match=f'step 1 of episode 1.*image camera: given {given}'):
        made.step(np.zeros(1))


def test_small_whole_numbers_stay_numbers() -> None:
    parts = ObservationParts('task', image(4, 5))
    assert (parts.vector_size, parts.images) == (20, ())
    assert parts.flat(np.full((4, 5), 7, np.uint8)).tolist() == [7.0] * 20


def test_a_black_camera_is_named_before_training() -> None:
    assert make_task_robot('Camera-v0').image_notice == ''
    notice = make_task_robot('Black-v0').image_notice
    assert notice.startswith('Black_v0: all pixels of camera are the same when an episode begins')


def test_large_images_shrink_to_the_mean_of_areas() -> None:
    """48 x 64 to 12 x 12: each new pixel is the mean of 4 rows and of 5 1/3 columns."""
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    fine = image.astype(float).repeat(3, axis=1)  # thirds of columns
    expected = fine.reshape(12, 4, 12, 16, 3).mean(axis=(1, 3))
    small = ImageResize((48, 64), (12, 12))(image)
    assert np.abs(small - expected).max() <= 0.5 + 1e-3
    assert np.array_equal(ImageResize((48, 64), (48, 64))(image), image)
    assert ImageResize((48, 64), (48, 50))(image).shape == (48, 50, 3)


def test_a_task_with_large_images_can_be_used_with_a_size() -> None:
    space = Dict({'camera': image(3, 480, 640), 'angle': Box(-1, 1, (2,))})
    parts = ObservationParts('task', space, 64)
    assert parts.images[0].image.shape == (64, 64, 3)
    whole = np.full((3, 480, 640), 9, np.uint8)
    flat = parts.flat({'camera': whole, 'angle': np.zeros(2)}).astype(np.float32)
    assert set(unpack_pixels(flat[2:], 64 * 64 * 3).tolist()) == {9}
    made = make_task_robot('Camera-v0', image_size=20)
    assert made.description.images[0].shape == (20, 20, 3)
    observation, _ = RobotEnv(InProcessRobot(made.description, 0), made.description).reset()
    seen = unpack_pixels(observation[2:], 20 * 20 * 3).reshape(20, 20, 3)
    assert np.array_equal(seen, ImageResize((40, 44), (20, 20))(PIXELS))
