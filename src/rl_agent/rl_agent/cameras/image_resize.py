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

"""Makes images smaller: each new pixel is the mean of the area that it covers."""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_agent.description.image import Bytes

_BLOCK = 8  # new pixels computed together, from the few old ones that they cover


class ImageResize:
    """Shrinks images of one size."""

    def __init__(self, size: tuple[int, int], new_size: tuple[int, int]) -> None:
        """Prepare the means.

        Args:
            size: rows and columns of the images.
            new_size: the same after it; a side is at most as long as before.
        """
        self.height, self.width = new_size
        self._down, self._across = map(_Means, size, new_size)

    def __call__(self, image: Bytes) -> Bytes:
        """Return an image, (height, width, channel), smaller."""
        return np.rint(self.means(image)).astype(np.uint8)

    def means(self, image: NDArray[np.generic]) -> Float32Array:
        """Return an image of any type of number, (height, width, channel), smaller."""
        rows = self._down(image)  # (new row, column, channel)
        return self._across(rows.transpose(1, 0, 2)).transpose(1, 0, 2)


class _Means:
    """Means along the first axis of an array."""

    def __init__(self, side: int, new: int) -> None:
        """Prepare means of `side` pixels in `new` ones."""
        self._new, self._stays = new, new == side
        weights, edges = _weights(side, new), np.arange(new + 1) * (side / new)
        self._blocks = []
        for start in range(0, new, _BLOCK):
            stop = min(start + _BLOCK, new)
            first, last = int(edges[start]), min(math.ceil(edges[stop]), side)
            block = np.ascontiguousarray(weights[start:stop, first:last])
            self._blocks.append((slice(start, stop), slice(first, last), block))

    def __call__(self, lines: NDArray[np.generic]) -> Float32Array:
        """Return the means, (new, ...)."""
        if self._stays:
            return lines.astype(np.float32)
        means = np.empty((self._new, *lines.shape[1:]), np.float32)
        flat = means.reshape(self._new, -1)
        for new, old, weights in self._blocks:
            part = lines[old].astype(np.float32, order='C')
            np.matmul(weights, part.reshape(len(part), -1), out=flat[new])
        return means


def _weights(side: int, new: int) -> Float32Array:
    """Return the weight of each old pixel along a side in each new one, (new, old)."""
    edges = np.arange(new + 1) * (side / new)
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Float32Array = (overlap.clip(0.0) * (new / side)).astype(np.float32)
    return weights
