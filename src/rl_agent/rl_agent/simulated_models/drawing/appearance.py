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

"""Colours, light and camera of a drawn picture, as an episode has drawn them."""

from collections.abc import Mapping, Sequence
import copy
from dataclasses import dataclass
import math

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.randomisation import Draw, draw, RandomisationRanges

Colour = tuple[int, int, int]
VISUAL_RANGES = ('light', 'colour_shift', 'camera_position_m', 'camera_angle_rad')
_CHANNELS, _AXES = ('red', 'green', 'blue'), ('x', 'y', 'z')
_BRIGHTEST = 255.0


@dataclass(frozen=True, eq=False)
class CameraPose:
    """Where a camera is, from its nominal place.

    Attributes:
        shift_m: (3,).
        rotation: from the camera's axes to the world's, (3, 3).
    """

    shift_m: Float64Array
    rotation: Float64Array


def draw_look(
    ranges: RandomisationRanges, rng: np.random.Generator, things: Sequence[str]
) -> Draw:
    """Return how the next episode looks.

    Args:
        ranges: what varies.
        rng: of the episode's start; it is copied, so that later starts stay the same.
        things: each channel of each one's colour is drawn separately, and each axis.
    """
    channels = tuple(f'{thing}/{channel}' for thing in things for channel in _CHANNELS)
    parts = {'colour_shift': channels, 'camera_position_m': _AXES, 'camera_angle_rad': _AXES}
    return draw(ranges, int(copy.deepcopy(rng).integers(2**63)), parts)


def drawn_colours(nominal: Mapping[str, Colour], drawn: Draw) -> dict[str, Float64Array]:
    """Return the colour of each thing, from 0 to 255, (3,): shifted first, then lit."""
    light, found = drawn.value('light', 1.0), {}
    for thing, colour in nominal.items():
        shift = [drawn.value(f'colour_shift/{thing}/{channel}', 0.0) for channel in _CHANNELS]
        own = np.clip(np.array(colour) + _BRIGHTEST * np.array(shift), 0.0, _BRIGHTEST)
        found[thing] = np.clip(light * own, 0.0, _BRIGHTEST)
    return found


def drawn_pose(drawn: Draw) -> CameraPose:
    """Return the camera's pose: turned about the world's x, then y, then z."""
    shift = [drawn.value(f'camera_position_m/{axis}', 0.0) for axis in _AXES]
    angles = [drawn.value(f'camera_angle_rad/{axis}', 0.0) for axis in _AXES]
    rotation = np.eye(3)
    for axis, angle in enumerate(angles):
        rotation = _turn(axis, angle) @ rotation
    return CameraPose(np.array(shift), rotation)


def _turn(axis: int, angle: float) -> Float64Array:
    """Return the rotation about one axis, right-handed, (3, 3)."""
    after, last = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[after, after] = turn[last, last] = math.cos(angle)
    turn[last, after] = math.sin(angle)
    turn[after, last] = -turn[last, after]
    return turn
