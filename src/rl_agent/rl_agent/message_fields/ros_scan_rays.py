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

"""The rays of a laser scan by angle, however many rays a message has and where they begin."""

from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_field_paths import FieldType, resolve

_TURN_RAD = 2.0 * math.pi
# Scanners leave gaps of a few rays where a turn begins, or count one ray twice.
TOLERANCE_RAD = math.radians(2.0)
_ANGLES = ('angle_min', 'angle_increment')


def has_rays(type_name: str, path: str) -> bool:
    """Return whether a path leads to the ranges or intensities of a scan, as in a LaserScan."""
    try:
        kinds = [resolve(type_name, name) for name in (path, *_ANGLES)]
    except ConfigurationError:
        return False
    return kinds == [FieldType('float', is_list=True), *[FieldType('float')] * len(_ANGLES)]


class ScanRays:
    """Finds the rays nearest to some angles; again only for a scan that is laid out otherwise."""

    def __init__(self, angles_rad: Sequence[float]) -> None:
        """Find the rays at these angles, counter-clockwise from ahead (REP-103)."""
        self._angles_rad = np.array(angles_rad)
        self._layout: tuple[float, float, int] | None = None
        self._indices = np.zeros(0, np.intp)

    def indices(self, message: Any, count: int) -> NDArray[np.intp]:
        """Return the index of the ray for each angle, (angle,).

        Args:
            message: the scan.
            count: how many rays it has.

        Raises:
            RobotError: the scan does not cover an angle, or does not say where its rays are.
        """
        layout = (message.angle_min, message.angle_increment, count)
        if layout != self._layout:
            self._indices = self._find(*layout)
            self._layout = layout
        return self._indices

    def _find(self, first_rad: float, step_rad: float, count: int) -> NDArray[np.intp]:
        """Return the indices for scans that begin at an angle, with this angle between rays."""
        if not (math.isfinite(first_rad) and math.isfinite(step_rad) and step_rad and count):
            raise RobotError(
                f'given angle_min {first_rad:g}, angle_increment {step_rad:g} and {count} rays;'
                ' accepted: rays at known angles'
            )
        size_rad = abs(step_rad)
        # how far each angle lies behind the first ray, in the direction of the scan
        behind_rad = (math.copysign(1.0, step_rad) * (self._angles_rad - first_rad)) % _TURN_RAD
        nearest = np.rint(behind_rad / size_rad).astype(np.intp)
        last_rad = (count - 1) * size_rad
        beyond = behind_rad > last_rad
        to_last, to_first = behind_rad - last_rad, _TURN_RAD - behind_rad
        nearest[beyond] = np.where(to_last <= to_first, count - 1, 0)[beyond]
        missed = beyond & (np.minimum(to_last, to_first) > max(size_rad, TOLERANCE_RAD))
        if missed.any():
            end_rad = first_rad + (count - 1) * step_rad
            raise RobotError(
                f'no ray at {self._angles_rad[missed][0]:.4g} rad; accepted: angles within the'
                f' scan, {min(first_rad, end_rad):.4g} to {max(first_rad, end_rad):.4g} rad'
            )
        indices: NDArray[np.intp] = np.minimum(nearest, count - 1)
        return indices
