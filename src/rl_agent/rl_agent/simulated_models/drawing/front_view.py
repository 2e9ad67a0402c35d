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

"""A floor with a round post on it, as a camera on a mobile robot sees them."""

import math

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.image import Bytes
from rl_agent.simulated_models.drawing.appearance import CameraPose

HEIGHT_M = 0.2  # of the camera above the floor, unless it is moved
HALF_VIEW_RAD = math.radians(50.0)  # from the middle of the picture to its left and right edge
POST_RADIUS_M, POST_HEIGHT_M = 0.12, 0.5
_LEAST = 1e-9


class FrontView:
    """A square picture of a pinhole camera that looks ahead, along the robot's x axis."""

    def __init__(self, pixels: int) -> None:
        """Lay out the pixels; the camera is above the robot's origin.

        Args:
            pixels: rows and columns.
        """
        edge = math.tan(HALF_VIEW_RAD)
        self._pixel = 2.0 * edge / pixels  # at a distance of 1
        centres = edge - self._pixel * (np.arange(pixels) + 0.5)
        up, left = np.meshgrid(centres, centres, indexing='ij')
        self._rays = np.stack([np.ones_like(up), left, up], axis=-1)
        self.look(CameraPose(np.zeros(3), np.eye(3)))

    def look(self, pose: CameraPose) -> None:
        """Move the camera, from its nominal pose on the robot."""
        self._place = pose.shift_m + np.array([0.0, 0.0, HEIGHT_M])
        rays = self._rays @ pose.rotation.T
        length = np.maximum(np.hypot(rays[..., 0], rays[..., 1]), _LEAST)
        self._ahead = rays[..., :2] / length[..., None]
        self._slope = rays[..., 2] / length
        self._width = self._pixel / length  # of a pixel, at a distance of 1 along the floor

    def picture(
        self, post: Float64Array, sky: Float64Array, floor: Float64Array, colour: Float64Array
    ) -> Bytes:
        """Return the pixels, (height, width, 3).

        Args:
            post: where it stands, in the robot's frame, m, (2,).
            sky: colour above the horizon, (3,).
            floor: colour below it, (3,).
            colour: of the post, (3,).
        """
        below = (0.5 - self._slope / self._width).clip(0.0, 1.0)[..., None]
        colours = sky + below * (floor - sky)
        offset = post - self._place[:2]
        along = self._ahead @ offset
        beside = np.abs(self._ahead[..., 0] * offset[1] - self._ahead[..., 1] * offset[0])
        depth = along - np.sqrt(np.maximum(POST_RADIUS_M**2 - beside**2, 0.0))
        edge = np.maximum(depth, _LEAST) * self._width
        height = self._place[2] + depth * self._slope
        cover = (0.5 + (POST_RADIUS_M - beside) / edge).clip(0.0, 1.0)
        cover *= (0.5 + (POST_HEIGHT_M - height) / edge).clip(0.0, 1.0)
        cover *= (0.5 + height / edge).clip(0.0, 1.0)
        cover[depth <= 0.0] = 0.0
        seen: Bytes = np.rint(colours + cover[..., None] * (colour - colours)).astype(np.uint8)
        return seen
