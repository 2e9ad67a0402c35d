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

"""Transforms of values from messages into values for a policy."""

from collections.abc import Callable
import math

import numpy as np
from rl_agent.array_checks import fits_float32
from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.quaternion import roll_pitch_yaw


def _roll_pitch_yaw(quaternion: Float64Array) -> Float64Array:
    """Return `roll_pitch_yaw` as an array, (3,)."""
    return np.array(roll_pitch_yaw(quaternion))


def projected_gravity(quaternion: Float64Array) -> Float64Array:
    """Return the direction of gravity in the body's frame, (3,); (0, 0, -1) stands upright.

    Args:
        quaternion: the body's orientation in the world, x, y, z, w, (4,), of any length; NaN
            results from one that is no orientation: of length 0, infinite or NaN.
    """
    length = np.linalg.norm(quaternion)
    if math.isinf(length):  # finite parts divided by it would mean `upright`
        return np.full(3, math.nan)
    x, y, z, w = quaternion / length
    return np.array([2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * (x * x + y * y) - 1.0])


def heading(quaternion: Float64Array) -> Float64Array:
    """Return cosine and sine of the yaw, (2,); unlike the yaw itself they never jump.

    Args:
        quaternion: x, y, z, w, (4,).
    """
    yaw = roll_pitch_yaw(quaternion)[2]
    return np.array([math.cos(yaw), math.sin(yaw)])


_TRANSFORMS: dict[str, Callable[[Float64Array], Float64Array]] = {
    'none': np.asarray,
    'sin': np.sin,
    'cos': np.cos,
    'roll_pitch_yaw': _roll_pitch_yaw,
    'projected_gravity': projected_gravity,
    'heading': heading,
}


def changes(field: ObservationField) -> bool:
    """Return whether `transform` changes the values of a field."""
    adapted = field.replace_nan is not None or (field.clip and field.bounds)
    return field.transform != 'none' or bool(adapted)


def transform(field: ObservationField, raw: Float64Array) -> Float64Array:
    """Return a field's values: transformed, then `replace_nan` and `clip` applied.

    The caller must refuse the NaN and infinity that are left, and must suppress NumPy's warnings
    with `np.errstate(invalid='ignore')`, which takes as long as a transform.

    Args:
        field: of the observation.
        raw: values as in the message, (raw,).
    """
    values = _TRANSFORMS[field.transform](raw)
    if field.replace_nan is not None:
        values = np.where(np.isnan(values), field.replace_nan, values)
    if field.clip and field.bounds:
        values = np.clip(values, *field.bounds)
    return values


def refuse_non_finite(name: str, values: Float64Array, given: Float64Array) -> None:
    """Refuse a field with values that are not finite in float32.

    Args:
        name: name of the field.
        values: transformed, (element,).
        given: named in the error, (raw,).

    Raises:
        RobotError: a value is not finite in float32.
    """
    if not fits_float32(values):
        raise RobotError(
            f'observation field {name!r}: given {given.tolist()}; accepted: finite numbers in'
            ' float32'
        )
