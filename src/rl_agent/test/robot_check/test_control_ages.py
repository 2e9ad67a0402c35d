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

"""Ages and repeats of messages at the steps of a control loop."""

import pytest
from rl_agent.robot_check.control_ages import control_ages, ControlAges


def test_a_sensor_as_fast_as_control() -> None:
    received_s = [0.25 + number for number in range(5)]
    assert control_ages(received_s, 0.0, 4.5, 1.0) == ControlAges(3, 0.0, 0.75, 0.75)


def test_a_sensor_of_half_the_rate_repeats_every_second_value() -> None:
    """Steps at 0 to 4 s, messages at 0, 2 and 4 s: ages 0, 1, 0, 1, 0."""
    assert control_ages([0.0, 2.0, 4.0], 0.0, 4.0, 1.0) == ControlAges(4, 0.5, 0.0, 1.0)


def test_a_fast_sensor_with_a_gap() -> None:
    """Ages 0, 1, 2, 0.25, 0.25."""
    received_s = [-0.5, 0.0, 2.5, 2.75, 3.75]
    assert control_ages(received_s, 0.0, 4.0, 1.0) == ControlAges(4, 0.5, 0.25, 2.0)


def test_steps_before_the_first_message_do_not_count() -> None:
    assert control_ages([2.5], 0.0, 4.0, 1.0) == ControlAges(1, 1.0, 1.0, 1.5)


@pytest.mark.parametrize(
    ('received_s', 'end_s'), [([], 9.0), ([5.0], 4.0), ([3.5], 4.0), ([0.0], -1.0)]
)
def test_less_than_two_steps_measure_nothing(received_s: list[float], end_s: float) -> None:
    assert control_ages(received_s, 0.0, end_s, 1.0) is None
