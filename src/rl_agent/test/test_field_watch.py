# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A field is judged by all messages that came, not by the last one alone."""

from collections.abc import Sequence
import math
from typing import Any

import numpy as np
import pytest
from rl_agent.check_report import CheckRow, table
from rl_agent.errors import RobotError
from rl_agent.field_watch import FieldWatch
from rl_agent.observation_description import ObservationField

RATE_HZ = 50.0


def watch(messages: Sequence[Any], period_s: float = 0.02, **more: Any) -> CheckRow:
    """Return the row after these messages, each the numbers themselves, and 10 ms more."""
    field = ObservationField('speed', 't', 'p/msg/M', 'f', size=2, **more)

    def extract(message: Any) -> Any:
        if isinstance(message, RobotError):
            raise message
        return np.array(message, np.float64)

    watched = FieldWatch(field, '/t', extract)
    for number, message in enumerate(messages):
        watched.on_message(message, number * period_s)
    return watched.judge((len(messages) - 1) * period_s + 0.01, RATE_HZ)


def test_a_good_field() -> None:
    row = watch([[1.0, 2.0]] * 20, bounds=(0.0, 2.0))
    assert row.cells() == ('speed', '/t', '50.0 Hz', '0.010 s', '1 2', '0 to 2', 'ok')


@pytest.mark.parametrize('number', [math.nan, math.inf])
def test_numbers_that_are_not_finite(number: float) -> None:
    row = watch([[1.0, 2.0], [1.0, number], [1.0, 2.0]])
    assert row.problems == [f'given 1 {number:g}; accepted: finite numbers']


def test_a_value_that_was_out_of_bounds_once() -> None:
    row = watch([[1.0, 1.0], [1.0, -3.5], [1.0, 1.0]], bounds=(-3.0, 3.0))
    assert row.problems == ['given -3.5 to 1; accepted: -3 to 3']


def test_a_clipped_value_is_within_its_bounds() -> None:
    assert watch([[math.inf, -9.0]] * 3, bounds=(0.0, 3.0), clip=True).problems == []


def test_a_topic_that_is_too_slow() -> None:
    row = watch([[1.0, 2.0]] * 20, period_s=0.025)
    assert row.problems == ['rate: given 40.0 Hz; accepted: the control rate, 50 Hz']


def test_a_topic_that_has_stopped() -> None:
    assert watch([[1.0, 2.0]] * 3, max_age_s=0.005).problems == [
        'age: given 0.010 s; accepted: 0.005 s'
    ]


def test_an_error_is_named_once() -> None:
    row = watch([RobotError("observation field 'speed': /t: frame: given 'a'")] * 5)
    assert row.problems == ["/t: frame: given 'a'"]


def test_a_table_by_hand() -> None:
    rows = [
        CheckRow('speed', '/t', '50.0 Hz', '0.010 s', '1 2', '0 to 2'),
        CheckRow('(command)', '/c', problems=['nobody']),
    ]
    assert table(rows).splitlines() == [
        'field      topic  rate     age      last value  bounds  verdict',
        '---------  -----  -------  -------  ----------  ------  -------',
        'speed      /t     50.0 Hz  0.010 s  1 2         0 to 2  ok',
        '(command)  /c     -        -        -           -       BAD',
        '',
        '(command): nobody',
    ]


def test_many_numbers_are_shown_by_their_extremes() -> None:
    field = ObservationField('scan', 't', 'p/msg/M', 'f', size=5)
    watched = FieldWatch(field, '/t', lambda message: np.array(message, float))
    watched.on_message([3, 1, 2, 5, 4], 0.0)
    assert watched.judge(0.0, None).value == '1 to 5 (5)'
