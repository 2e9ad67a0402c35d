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

"""Limits on measured values."""

import math

import numpy as np
from orientation import quaternion
import pytest
from rl_agent.description.limits import LimitDescription, TiltDescription
from rl_agent.safety.limits import Limits

JOINTS = {'speed': ('hip', 'knee'), 'orientation': ('x', 'y', 'z', 'w')}
LEVEL = [0.0, 0.0, 0.0, 1.0]


def check(*, speed: list[float], orientation: list[float] | None = None) -> str | None:
    """Return the trip of a leg, as text."""
    limits = Limits(
        [LimitDescription('too_fast', 'speed', low=(-3.0,), high=(3.0, 5.0))],
        TiltDescription('orientation', max_roll_rad=0.5, max_pitch_rad=0.25),
        JOINTS,
    )
    trip = limits.check(
        {'speed': np.array(speed), 'orientation': np.array(orientation or LEVEL, np.float64)}
    )
    return None if trip is None else f'{trip.name}: {trip.text}'


@pytest.mark.parametrize('speed', [[0.0, 0.0], [3.0, 5.0], [-3.0, -3.0]])
def test_values_within_the_limits_do_not_trip(speed: list[float]) -> None:
    assert check(speed=speed) is None


@pytest.mark.parametrize(
    ('speed', 'expected'),
    [
        ([3.001, 0.0], 'too_fast: speed of hip: given 3.001; accepted: -3 to 3'),
        ([0.0, 5.5], 'too_fast: speed of knee: given 5.5; accepted: -3 to 5'),
        ([0.0, -math.inf], 'too_fast: speed of knee: given -inf; accepted: -3 to 5'),
        ([math.nan, 0.0], 'too_fast: speed of hip: given nan; accepted: -3 to 3'),
    ],
)
def test_a_trip_names_the_joint(speed: list[float], expected: str) -> None:
    assert check(speed=speed) == expected


@pytest.mark.parametrize(
    ('roll', 'pitch', 'expected'),
    [
        (0.49, -0.24, None),
        (0.51, 0.0, 'tilt: orientation: roll: given 0.51 rad; accepted: -0.5 to 0.5'),
        (-0.51, 0.0, 'tilt: orientation: roll: given -0.51 rad; accepted: -0.5 to 0.5'),
        (0.0, 0.26, 'tilt: orientation: pitch: given 0.26 rad; accepted: -0.25 to 0.25'),
        (math.pi, 0.0, 'tilt: orientation: roll: given 3.142 rad; accepted: -0.5 to 0.5'),
    ],
)
def test_a_base_that_tilts(roll: float, pitch: float, expected: str | None) -> None:
    assert check(speed=[0.0, 0.0], orientation=quaternion(roll, pitch, 1.0).tolist()) == expected


@pytest.mark.parametrize('bad', [[0.0] * 4, [math.nan, 0.0, 0.0, 1.0]])
def test_an_unknown_orientation_trips(bad: list[float]) -> None:
    trip = check(speed=[0.0, 0.0], orientation=bad)
    assert trip is not None
    assert 'accepted: a quaternion' in trip
