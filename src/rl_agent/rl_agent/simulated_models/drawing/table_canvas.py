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

"""Flat shapes on a table, as a camera above it sees them."""

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.image import Bytes
from rl_agent.simulated_models.drawing.appearance import CameraPose

HEIGHT_M = 2.0  # of the camera above the table, unless it is moved
_NOMINAL = CameraPose(np.zeros(3), np.eye(3))


class TableCanvas:
    """A square picture of a table; x points up in it, y to the left.

    A pinhole camera looks straight down; `look` moves it. Shapes have soft edges, a pixel wide.
    """

    def __init__(self, pixels: int, view_m: float) -> None:
        """Lay out the pixels.

        Args:
            pixels: rows and columns.
            view_m: from the middle of the picture to its edges, on the table.
        """
        self._nominal_pixel_m = 2 * view_m / pixels
        centres = view_m - self._nominal_pixel_m * (np.arange(pixels) + 0.5)
        x, y = np.meshgrid(centres, centres, indexing='ij')
        self._rays = np.stack([x, y, np.full_like(x, -HEIGHT_M)], axis=-1)
        self._colours = np.empty((pixels, pixels, 3))
        self.look(_NOMINAL)

    def look(self, pose: CameraPose) -> None:
        """Move the camera, from its nominal pose."""
        rays = self._rays @ pose.rotation.T
        reach = (HEIGHT_M + pose.shift_m[2]) / -rays[..., 2]  # where a ray meets the table
        self._x = pose.shift_m[0] + reach * rays[..., 0]
        self._y = pose.shift_m[1] + reach * rays[..., 1]
        self._pixel_m = self._nominal_pixel_m * reach

    def clear(self, colour: Float64Array) -> None:
        """Show the table alone, in a colour, (3,)."""
        self._colours[:] = colour

    def line(
        self, begin: Float64Array, end: Float64Array, half_width_m: float, colour: Float64Array
    ) -> None:
        """Draw a line with round ends, or a disc where it has no length."""
        along_x, along_y = (end - begin).tolist()
        from_x, from_y = self._x - begin[0], self._y - begin[1]
        length = along_x**2 + along_y**2
        share = ((from_x * along_x + from_y * along_y) / (length or 1.0)).clip(0.0, 1.0)
        distance = np.hypot(from_x - share * along_x, from_y - share * along_y)
        cover = (0.5 + (half_width_m - distance) / self._pixel_m).clip(0.0, 1.0)[..., None]
        self._colours += cover * (colour - self._colours)

    def picture(self) -> Bytes:
        """Return the pixels, (height, width, 3)."""
        return np.rint(self._colours).astype(np.uint8)
