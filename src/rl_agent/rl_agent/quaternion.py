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

"""Angles of an orientation."""

import math

from rl_agent.array_types import Float64Array

_NO_ANGLES = (math.nan, math.nan, math.nan)


def roll_pitch_yaw(quaternion: Float64Array) -> tuple[float, float, float]:
    """Return roll, pitch and yaw, rad: turns about x, y and z, fixed axes (REP-103).

    All three are NaN where the length is 0, infinite or NaN: such a quaternion is no orientation.

    Args:
        quaternion: x, y, z, w, (4,).
    """
    x, y, z, w = quaternion.tolist()
    squared = x * x + y * y + z * z + w * w
    if not 0.0 < squared < math.inf:
        return _NO_ANGLES
    sine = 2.0 * (w * y - z * x) / squared
    return (
        math.atan2(2.0 * (w * x + y * z), w * w - x * x - y * y + z * z),
        math.asin(min(1.0, max(-1.0, sine))),
        math.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z),
    )
