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

"""Quaternions of given angles, for tests."""

import math

import numpy as np
from rl_agent.array_types import Float64Array


def quaternion(roll: float, pitch: float, yaw: float) -> Float64Array:
    """Return x, y, z, w of turns about the fixed axes x, y, z, by multiplying quaternions."""

    def turn(angle: float, axis: int) -> Float64Array:
        result = np.zeros(4)
        result[axis], result[3] = math.sin(angle / 2.0), math.cos(angle / 2.0)
        return result

    def multiply(left: Float64Array, right: Float64Array) -> Float64Array:
        vector = left[3] * right[:3] + right[3] * left[:3] + np.cross(left[:3], right[:3])
        return np.append(vector, left[3] * right[3] - left[:3] @ right[:3])

    return multiply(turn(yaw, 2), multiply(turn(pitch, 1), turn(roll, 0)))
