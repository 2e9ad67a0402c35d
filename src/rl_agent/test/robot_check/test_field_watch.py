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

"""A topic is checked by all messages that arrive, as the agent would use them."""

from collections.abc import Mapping, Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.robot_check.field_watch import FieldWatch, TopicWatch
from rl_agent.robot_check.report import CheckRow, format_table

RATE_HZ = 50.0
WATCHDOG_S = 0.5

ARM, GRIPPER = {'arm': [1.0, 2.0]}, {'finger': [3.0, 4.0]}


def field_watch(name: str = 'speed', **more: Any) -> FieldWatch:
    """Return the watch of a field; a message is the numbers, or numbers by name."""
    field = ObservationField(name, 't', 'p/msg/M', 'f', **{'size': 2, **more})

    def extract(message: Any) -> NDArray[np.float64]:
        if isinstance(message, RobotError):
            raise message
        if isinstance(message, Mapping) and name not in message:
            raise RobotError(f'observation field {name!r}: /t: the message names {[*message]}')
        numbers = message[name] if isinstance(message, Mapping) else message
        return np.array(numbers, np.float64)

    return FieldWatch(field, '/t', extract)


def check(
    fields: Sequence[FieldWatch],
    messages: Sequence[Any],
    received_s: Sequence[float],
    rate_hz: float | None = RATE_HZ,
    watchdog_s: float = WATCHDOG_S,
) -> list[CheckRow]:
    """Return the rows 10 ms after the last message."""
    topic = TopicWatch(fields, watchdog_s)
    for message, time_s in zip(messages, received_s, strict=True):
        topic.on_message(message, time_s)
    return topic.check(received_s[-1] + 0.01, rate_hz)


def watch(messages: Sequence[Any], period_s: float = 0.02, **more: Any) -> CheckRow:
    """Return the row of one field after these messages."""
    times_s = [number * period_s for number in range(len(messages))]
    return check([field_watch(**more)], messages, times_s)[0]


def test_a_field_without_problems() -> None:
    row = watch([[1.0, 2.0]] * 20, bounds=(0.0, 2.0))
    assert row.cells() == ('speed', '/t', '50.0 Hz', '0.010 s', '1 2', '0 to 2', 'ok')


@pytest.mark.parametrize(
    ('number', 'words'), [(math.nan, 'nan'), (math.inf, 'inf'), (1e300, '1e+300')]
)
def test_numbers_that_are_not_finite_in_float32(number: float, words: str) -> None:
    row = watch([[1.0, 2.0], [1.0, number], [1.0, 2.0]])
    assert row.problems == [
        f'given 1 {words}; accepted: finite numbers in float32',
        'rate: given 25.0 Hz of messages that fit speed; accepted: the control rate, 50 Hz',
    ]


def test_a_bad_message_is_no_problem_if_enough_others_fit() -> None:
    messages = [[1.0, math.nan if number == 10 else 2.0] for number in range(100)]
    row = watch(messages, period_s=0.01)
    assert (row.problems, row.rate) == ([], '99.0 Hz')  # 98 periods in 0.99 s


def test_a_gap_that_the_mean_rate_hides() -> None:
    """A 100 Hz sensor is silent for 6 of 20 s."""
    times_s = [number / 100 for number in range(2001) if not 700 < number < 1300]
    (row,) = check([field_watch()], [[1.0, 2.0]] * len(times_s), times_s)
    assert row.problems == ['age: given up to 6.000 s; accepted: max_age_s, 0.5 s']
    assert (row.rate, row.age) == ('70.0 Hz', '0.010 s')


def test_messages_that_do_not_fit_fill_no_gap() -> None:
    messages = [[1.0, math.nan if 30 < number < 90 else 2.0] for number in range(120)]
    row = watch(messages, period_s=0.01)
    assert row.problems == [
        'given 1 nan; accepted: finite numbers in float32',
        'age: given up to 0.600 s; accepted: max_age_s, 0.5 s',
    ]


@pytest.mark.parametrize(
    ('watchdog_s', 'own_s', 'accepted'),
    [(0.5, None, '0.5 s'), (3.0, None, ''), (0.5, 3.0, ''), (3.0, 0.2, '0.2 s')],
)
def test_the_largest_accepted_age_is_that_of_the_agent(
    watchdog_s: float, own_s: float | None, accepted: str
) -> None:
    """A sensor of 1 Hz on a robot of 1 Hz."""
    fields = [field_watch(max_age_s=own_s)]
    (row,) = check(fields, [[1.0, 2.0]] * 4, [0.0, 1.0, 2.0, 3.0], 1.0, watchdog_s)
    expected = [f'age: given up to 1.000 s; accepted: max_age_s, {accepted}'] if accepted else []
    assert row.problems == expected


def test_each_field_has_its_own_largest_age() -> None:
    fields = [field_watch('arm', max_age_s=0.015), field_watch('finger')]
    rows = check(fields, [{**ARM, **GRIPPER}] * 3, [0.0, 0.02, 0.04])
    problem = 'age: given up to 0.020 s; accepted: max_age_s, 0.015 s'
    assert [row.problems for row in rows] == [[problem], []]


