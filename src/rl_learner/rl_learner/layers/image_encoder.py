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

"""The image encoder in training: parameters, and its layers as DrQ (arXiv:2004.13649) has them.

`rl_agent.policy.image_encoder` computes the same on the robot. Features are in the order height,
width, channel there and here, so that neither has to rearrange what its convolutions return.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
import math

from rl_agent.policy.image_encoder import EncoderArchitecture, NORM_EPSILON
import torch
from torch import Tensor
import torch.nn.functional as functional

_HIGHEST_VALUE = 255.0


class EncoderShape:
    """Shape of an encoder, without its parameters, which are one row, (1, parameter).

    Attributes:
        architecture: as sent with the policy.
        num_parameters: length of the row.
    """

    def __init__(self, architecture: EncoderArchitecture) -> None:
        """Lay out the parameters in the order of `architecture.blocks`."""
        self.architecture = architecture
        self._sizes = [math.prod(shape) for _, shape in architecture.blocks]
        self.num_parameters = sum(self._sizes)

    @cached_property
    def num_images(self) -> int:
        """Images of an observation."""
        return len(self.architecture.images)

    def blocks(self, flat: Tensor) -> dict[str, Tensor]:
        """Return the named parts of parameters or their gradient as views, (1, parameter)."""
        parts = torch.split(flat[0], self._sizes)
        named = zip(self.architecture.blocks, parts, strict=True)
        return {name: part.view(shape) for (name, shape), part in named}

    def initial(self, generator: torch.Generator) -> Tensor:
        """Return fresh parameters: orthogonal weights, as DrQ, and no bias."""
        flat = torch.zeros(1, self.num_parameters, device=generator.device)
        for name, block in self.blocks(flat).items():
            if name.endswith('norm_weight'):
                block.fill_(1.0)
            elif name.endswith('weight'):
                gain = math.sqrt(2.0) if block.ndim == 4 else 1.0  # ReLU follows convolutions
                torch.nn.init.orthogonal_(block, gain, generator=generator)
        return flat


def scaled(image: Tensor) -> Tensor:
    """Return an image, (batch, height, width, channel) uint8, as from -0.5 to 0.5, channels first.

    The values stay where they are in memory: to the convolutions it is `channels_last`.
    """
    return (image.float() / _HIGHEST_VALUE - 0.5).permute(0, 3, 1, 2)


def flattened(values: Tensor) -> Tensor:
    """Return (batch, channel, height, width) as vectors, (batch, height * width * channel)."""
    return values.permute(0, 2, 3, 1).flatten(1)


def image_features(shape: EncoderShape, flat: Tensor, images: Sequence[Tensor]) -> Tensor:
    """Return the features of images, (batch, output_size): the reference form, for autograd.

    Args:
        shape: of the encoder.
        flat: parameters, (1, parameter).
        images: one for each of the architecture, (batch, height, width, channel) uint8.
    """
    return features_of(shape, shape.blocks(flat), images)


def features_of(
    shape: EncoderShape, blocks: Mapping[str, Tensor], images: Sequence[Tensor]
) -> Tensor:
    """Return the same from parameters by name, see `EncoderShape.blocks`."""
    parts = []
    for number, image in enumerate(images):
        values, name = scaled(image), f'image_{number}'
        for layer, stride in enumerate(shape.architecture.strides):
            weight, bias = (blocks[f'{name}_conv_{layer}_{part}'] for part in ('weight', 'bias'))
            values = functional.conv2d(values, weight, bias, stride).relu()
        linear = functional.linear(
            flattened(values), blocks[f'{name}_weight'], blocks[f'{name}_bias']
        )
        norm = blocks[f'{name}_norm_weight'], blocks[f'{name}_norm_bias']
        parts.append(functional.layer_norm(linear, linear.shape[1:], *norm, NORM_EPSILON).tanh())
    return torch.cat(parts, dim=1)
