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
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Which pixels change the critics' value; asked for in medipixel/rl_algorithms#271."""

from image_updates import image_update, IMAGES, observations, VECTOR
import numpy as np
import pytest
from rl_agent.description.image import pack_pixels, unpack_pixels
from rl_learner.layers.image_encoder import image_features
import torch


def value(update, observation, action):
    """Return the mean Q of the critics for one observation as a robot sends it."""
    start, images = VECTOR, []
    for image in IMAGES:
        numbers = observation[start : start + image.size]
        pixels = unpack_pixels(numbers, image.num_bytes).reshape(1, *image.shape)
        images.append(torch.from_numpy(pixels.copy()))
        start += image.size
    features = image_features(update._features.shape, update._state.encoder, images)
    seen = torch.cat([torch.from_numpy(observation[None, :VECTOR]), features], dim=1)
    critics = update._state.critics.frozen
    return update.critics.quantiles(critics, seen, torch.from_numpy(action[None])).mean().item()


@pytest.mark.parametrize('preset', ['drq_sac', 'default_images'])
def test_saliency_is_how_much_q_changes_with_a_pixel(preset):
    update = image_update(preset)
    (observation,), action = observations(1), np.array([0.3, -0.6], np.float32)
    maps = update.saliency(observation[None], action[None])
    assert [item.shape for item in maps] == [(1, 20, 16), (1, 12, 14)]
    image = IMAGES[1]  # of one channel
    packed = observation[-image.size :]
    row, column = np.unravel_index(maps[1][0].argmax(), image.shape[:2])
    changed = []
    for change in (-2, 2):
        pixels = unpack_pixels(packed, image.num_bytes).reshape(image.shape).copy()
        pixels[row, column, 0] = np.clip(int(pixels[row, column, 0]) + change, 0, 255)
        changed.append((int(pixels[row, column, 0]), observation.copy()))
        changed[-1][1][-image.size :] = pack_pixels(pixels)
    (low, before), (high, after) = changed
    slope = (value(update, after, action) - value(update, before, action)) / (high - low)
    assert abs(slope) == pytest.approx(maps[1][0, row, column], rel=0.1)


def test_the_last_pixels_that_no_filter_reaches_do_not_matter():
    """With strides of 2 the encoder never sees the last row of an even number of rows."""
    update = image_update()
    maps = update.saliency(observations(3), np.zeros((3, 2), np.float32))
    assert (maps[0][:, :19] > 0).any()
    assert not maps[0][:, 19].any()
