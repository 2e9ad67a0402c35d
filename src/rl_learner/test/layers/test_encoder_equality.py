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
"""The encoder on the robot computes what torch computes."""

import numpy as np
import pytest
from rl_agent.policy.image_encoder import EncoderArchitecture, ImageEncoder
from rl_learner.layers.image_encoder import EncoderShape, image_features
import torch

ARCHITECTURES = {
    'small': EncoderArchitecture(((64, 64, 3),), (32, 32, 32, 32), (2, 2, 2, 1), 50),
    'drq': EncoderArchitecture(((64, 64, 3),), (32, 32, 32, 32), (2, 1, 1, 1), 50),
    'two_cameras': EncoderArchitecture(((33, 21, 1), (17, 40, 4)), (5, 7), (1, 3), 11),
}


@pytest.mark.parametrize('name', ARCHITECTURES)
def test_numpy_and_torch_agree(name):
    architecture, rng = ARCHITECTURES[name], np.random.default_rng(0)
    shape = EncoderShape(architecture)
    flat = shape.initial(torch.Generator().manual_seed(0))
    flat += 0.02 * torch.randn(flat.shape, generator=torch.Generator().manual_seed(1))
    images = [rng.integers(0, 256, size, dtype=np.uint8) for size in architecture.images]
    expected = image_features(shape, flat, [torch.from_numpy(item)[None] for item in images])
    blocks = {key: block.numpy() for key, block in shape.blocks(flat).items()}
    encode = ImageEncoder(architecture, blocks)
    numbers = np.concatenate([packed(item) for item in images]).astype(np.float32)
    for _ in range(2):  # buffers are used again
        features = np.empty(architecture.output_size, np.float32)
        encode(numbers, features)
        np.testing.assert_allclose(features, expected[0].numpy(), atol=1e-5)


def packed(image):
    """Return an image as numbers, by hand: three bytes each, the first lowest."""
    values = image.ravel().astype(np.int64).tolist()
    values += [0] * (-len(values) % 3)
    return [a + 256 * b + 65536 * c for a, b, c in zip(*[iter(values)] * 3, strict=True)]


def test_fresh_filters_are_orthogonal():
    shape = EncoderShape(ARCHITECTURES['small'])
    blocks = shape.blocks(shape.initial(torch.Generator().manual_seed(0)))
    rows = blocks['image_0_conv_1_weight'].flatten(1)  # 32 x 288
    torch.testing.assert_close(rows @ rows.T, 2.0 * torch.eye(32), atol=1e-5, rtol=0)
    assert not blocks['image_0_conv_1_bias'].any()
    assert (blocks['image_0_norm_weight'] == 1.0).all()
