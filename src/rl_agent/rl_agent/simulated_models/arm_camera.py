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

"""The arm on a table, seen by a camera above it."""

import numpy as np
from rl_agent.array_types import Float64Array, Frame
from rl_agent.description.image import Bytes
from rl_agent.simulated_models.arm import Arm, LENGTH_M
from rl_agent.simulated_models.model import SensorValues

TOPIC = 'camera/image_raw'
_TABLE, _LINK, _HAND, _TARGET = (235, 232, 224), (70, 80, 100), (230, 150, 30), (200, 30, 40)
_HALF_LINK_M, _HAND_M, _TARGET_M = 0.05, 0.08, 0.08
_VIEW_M = 1.1  # from the middle of the picture to its edges
_FILM_PIXELS = 240


class ArmCamera(Arm):
    """An `Arm` with a camera: x points up in its pictures, y to the left.

    The picture has links, hand and target as filled shapes with soft edges.
    """

    def __init__(self, pixels: float = 96.0) -> None:
        """Start as an `Arm`.

        Args:
            pixels: rows and columns of the camera.
        """
        super().__init__()
        self._camera, self._film = _Canvas(round(pixels)), _Canvas(_FILM_PIXELS)

    def sensors(self) -> SensorValues:
        """Return the positions of hand and target, and the picture."""
        return {**super().sensors(), TOPIC: {'data': self._picture(self._camera)}}

    def frame(self) -> Frame:
        """Return a picture for people, (height, width, 3)."""
        return self._picture(self._film)

    def _picture(self, canvas: '_Canvas') -> Bytes:
        """Return what a camera of this size sees, (height, width, 3)."""
        shoulder, hand = np.zeros(2), self.hand[:2]
        angle = float(self.position[0])
        elbow = LENGTH_M * np.array([np.cos(angle), np.sin(angle)])
        canvas.clear()
        canvas.line(self.target[:2], self.target[:2], _TARGET_M, _TARGET)
        canvas.line(shoulder, elbow, _HALF_LINK_M, _LINK)
        canvas.line(elbow, hand, _HALF_LINK_M, _LINK)
        canvas.line(hand, hand, _HAND_M, _HAND)
        return canvas.picture()


class _Canvas:
    """A square picture of the table."""

    def __init__(self, pixels: int) -> None:
        """Lay out the pixels."""
        self._pixel_m = 2 * _VIEW_M / pixels
        centres = _VIEW_M - self._pixel_m * (np.arange(pixels) + 0.5)
        self._x, self._y = np.meshgrid(centres, centres, indexing='ij')
        self._colours = np.empty((pixels, pixels, 3))
        self.clear()

    def clear(self) -> None:
        """Show the table alone."""
        self._colours[:] = _TABLE

    def line(
        self,
        begin: Float64Array,
        end: Float64Array,
        half_width_m: float,
        colour: tuple[int, int, int],
    ) -> None:
        """Draw a line with round ends, or a disc where it has no length."""
        along_x, along_y = (end - begin).tolist()
        from_x, from_y = self._x - begin[0], self._y - begin[1]
        length = along_x**2 + along_y**2
        share = ((from_x * along_x + from_y * along_y) / (length or 1.0)).clip(0.0, 1.0)
        distance = np.hypot(from_x - share * along_x, from_y - share * along_y)
        cover = (0.5 + (half_width_m - distance) / self._pixel_m).clip(0.0, 1.0)[..., None]
        self._colours += cover * (np.array(colour) - self._colours)

    def picture(self) -> Bytes:
        """Return the pixels, (height, width, 3)."""
        return np.rint(self._colours).astype(np.uint8)
