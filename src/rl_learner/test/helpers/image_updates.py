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
"""Small updates from images, and rows for them."""

import numpy as np
from rl_agent.description.image import ImageDescription, pack_pixels
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.frames.frame_stacks import FrameStacks
from rl_learner.training.update import Update
import torch

IMAGES = (ImageDescription(20, 16, 3), ImageDescription(12, 14, 1))
VECTOR, ACTION = 3, 2
SIZE = VECTOR + sum(image.size for image in IMAGES)
SMALL = {
    'batch_size': 8,
    'actor_hidden_sizes': [16],
    'critic_hidden_sizes': [16],
    'encoder_channels': [4, 4],
    'encoder_strides': [2, 1],
    'encoder_features': 6,
    'random_shift': 2,
}


def image_update(preset='drq_sac', *, seed=0, **options):
    """Return a small update; some options are those of `Update`."""
    names = ('reference', 'device', 'ranks', 'stack')
    of_update = {key: options.pop(key) for key in names if key in options}
    algorithm = load_algorithm(preset, {**SMALL, **options})
    return Update(algorithm, SIZE, ACTION, IMAGES, seed=seed, **of_update)


def observations(count, seed=0):
    """Return observations as robots send them, (count, SIZE)."""
    rng = np.random.default_rng(seed)
    rows = [rng.standard_normal((count, VECTOR))]
    for image in IMAGES:
        pixels = rng.integers(0, 256, (count, *image.shape), dtype=np.uint8)
        rows.append(np.stack([pack_pixels(item) for item in pixels]))
    return np.concatenate(rows, axis=1).astype(np.float32)


def blocks(update, count, size=3, seed=0):
    """Return blocks of rows from one long episode."""
    rng, batch = np.random.default_rng(seed), update.algorithm.batch_size
    seen = observations(count * size * batch + 1, seed)
    number = len(seen) - 1
    rows = update.layout.pack(
        seen[:-1],
        rng.uniform(-1, 1, (number, ACTION)),
        rng.standard_normal(number),
        seen[1:],
        rng.random(number) < 0.1,
    )
    complete(update.layout, rows)
    return list(torch.from_numpy(rows.reshape(count, size, batch, -1)))


def complete(layout, rows):
    """Complete the earlier frames of the rows of one long episode, in place."""
    number = np.arange(len(rows), dtype=np.uint32)
    FrameStacks(layout.pixels).complete(rows, ('robot', 'session'), np.ones_like(number), number)


def train_on_image_blocks(update, updates):
    """Do some updates."""
    for block in blocks(update, updates // 5, size=5):
        update.run(block)