@pytest.mark.parametrize(
    ('period_s', 'max_age_s', 'accepted'), [(2.0, 20, True), (2.0, 1.5, False)]
)
def test_a_field_with_an_age_of_its_own_may_be_slower_than_control(
    period_s: float, max_age_s: float, accepted: bool
) -> None:
    """A battery at 0.5 Hz, control at 50 Hz."""
    row = watch([[1.0, 2.0]] * 3, period_s, max_age_s=max_age_s)
    problem = f'age: given up to 2.000 s; accepted: max_age_s, {max_age_s:g} s'
    assert row.problems == ([] if accepted else [problem])


def test_one_message_within_its_age_is_enough() -> None:
    assert watch([[1.0, 2.0]], max_age_s=20).problems == []
    assert watch([[1.0, math.nan]], max_age_s=20).problems == [
        'given 1 nan; accepted: finite numbers in float32',
        'age: given no message that fits; accepted: max_age_s, 20 s',
    ]


def test_an_arm_and_its_gripper_share_a_topic() -> None:
    """The gripper's messages come 5 ms after the arm's; it sends one more at the end."""
    times_s = [0.0, 0.005, 0.02, 0.025, 0.04, 0.045, 0.05]
    messages = [ARM, GRIPPER, ARM, GRIPPER, ARM, GRIPPER, GRIPPER]
    (row,) = check([field_watch('arm')], messages, times_s)
    assert row.cells() == ('arm', '/t', '50.0 Hz', '0.020 s', '1 2', '-', 'ok')


def test_other_messages_of_a_topic_do_not_count() -> None:
    """Messages come at 50 Hz, the arm's at 25 Hz."""
    times_s = [0.0, 0.02, 0.04, 0.06]
    (row,) = check([field_watch('arm')], [ARM, GRIPPER, ARM, GRIPPER], times_s)
    assert row.problems == [
        "/t: the message names ['finger']",
        'rate: given 25.0 Hz of messages that fit arm; accepted: the control rate, 50 Hz',
    ]
    assert row.age == '0.030 s'


def test_arm_and_gripper_may_be_described_both() -> None:
    """Each field counts the messages that fit it."""
    fields = [field_watch('arm'), field_watch('finger')]
    arm, finger = check(fields, [ARM, GRIPPER] * 10, [number / 100 for number in range(20)])
    assert (arm.problems, arm.rate, arm.age) == ([], '50.0 Hz', '0.020 s')
    assert (finger.problems, finger.rate, finger.age) == ([], '50.0 Hz', '0.010 s')


def test_in_lockstep_every_message_must_fit_at_any_rate() -> None:
    fields = [field_watch('arm', max_age_s=0.1)]
    (row,) = check(fields, [ARM, ARM], [0.0, 10.0], None)
    assert (row.problems, row.rate) == ([], '0.1 Hz')
    (row,) = check([field_watch('arm')], [ARM, GRIPPER], [0.0, 0.1], None)
    assert row.problems == ["/t: the message names ['finger']"]


def test_one_value_out_of_bounds() -> None:
    row = watch([[1.0, 1.0], [1.0, -3.5], [1.0, 1.0]], bounds=(-3.0, 3.0))
    assert row.problems == ['given -3.5 to 1; accepted: -3 to 3']


def test_a_clipped_value_is_within_its_bounds() -> None:
    assert watch([[math.inf, -9.0]] * 3, bounds=(0.0, 3.0), clip=True).problems == []


def test_a_topic_that_is_too_slow() -> None:
    row = watch([[1.0, 2.0]] * 20, period_s=0.025)
    assert row.problems == ['rate: given 40.0 Hz; accepted: the control rate, 50 Hz']


def test_a_topic_that_stopped() -> None:
    row = watch([[1.0, 2.0]] * 3, period_s=0.001, max_age_s=0.005)
    assert row.problems == ['age: given up to 0.010 s; accepted: max_age_s, 0.005 s']


def test_an_error_is_reported_once() -> None:
    row = watch([RobotError("observation field 'speed': /t: frame: given 'a'")] * 5)
    assert row.problems[0] == "/t: frame: given 'a'"
    assert [problem.partition(':')[0] for problem in row.problems[1:]] == ['rate']


def test_of_many_different_errors_three_are_reported() -> None:
    row = watch([[math.nan, number] for number in range(100)])
    reasons = [f'given nan {number}; accepted: finite numbers in float32' for number in range(3)]
    assert row.problems[:-1] == reasons


def test_format_table() -> None:
    rows = [
        CheckRow('speed', '/t', '50.0 Hz', '0.010 s', '1 2', '0 to 2'),
        CheckRow('(command)', '/c', problems=['no subscriber']),
    ]
    assert format_table(rows).splitlines() == [
        'field      topic  rate     age      last value  bounds  verdict',
        '---------  -----  -------  -------  ----------  ------  -------',
        'speed      /t     50.0 Hz  0.010 s  1 2         0 to 2  ok',
        '(command)  /c     -        -        -           -       BAD',
        '',
        '(command): no subscriber',
    ]


def test_many_numbers_are_shown_as_their_extremes() -> None:
    (row,) = check([field_watch(size=5)], [[3, 1, 2, 5, 4]], [0.0], None)
    assert row.value == '1 to 5 (5)'
