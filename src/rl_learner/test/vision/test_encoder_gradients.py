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
"""The encoder's gradient in closed form against autograd."""

from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_learner.layers.image_encoder import EncoderShape, image_features
from rl_learner.vision.encoder_gradients import encode, encoder_backward
import torch


def test_closed_form_and_autograd_agree():
    architecture = EncoderArchitecture(((20, 17, 3), (15, 15, 1)), (6, 5, 4), (2, 1, 1), 7)
    shape, generator = EncoderShape(architecture), torch.Generator().manual_seed(0)
    flat = shape.initial(generator)
    images = [
        torch.randint(0, 256, (9, *size), generator=generator, dtype=torch.uint8)
        for size in architecture.images
    ]
    by_features = torch.randn(9, architecture.output_size, generator=generator)
    with torch.inference_mode():
        passes = encode(shape, flat, images)
        gradient = encoder_backward(shape, flat, passes, by_features)
    leaf = flat.clone().requires_grad_()
    features = image_features(shape, leaf, images)
    (expected,) = torch.autograd.grad(features, leaf, by_features)
    given = torch.cat([item.features for item in passes], dim=1)
    torch.testing.assert_close(given, features.detach(), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=1e-4)
