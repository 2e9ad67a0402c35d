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

"""Limits on measured values: the robot must stop when one is exceeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

import numpy as np
from rl_agent.array_checks import all_true
from rl_agent.array_types import FieldValues
from rl_agent.description.field_types import per_joint
from rl_agent.description.limits import LimitDescription, TiltDescription
from rl_agent.quaternion import roll_pitch_yaw

_LEAST_SQUARED_LENGTH = 1e-6  # of a quaternion that is an orientation


@dataclass(frozen=True)
class Trip:
    """A limit that was exceeded.

    Attributes:
        name: name of the limit.
        text: which value, what was given and what is accepted.
    """

    name: str
    text: str


class Limit:
    """Bounds on the values of one field, as in the message."""

    def __init__(self, description: LimitDescription, element_names: Sequence[str]) -> None:
        """Watch a field; its values have these names."""
        self._name, self._field = description.name, description.observation
        self._element_names = tuple(element_names)
        size = len(element_names)
        self._low = np.array(per_joint(description.low, [-math.inf] * size))
        self._high = np.array(per_joint(description.high, [math.inf] * size))

    def check(self, values: FieldValues) -> Trip | None:
        """Return the trip if a value is out of bounds or NaN."""
        given = values[self._field]
        # not the opposite test, because a comparison with NaN is false
        inside = (given >= self._low) & (given <= self._high)
        if all_true(inside):
            return None
        number = int(np.argmin(inside))
        return Trip(
            self._name,
            f'{self._field} of {self._element_names[number]}: given {given[number]:.6g};'
            f' accepted: {self._low[number]:g} to {self._high[number]:g}',
        )


class TiltLimit:
    """Bounds on roll and pitch."""

    def __init__(self, description: TiltDescription) -> None:
        """Watch an orientation."""
        self._field = description.observation
        self._max_roll, self._max_pitch = description.max_roll_rad, description.max_pitch_rad

    def check(self, values: FieldValues) -> Trip | None:
        """Return the trip if the base is tilted too far or its orientation is unknown."""
        quaternion = values[self._field]
        roll, pitch, _ = roll_pitch_yaw(quaternion)
        # an IMU without an orientation sends zeros
        if math.isnan(roll) or quaternion.dot(quaternion) <= _LEAST_SQUARED_LENGTH:
            return Trip(
                'tilt', f'{self._field}: given {quaternion.tolist()}; accepted: a quaternion'
            )
        for name, angle, bound in (
            ('roll', roll, self._max_roll),
            ('pitch', pitch, self._max_pitch),
        ):
            if not abs(angle) <= bound:
                return Trip(
                    'tilt',
                    f'{self._field}: {name}: given {angle:.4g} rad; accepted: {-bound:g} to'
                    f' {bound:g}',
                )
        return None


class Limits:
    """All limits of a robot."""

    def __init__(
        self,
        limits: Sequence[LimitDescription],
        tilt: TiltDescription | None,
        element_names: Mapping[str, Sequence[str]],
    ) -> None:
        """Watch these limits.

        Args:
            limits: bounds on fields.
            tilt: bound on the tilt of the base; None: not watched.
            element_names: observation field to the names of its values.
        """
        self._limits: list[Limit | TiltLimit] = [
            Limit(item, element_names[item.observation]) for item in limits
        ]
        if tilt is not None:
            self._limits.append(TiltLimit(tilt))

    def check(self, values: FieldValues) -> Trip | None:
        """Return the first limit that is exceeded, if any.

        Args:
            values: observation field to its values as in the message.
        """
        for limit in self._limits:
            trip = limit.check(values)
            if trip is not None:
                return trip
        return None
