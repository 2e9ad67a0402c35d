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

"""Transforms agree with the textbooks."""

from collections.abc import Callable
import math
from typing import Any

import numpy as np
from orientation import quaternion
import pytest
from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.environment.transforms import projected_gravity, transform
from rl_agent.quaternion import roll_pitch_yaw


@pytest.mark.parametrize(
    ('angles', 'gravity'),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
        ((0.0, 0.0, 1.0), (0.0, 0.0, -1.0)),  # yaw has no influence
        ((math.pi, 0.0, 0.0), (0.0, 0.0, 1.0)),
        ((math.pi / 2, 0.0, 0.0), (0.0, -1.0, 0.0)),
        ((0.0, math.pi / 2, 0.0), (1.0, 0.0, 0.0)),  # nose down
        ((0.0, -math.pi / 6, 2.0), (-0.5, 0.0, -math.sqrt(0.75))),
    ],
)
def test_gravity_by_hand(
    angles: tuple[float, float, float], gravity: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(projected_gravity(quaternion(*angles)), gravity, atol=1e-12)


@pytest.mark.parametrize('convert', [projected_gravity, roll_pitch_yaw])
def test_a_quaternion_of_infinite_length_is_no_orientation(
    convert: Callable[[Float64Array], Float64Array | tuple[float, float, float]],
) -> None:
    """Divided by its infinite length it would mean that the robot stands upright."""
    assert np.isnan(convert(np.array([1e200, 0.0, 0.0, 0.0]))).all()
    np.testing.assert_allclose(
        convert(np.array([1e100, 0.0, 0.0, 0.0])), convert(np.array([1.0, 0.0, 0.0, 0.0]))
    )


def field(**more: Any) -> ObservationField:
    return ObservationField('a', 't', 'p/msg/M', 'f', size=4, **more)


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        ({}, [math.inf, -math.inf, math.nan, 7.0]),
        ({'bounds': (0.0, 5.0)}, [math.inf, -math.inf, math.nan, 7.0]),
        ({'bounds': (0.0, 5.0), 'clip': True}, [5.0, 0.0, math.nan, 5.0]),
        ({'replace_nan': 2.0}, [math.inf, -math.inf, 2.0, 7.0]),
        ({'bounds': (0.0, 5.0), 'clip': True, 'replace_nan': 9.0}, [5.0, 0.0, 5.0, 5.0]),
    ],
)
def test_values_that_are_not_finite_or_out_of_bounds(
    more: dict[str, Any], expected: list[float]
) -> None:
    given = np.array([math.inf, -math.inf, math.nan, 7.0])
    np.testing.assert_array_equal(transform(field(**more), given), expected)


@pytest.mark.parametrize('name', ['roll_pitch_yaw', 'projected_gravity'])
def test_a_quaternion_of_zeros_is_no_orientation(name: Any) -> None:
    """Drivers without an orientation send zeros; the result is refused as not finite."""
    with np.errstate(invalid='ignore'):
        assert np.isnan(transform(field(transform=name), np.zeros(4))).all()
