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

"""The control rate that measured rates allow."""

import pytest
from rl_agent.robot_draft.control_rate import control_rate_hz, max_age_s
from rl_agent.robot_survey.survey import Part, Topic

JOINTS, IMU, SCAN = (f'sensor_msgs/msg/{name}' for name in ('JointState', 'Imu', 'LaserScan'))


def topic(kind: str, rate_hz: float) -> Topic:
    """Return a topic with eleven messages."""
    part = Part((), None, 11, 0.0, 10.0 / rate_hz)
    return Topic('topic', kind, parts={(): part})


@pytest.mark.parametrize(
    ('topics', 'rate_hz'),
    [
        ([(JOINTS, 500.0)], 50.0),
        ([(JOINTS, 48.0)], 50.0),  # 4 % less than 50 Hz
        ([(JOINTS, 47.0)], 40.0),
        ([(JOINTS, 100.0), (IMU, 10.0), (SCAN, 5.0)], 50.0),  # slower ones repeat
        ([(IMU, 100.0), (SCAN, 5.0)], 50.0),
        ([(SCAN, 7.0)], 5.0),
        ([(SCAN, 0.55)], 0.5),
        ([], 10.0),
    ],
)
def test_the_joints_decide(topics: list[tuple[str, float]], rate_hz: float) -> None:
    assert control_rate_hz([topic(*item) for item in topics]) == rate_hz


@pytest.mark.parametrize(
    ('rate_hz', 'age_s'),
    [(50.0, None), (48.0, None), (10.0, 0.3), (7.0, 0.5), (0.5, 6.0), (0.01, 60.0), (0.0, None)],
)
def test_a_slow_sensor_may_be_three_periods_old(rate_hz: float, age_s: float | None) -> None:
    """At a control rate of 50 Hz, rounded up to one digit."""
    assert max_age_s(rate_hz, 50.0) == age_s
