# Copyright 2026 The rl_learner authors
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

"""The picture of what a policy saw."""

from pathlib import Path

import numpy as np
from PIL import Image
import pytest
from rl_agent.description.image import ImageDescription, pack_pixels
from rl_agent.errors import ConfigurationError
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_learner.evaluation.gymnasium_evaluation import TaskEvaluation
from rl_learner.evaluation.seen_images import SALIENCY, SEEN, SeenImages

COLOUR, GRAY = ImageDescription(50, 20, 3), ImageDescription(96, 30, 1)


def seen(steps: int) -> SeenImages:
    """Return what was seen in steps whose number is the red and the gray value."""
    images = SeenImages([COLOUR, GRAY])
    for step in range(steps):
        colour = np.zeros(COLOUR.shape, np.uint8)
        colour[:, :, 0], colour[:, :, 2] = step, 200
        gray = np.full(GRAY.shape, step, np.uint8)
        images.add(np.concatenate([[7.0], pack_pixels(colour), pack_pixels(gray)]))
    return images


def read(folder: Path) -> list[list[list[int]]]:
    """Return the colours in the middle of each picture: rows of the sheet, then columns."""
    with Image.open(folder / SEEN) as picture:
        pixels = np.asarray(picture)
    rows = [pixels[50, 20 : pixels.shape[1] : 44], pixels[100 + 4 + 48, 15 : 8 * 34 : 34]]
    return [row.tolist() for row in rows]


@pytest.mark.parametrize(
    ('steps', 'shown'),
    [(8, [0, 1, 2, 3, 4, 5, 6, 7]), (16, [0, 2, 4, 6, 8, 10, 12, 14]), (200, None)],
)
def test_steps_are_spread_and_colours_are_right(
    steps: int, shown: list[int] | None, tmp_path: Path
) -> None:
    assert seen(steps).write(tmp_path) == [tmp_path / SEEN]
    colours, grays = read(tmp_path)
    shown = shown or [colour[0] for colour in colours]
    assert np.all(np.diff(shown) == shown[1]), 'evenly spread'
    assert shown[-1] > 0.4 * steps
    assert colours == [[step, 0, 200] for step in shown]
    assert grays == [[step] * 3 for step in shown]


def test_stacked_frames_are_beside_each_other(tmp_path: Path) -> None:
    images = SeenImages([ImageDescription(96, 10, 6)])
    frames = np.zeros((96, 10, 6), np.uint8)
    frames[:, :, 1], frames[:, :, 5] = 100, 150
    images.add(pack_pixels(frames))
    images.write(tmp_path)
    with Image.open(tmp_path / SEEN) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (96, 20, 3)
    assert (pixels[0, 0].tolist(), pixels[0, 19].tolist()) == ([0, 100, 0], [0, 0, 150])


def test_without_images_there_is_no_picture(tmp_path: Path) -> None:
    images = SeenImages([])
    images.add(np.zeros(3))
    assert images.write(tmp_path) == []


def test_a_policy_for_an_image_of_another_shape_is_refused() -> None:
    """Of the same number of pixels, so that the length of an observation does not show it."""
    encoder = EncoderArchitecture(((20, 80, 3),), (4,), (2,), 5)
    architecture = PolicyArchitecture(encoder.packed_size, 2, (8,), encoder=encoder)
    numbers = np.zeros(architecture.num_parameters, np.float32)
    with pytest.raises(ConfigurationError, match=r'images \(\(20, 80, 3\),\); accepted: \(\(40'):
        TaskEvaluation('image_tasks:Dot-v0', PolicyParameters(architecture, numbers), film=False)


def test_where_critics_look_is_red_on_gray(tmp_path: Path) -> None:
    images = SeenImages([GRAY])
    images.add(np.concatenate([[7.0], pack_pixels(np.full(GRAY.shape, 100, np.uint8))]))
    weights = np.zeros((1, *GRAY.shape[:2]), np.float32)
    weights[0, 10, 20], weights[0, 11, 20] = 4.0, 2.0
    assert images.write_saliency(tmp_path, [weights]) == [tmp_path / SALIENCY]
    with Image.open(tmp_path / SALIENCY) as picture:
        pixels = np.asarray(picture)
    assert pixels[0, 0].tolist() == [50, 50, 50]
    assert pixels[10, 20].tolist() == [177, 50, 50]
    assert pixels[11, 20].tolist() == [113, 50, 50]
