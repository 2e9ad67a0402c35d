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

"""The policy's image encoder on the robot: convolutions as matrix products, NumPy only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
import math
import operator

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.description.image import numbers_for, unpack_pixels
from rl_agent.errors import PolicyError
from rl_agent.policy.policy_limits import PolicyLimits

KERNEL = 3  # rows and columns of each filter
NORM_EPSILON = 1e-5  # added to the variance in LayerNorm
_MOST_IMAGES, _MOST_CHANNELS = 8, 1024

Blocks = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class EncoderArchitecture:
    """The structure of an encoder; each image passes convolutions of its own.

    An image is scaled to -0.5 to 0.5. Convolutions with ReLU follow, without padding, then a
    linear layer, LayerNorm and tanh (DrQ, arXiv:2004.13649).

    Attributes:
        images: height, width and channels of each, at the end of an observation.
        channels: filters of each convolution.
        strides: of each convolution.
        features: outputs for each image.
    """

    images: tuple[tuple[int, int, int], ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    features: int

    def __post_init__(self) -> None:
        """Check the fields; make every size a Python integer.

        Raises:
            PolicyError: a field has another type or is out of range, or an image is too small.
        """
        try:
            images = tuple(tuple(map(operator.index, image)) for image in self.images)
            channels, strides = (
                tuple(map(operator.index, sizes)) for sizes in (self.channels, self.strides)
            )
            features = operator.index(self.features)
        except TypeError as error:
            raise PolicyError(f'architecture: encoder: {error}; accepted: integers') from error
        values = (images, channels, strides, features)
        for name, value in zip(('images', 'channels', 'strides', 'features'), values, strict=True):
            object.__setattr__(self, name, value)
        width, layers = PolicyLimits().layer_width, PolicyLimits().hidden_layers
        good = {
            f'1 to {_MOST_IMAGES} images of height, width and channels': (
                1 <= len(images) <= _MOST_IMAGES
                and all(len(image) == 3 and min(image) >= 1 for image in images)
                and all(max(image) <= width for image in images)
            ),
            f'1 to {layers} convolutions of 1 to {_MOST_CHANNELS} channels, a stride for each': (
                1 <= len(channels) == len(strides) <= layers
                and min(channels) >= 1
                and max(channels) <= _MOST_CHANNELS
                and min(strides) >= 1
            ),
            f'1 to {width} features': 1 <= features <= width,
        }
        for accepted, is_good in good.items():
            if not is_good:
                raise PolicyError(f'architecture: encoder: given {values}; accepted: {accepted}')
        for image in images:
            if min(min(size) for size in self.sizes(image)) < 1:
                raise PolicyError(
                    f'architecture: encoder: given an image of {image[0]} x {image[1]} for'
                    f' convolutions with strides {strides}, after which nothing is left of it;'
                    ' accepted: a larger image, or fewer convolutions'
                )

    def sizes(self, image: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return height and width after each convolution."""
        found, (height, width, _) = [], image
        for stride in self.strides:
            height, width = ((side - KERNEL) // stride + 1 for side in (height, width))
            found.append((height, width))
        return found

    @property
    def packed_size(self) -> int:
        """Numbers of an observation that hold the images."""
        return sum(numbers_for(math.prod(image)) for image in self.images)

    @property
    def output_size(self) -> int:
        """Features of all images."""
        return self.features * len(self.images)

    @property
    def blocks(self) -> Blocks:
        """Name and shape of each part of the parameters, in order, row-major."""
        blocks: list[tuple[str, tuple[int, ...]]] = []
        for number, image in enumerate(self.images):
            inputs = image[2]
            for layer, outputs in enumerate(self.channels):
                name = f'image_{number}_conv_{layer}'
                blocks += [(f'{name}_weight', (outputs, inputs, KERNEL, KERNEL))]
                blocks += [(f'{name}_bias', (outputs,))]
                inputs = outputs
            height, width = self.sizes(image)[-1]
            name, size = f'image_{number}', (self.features,)
            blocks += [(f'{name}_weight', (self.features, height * width * inputs))]
            blocks += [(f'{name}_{part}', size) for part in ('bias', 'norm_weight', 'norm_bias')]
        return tuple(blocks)


ENCODER_FIELDS = tuple(item.name for item in fields(EncoderArchitecture))


class ImageEncoder:
    """Computes the features of images; it reuses buffers, so only one thread may use it."""

    def __init__(
        self, architecture: EncoderArchitecture, blocks: Mapping[str, Float32Array]
    ) -> None:
        """Allocate the buffers.

        Args:
            architecture: of the encoder.
            blocks: its parameters by the names of `architecture.blocks`.
        """
        self._images = [
            _OneImage(architecture, number, blocks) for number in range(len(architecture.images))
        ]
        self._packed = [numbers_for(math.prod(image)) for image in architecture.images]

    def __call__(self, numbers: Float32Array, output: Float32Array) -> None:
        """Write the features, (output_size,), of packed images, (packed_size,)."""
        start = 0
        for encode, size, part in zip(
            self._images, self._packed, np.split(output, len(self._images)), strict=True
        ):
            encode(numbers[start : start + size], part)
            start += size


class _OneImage:
    """The layers of one image."""

    def __init__(
        self,
        architecture: EncoderArchitecture,
        number: int,
        blocks: Mapping[str, Float32Array],
    ) -> None:
        self._shape = image = architecture.images[number]
        self._pixels = np.empty(image, np.float32)
        self._layers, name = [], f'image_{number}'
        inputs = self._pixels
        for layer, stride in enumerate(architecture.strides):
            weight, bias = (blocks[f'{name}_conv_{layer}_{part}'] for part in ('weight', 'bias'))
            self._layers.append(_Convolution(inputs, weight, bias, stride))
            inputs = self._layers[-1].output
        self._weight, self._bias = blocks[f'{name}_weight'], blocks[f'{name}_bias']
        self._norm = blocks[f'{name}_norm_weight'], blocks[f'{name}_norm_bias']

    def __call__(self, numbers: Float32Array, output: Float32Array) -> None:
        """Write the features, (features,), of a packed image."""
        pixels = unpack_pixels(numbers, math.prod(self._shape)).reshape(self._shape)
        np.multiply(pixels, np.float32(1.0 / 255.0), out=self._pixels)
        self._pixels -= np.float32(0.5)
        for layer in self._layers:
            layer()
        np.dot(self._weight, self._layers[-1].output.ravel(), out=output)
        output += self._bias
        output -= output.mean()
        output *= np.float32(1.0 / np.sqrt(np.dot(output, output) / output.size + NORM_EPSILON))
        output *= self._norm[0]
        output += self._norm[1]
        np.tanh(output, out=output)


class _Convolution:
    """One convolution with ReLU: patches copied into the rows of a matrix, then one product.

    Attributes:
        output: (height, width, channel), overwritten by each call.
    """

    def __init__(
        self, inputs: Float32Array, weight: Float32Array, bias: Float32Array, stride: int
    ) -> None:
        # a view, in the order in which a patch lies in memory: rows, columns, channels
        down, right, along = inputs.strides
        height, width = ((side - KERNEL) // stride + 1 for side in inputs.shape[:2])
        self._patches = np.lib.stride_tricks.as_strided(
            inputs,
            (height, width, KERNEL, KERNEL, inputs.shape[2]),
            (stride * down, stride * right, down, right, along),
            writeable=False,
        )
        self._rows = np.empty(self._patches.shape, np.float32)
        matrix = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))
        self._matrix, self._bias = np.ascontiguousarray(matrix), np.array(bias)
        self.output = np.empty((height, width, len(weight)), np.float32)
        self._flat_rows = self._rows.reshape(height * width, -1)
        self._flat_output = self.output.reshape(height * width, -1)

    def __call__(self) -> None:
        """Compute `output` from the inputs, which are another layer's output."""
        np.copyto(self._rows, self._patches)
        np.dot(self._flat_rows, self._matrix, out=self._flat_output)
        self._flat_output += self._bias
        np.maximum(self._flat_output, np.float32(0.0), out=self._flat_output)
