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

"""How bright an image is, for people."""

from dataclasses import dataclass

from rl_agent.array_types import Float64Array
from rl_agent.description.image import ImageDescription, unpack_pixels


@dataclass(frozen=True)
class PixelSummary:
    """The values of an image's pixels, 0 to 255.

    Attributes:
        lowest: of all.
        highest: of all.
        mean: of all.
    """

    lowest: int
    highest: int
    mean: float

    @property
    def is_blank(self) -> bool:
        """Whether all values are the same."""
        return self.lowest == self.highest


def summarise(image: ImageDescription, numbers: Float64Array) -> PixelSummary:
    """Return the summary of a packed image, (size,)."""
    pixels = unpack_pixels(numbers, image.num_bytes)
    return PixelSummary(int(pixels.min()), int(pixels.max()), float(pixels.mean()))
