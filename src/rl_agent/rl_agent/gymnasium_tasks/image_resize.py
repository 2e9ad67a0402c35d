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

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.description.image import Bytes


class ImageResize:
    """Shrinks images of one shape to at most a number of rows and columns."""

    def __init__(self, height: int, width: int, most: int) -> None:
        """Prepare the means.

        Args:
            height: rows of the images.
            width: their columns.
            most: rows and columns after it; a side that is not longer stays as it is.
        """
        self._down, self._across = _means(height, most), _means(width, most)
        self.height, self.width = len(self._down), len(self._across)

    def __call__(self, image: Bytes) -> Bytes:
        """Return an image, (height, width, channel), smaller."""
        rows = np.tensordot(self._down, image.astype(np.float32), 1)
        both = np.tensordot(self._across, rows, (1, 1))  # (column, row, channel)
        return np.rint(both).astype(np.uint8).transpose(1, 0, 2)


def _means(side: int, most: int) -> Float32Array:
    """Return the weight of each old pixel along a side in each new one, (new, old)."""
    new = min(side, most)
    edges = np.arange(new + 1) * (side / new)
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Float32Array = (overlap.clip(0.0) * (new / side)).astype(np.float32)
    return weights
