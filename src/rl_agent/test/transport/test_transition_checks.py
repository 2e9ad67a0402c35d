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

"""Which values and numbers a batch of transitions may have."""

from typing import Any

import numpy as np
import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition_checks import check_numbers, find_bad_rows, good_runs

ROWS = 6
NAN, INF = float('nan'), float('inf')


def make_columns(rows: int = ROWS) -> dict[str, np.ndarray[Any, Any]]:
    """Return good columns of 3 observations and 2 actions, at the ends of what is accepted."""
    return {
        'observation': np.full((rows, 3), -1e9, np.float32),
        'action': np.tile(np.array([-1.0, 1.0], np.float32), (rows, 1)),
        'reward': np.full(rows, 1e6, np.float32),
        'next_observation': np.full((rows, 3), 1e9, np.float32),
        'terminated': np.ones(rows, np.uint8),
        'truncated': np.zeros(rows, np.uint8),
        'intervention': np.full(rows, 2, np.uint8),
        'evaluation': np.zeros(rows, np.uint8),
    }


@pytest.mark.parametrize('rows', [0, 1, ROWS])
def test_values_at_the_bounds_are_accepted(rows: int) -> None:
    assert find_bad_rows(make_columns(rows)) is None


def test_the_rounding_of_an_action_is_accepted() -> None:
    columns = make_columns()
    columns['action'][:] = np.nextafter(np.float32(1), np.float32(2))
    assert find_bad_rows(columns) is None


@pytest.mark.parametrize(
    ('name', 'value', 'text'),
    [
        *((name, value, f'{name}[1]: given {value:g}')
          for name in ('observation', 'next_observation')
          for value in (NAN, INF, -INF, 2e9, -2e9, 3e38)),
        *(('action', value, f'action[1]: given {value:g}')
          for value in (NAN, INF, -INF, 1.001, -1.001, 1e30)),
        *(('reward', value, f'reward: given {value:g}')
          for value in (NAN, INF, -INF, 2e6, -2e6, 3e38, -3e38)),
        *((name, value, f'{name}: given {value}; accepted: 0 or 1')
          for name in ('terminated', 'truncated', 'evaluation')
          for value in (2, 128, 255)),
        *(('intervention', value, f'intervention: given {value}; accepted: 0 or 1 or 2')
          for value in (3, 255)),
    ],
)  # fmt: skip
@pytest.mark.parametrize('row', [0, ROWS - 1])
def test_one_bad_value_makes_one_bad_row(name: str, value: float, text: str, row: int) -> None:
    columns = make_columns()
    place = (row, 1) if columns[name].ndim == 2 else (row,)
    columns[name][place] = value
    bad = find_bad_rows(columns)
    assert bad is not None
    assert np.flatnonzero(bad.is_bad).tolist() == [row]
    assert bad.count == 1
    assert bad.reason.startswith(text)
    assert 'accepted: ' in bad.reason


def test_several_columns_are_all_named() -> None:
    columns = make_columns()
    columns['reward'][2] = NAN
    columns['action'][2, 0] = 5.0
    columns['action'][4, 1] = -7.0
    bad = find_bad_rows(columns)
    assert bad is not None
    assert np.flatnonzero(bad.is_bad).tolist() == [2, 4]
    assert list(bad.reasons) == ['action', 'reward']
    assert bad.reasons['action'].startswith('action[0]: given 5; accepted: ')


@pytest.mark.parametrize(
    ('is_bad', 'runs'),
    [
        ('', []),
        ('.', [(0, 1)]),
        ('x', []),
        ('....', [(0, 4)]),
        ('x..x.', [(1, 3), (4, 5)]),
        ('..xx', [(0, 2)]),
        ('.x.x.', [(0, 1), (2, 3), (4, 5)]),
    ],
)
def test_the_runs_between_bad_rows(is_bad: str, runs: list[tuple[int, int]]) -> None:
    assert good_runs(np.array([letter == 'x' for letter in is_bad], np.bool_)) == runs


@pytest.mark.parametrize(
    ('first', 'oldest', 'count'),
    [(1, 1, 1), (7, 1, 5), (7, 7, 5), ((1 << 63) - 1, 1, 1), ((1 << 63) - 5, 5, 5)],
)
def test_possible_numbers(first: int, oldest: int, count: int) -> None:
    check_numbers(first, oldest, count)


@pytest.mark.parametrize(
    ('first', 'oldest', 'count'),
    [
        (1, 1, 0),
        (5, 0, 2),
        (0, 0, 1),
        (0, 1, 1),
        (5, 6, 2),
        (1, 1 << 62, 0),
        ((1 << 63) - 1, 1, 2),
        (1 << 63, 1, 1),
        ((1 << 64) - 1, 1, (1 << 32) - 1),
        ((1 << 64) - 1, (1 << 64) - 1, 1),
    ],
)
def test_impossible_numbers(first: int, oldest: int, count: int) -> None:
    with pytest.raises(ConfigurationError, match=rf'given {count}, {oldest}, {first}; accepted: '):
        check_numbers(first, oldest, count)
