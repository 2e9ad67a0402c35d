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

"""Angles of an orientation agree with the textbooks."""

import math

import numpy as np
from orientation import quaternion
import pytest
from rl_agent.quaternion import roll_pitch_yaw


@pytest.mark.parametrize('seed', range(5))
def test_roll_pitch_yaw_are_recovered(seed: int) -> None:
    random = np.random.default_rng(seed)
    angles = random.uniform([-math.pi, -1.5, -math.pi], [math.pi, 1.5, math.pi])
    length = random.uniform(0.5, 2.0)  # has no influence
    np.testing.assert_allclose(roll_pitch_yaw(length * quaternion(*angles)), angles, atol=1e-12)


@pytest.mark.parametrize('yaw', [-3.0, -1.0, 0.0, 2.0])
@pytest.mark.parametrize(
    ('roll', 'pitch'), [(0.0, 0.0), (0.49, 0.24), (-1.2, 0.3), (3.0, -1.5), (0.1, 1.56)]
)
def test_roll_and_pitch_do_not_depend_on_the_heading(
    roll: float, pitch: float, yaw: float
) -> None:
    found = roll_pitch_yaw(7.0 * quaternion(roll, pitch, yaw))
    assert found[:2] == pytest.approx((roll, pitch), abs=1e-6)
