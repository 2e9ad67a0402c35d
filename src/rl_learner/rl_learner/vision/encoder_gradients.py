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

"""The encoder with a hand-written backward pass: no graph, gradients into one flat row."""

from typing import NamedTuple

from rl_agent.policy.image_encoder import NORM_EPSILON
from rl_learner.layers.image_encoder import EncoderShape, flattened, scaled
import torch
from torch import Tensor
import torch.nn.functional as functional

_aten = torch.ops.aten


class ImagePass(NamedTuple):
    """A forward pass of one image, with what the backward pass needs.

    Attributes:
        values: the scaled image and each convolution's output, (batch, channel, height, width).
        flat: the last of them as vectors, (batch, inputs of the linear layer).
        linear: output of the linear layer, (batch, feature).
        mean: of LayerNorm, (batch, 1).
        inverse_std: of LayerNorm, (batch, 1).
        features: (batch, feature).
    """

    values: list[Tensor]
    flat: Tensor
    linear: Tensor
    mean: Tensor
    inverse_std: Tensor
    features: Tensor


def encode(shape: EncoderShape, flat: Tensor, images: list[Tensor]) -> list[ImagePass]:
    """Return a forward pass of each image; see `image_features`."""
    blocks = shape.blocks(flat)
    return [_encode(shape, blocks, number, image) for number, image in enumerate(images)]


def _encode(
    shape: EncoderShape, blocks: dict[str, Tensor], number: int, image: Tensor
) -> ImagePass:
    """Return the forward pass of one image."""
    values, name = [scaled(image)], f'image_{number}'
    for layer, stride in enumerate(shape.architecture.strides):
        weight, bias = (blocks[f'{name}_conv_{layer}_{part}'] for part in ('weight', 'bias'))
        values.append(functional.conv2d(values[-1], weight, bias, stride).relu_())
    vectors = flattened(values[-1])
    linear = torch.addmm(blocks[f'{name}_bias'], vectors, blocks[f'{name}_weight'].mT)
    norm = blocks[f'{name}_norm_weight'], blocks[f'{name}_norm_bias']
    normalised, mean, inverse_std = torch.native_layer_norm(
        linear, linear.shape[1:], *norm, NORM_EPSILON
    )
    return ImagePass(values, vectors, linear, mean, inverse_std, normalised.tanh_())


def encoder_backward(
    shape: EncoderShape, flat: Tensor, passes: list[ImagePass], gradient: Tensor
) -> Tensor:
    """Return the gradient by the parameters, (1, parameter).

    Args:
        shape: of the encoder.
        flat: parameters, (1, parameter).
        passes: from `encode`.
        gradient: by the features of all images, (batch, output_size).
    """
    result = torch.empty_like(flat)
    blocks, grad_blocks = shape.blocks(flat), shape.blocks(result)
    parts = gradient.split(shape.architecture.features, dim=1)
    for number, (image_pass, part) in enumerate(zip(passes, parts, strict=True)):
        _backward(shape, blocks, grad_blocks, number, image_pass, part)
    return result


def _backward(
    shape: EncoderShape,
    blocks: dict[str, Tensor],
    grad_blocks: dict[str, Tensor],
    number: int,
    image_pass: ImagePass,
    gradient: Tensor,
) -> None:
    """Write the gradient by one image's parameters."""
    name, values = f'image_{number}', image_pass.values
    grad_linear, grad_weight, grad_bias = _aten.native_layer_norm_backward(
        _aten.tanh_backward(gradient, image_pass.features),
        image_pass.linear,
        image_pass.linear.shape[1:],
        image_pass.mean,
        image_pass.inverse_std,
        blocks[f'{name}_norm_weight'],
        blocks[f'{name}_norm_bias'],
        [True, True, True],
    )
    grad_blocks[f'{name}_norm_weight'].copy_(grad_weight)
    grad_blocks[f'{name}_norm_bias'].copy_(grad_bias)
    torch.mm(grad_linear.mT, image_pass.flat, out=grad_blocks[f'{name}_weight'])
    torch.sum(grad_linear, 0, out=grad_blocks[f'{name}_bias'])
    batch, channels, height, width = values[-1].shape
    grad = (grad_linear @ blocks[f'{name}_weight']).view(batch, height, width, channels)
    grad = grad.permute(0, 3, 1, 2)
    for layer in reversed(range(len(shape.architecture.strides))):
        grad = _aten.threshold_backward(grad, values[layer + 1], 0)
        stride, weight = shape.architecture.strides[layer], blocks[f'{name}_conv_{layer}_weight']
        grad, grad_weight, grad_bias = _aten.convolution_backward(
            grad,
            values[layer],
            weight,
            [len(weight)],
            [stride, stride],
            [0, 0],
            [1, 1],
            False,
            [0, 0],
            1,
            [layer > 0, True, True],
        )
        grad_blocks[f'{name}_conv_{layer}_weight'].copy_(grad_weight)
        grad_blocks[f'{name}_conv_{layer}_bias'].copy_(grad_bias)
