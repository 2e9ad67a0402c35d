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

"""Proposes a control rate, and the largest ages of sensors that are slower."""

from collections.abc import Sequence
import math

from rl_agent.robot_survey.survey import Topic

_RATES_HZ = (1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 30.0, 40.0, 50.0)
_UNKNOWN_HZ = 10.0
_MARGIN = 0.95  # measured rates vary
_PERIODS = 3  # of a slow sensor, until its value is too old
_LARGEST_AGE_S = 60.0
# what control needs most; sensors of the next group, and all others, may be slower
_GROUPS = (
    ('sensor_msgs/msg/JointState', 'unitree_go/msg/LowState'),
    ('sensor_msgs/msg/Imu', 'nav_msgs/msg/Odometry'),
)


def control_rate_hz(topics: Sequence[Topic]) -> float:
    """Return the highest usual rate at which each topic has a new message, at most 50 Hz.

    The joints decide; without joints IMU and odometry, and without these all topics.
    """
    moving = [item for item in topics if item.rate_hz > 0.0]
    if not moving:
        return _UNKNOWN_HZ
    groups = [[item for item in moving if item.type in kinds] for kinds in _GROUPS]
    slowest = min(item.rate_hz for item in next(filter(None, [*groups, moving])))
    fitting = [rate for rate in _RATES_HZ if _MARGIN * rate <= slowest]
    return fitting[-1] if fitting else max(0.1, math.floor(10 * slowest) / 10)


def max_age_s(rate_hz: float, control_hz: float) -> float | None:
    """Return a largest age for a sensor that is slower than control; None: it is not slower."""
    if rate_hz >= _MARGIN * control_hz or rate_hz <= 0.0:
        return None
    age_s = _PERIODS / rate_hz
    step = 10.0 ** math.floor(math.log10(age_s))
    return min(round(math.ceil(age_s / step) * step, 9), _LARGEST_AGE_S)
