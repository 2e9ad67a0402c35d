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

"""How much each pixel changes the critics' value: where the critics look."""

import math

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.description.image import numbers_for, unpack_pixels
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.critic_head import critic_values
from rl_learner.actor_critic.networks import Critics
from rl_learner.layers.image_encoder import EncoderShape, image_features
from rl_learner.layers.mlp import Ensemble
import torch
from torch import Tensor


def critic_saliency(
    algorithm: Algorithm,
    critics: Critics,
    parameters: Ensemble,
    encoder: EncoderShape,
    flat: Tensor,
    observations: Float32Array,
    actions: Float32Array,
) -> list[Float32Array]:
    """Return |dQ / dpixel| of each image, summed over its channels, (batch, height, width).

    Q is the mean of all critics (gradients as in arXiv:1312.6034).

    Args:
        algorithm: of the critics.
        critics: their shape.
        parameters: of all critics.
        encoder: shape of the encoder.
        flat: its parameters, (1, parameter).
        observations: as the policy sees them, (batch, observation).
        actions: in [-1, 1], (batch, action).
    """
    start = observations.shape[1] - encoder.architecture.packed_size
    numbers, images = torch.from_numpy(observations[:, :start]).to(flat.device), []
    for shape in encoder.architecture.images:
        stop = start + numbers_for(math.prod(shape))
        pixels = unpack_pixels(observations[:, start:stop], math.prod(shape))
        whole = torch.from_numpy(pixels.reshape(-1, *shape).astype(np.float32))
        images.append(whole.to(flat.device).requires_grad_())
        start = stop
    features = torch.cat([numbers, image_features(encoder, flat, images)], dim=1)
    given = torch.from_numpy(actions).to(flat.device)
    values = critic_values(algorithm, critics.quantiles(parameters, features, given))
    gradients = torch.autograd.grad(values.mean(dim=1).sum(), images)
    return [gradient.abs().sum(dim=3).cpu().numpy() for gradient in gradients]
