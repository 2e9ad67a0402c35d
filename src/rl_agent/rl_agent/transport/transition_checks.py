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

"""What a transition may contain: the one check for every way into the journal and into training.

The tests of whole columns are reductions, which NaN fails, too. Only a batch that fails one of
them is looked at row by row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition_columns import COLUMNS

Columns = Mapping[str, NDArray[Any]]

_SEQUENCES = 1 << 63  # numbers below it fit into every integer type that stores them


@dataclass(frozen=True)
class TransitionLimits:
    """Largest absolute values in a transition.

    Training squares products of these in float32, whose range ends at 3.4e38. With observations of
    1e12 a network of the shipped presets is no longer finite after a hundred updates.

    Attributes:
        observation: of each number of `observation` and `next_observation`, in its own unit.
        action: of each number of an executed action.
        reward: of a step.
    """

    observation: float = 1e9
    action: float = 1.0 + 1e-5  # the executed action is computed from a command, in float32
    reward: float = 1e6


@dataclass(frozen=True, eq=False)
class BadRows:
    """The rows of a batch that must be neither stored nor trained on.

    Attributes:
        is_bad: for each row, (count,).
        reasons: column to what is wrong with the first such row of it.
    """

    is_bad: NDArray[np.bool_]
    reasons: Mapping[str, str]

    @property
    def count(self) -> int:
        """Number of bad rows."""
        return int(np.count_nonzero(self.is_bad))

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        return '; '.join(self.reasons.values())


_LIMITS = TransitionLimits()
_HIGHEST = {column.name: column.highest for column in COLUMNS if column.kind}
_LIMIT_OF = {
    'observation': _LIMITS.observation,
    'action': _LIMITS.action,
    'reward': _LIMITS.reward,
    'next_observation': _LIMITS.observation,
}
# to the bytes that may be in a column of whole numbers
_ACCEPTED_BYTES = {1: b'\0\1', 2: b'\0\1\2'}
CHECKED = (*_LIMIT_OF, *_HIGHEST)


def find_bad_rows(columns: Columns) -> BadRows | None:
    """Return the rows with a value that is not accepted; None if there is none.

    Args:
        columns: with the names in `CHECKED`, (count,) or (count, size) each, of the types in
            `transition_columns.COLUMNS`.
    """
    if _all_accepted(columns):
        return None
    count = len(columns['reward'])
    is_bad = np.zeros(count, np.bool_)
    reasons = {}
    for name in CHECKED:
        accepted = _is_accepted(name, columns[name])
        if not accepted.all():
            is_bad |= ~accepted.reshape(count, -1).all(axis=1)
            reasons[name] = _reason(name, columns[name], accepted)
    return BadRows(is_bad, reasons)


def check_numbers(first: int, oldest: int, count: int) -> None:
    """Check the sequence numbers of a batch, in Python's integers, which cannot overflow.

    Args:
        first: number of the first row.
        oldest: the robot holds nothing older.
        count: number of rows.

    Raises:
        ConfigurationError: an honest robot cannot send these.
    """
    if count < 1 or not 1 <= oldest <= first or first + count - 1 >= _SEQUENCES:
        raise ConfigurationError(
            f'count, oldest_sequence, first_sequence: given {count}, {oldest}, {first}; accepted:'
            ' count >= 1, 1 <= oldest_sequence <= first_sequence, and numbers below 2**63'
        )


def good_runs(is_bad: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of each run of rows that are not bad, in order.

    Args:
        is_bad: for each row, (count,).
    """
    edges = np.flatnonzero(np.diff(is_bad, prepend=True, append=True))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _all_accepted(columns: Columns) -> bool:
    """Return whether all values are accepted, fast: most batches have few rows and no bad ones."""
    for name, limit in _LIMIT_OF.items():
        if not _within(columns[name].ravel(), limit):
            return False
    for name, highest in _HIGHEST.items():
        if columns[name].tobytes().strip(_ACCEPTED_BYTES[highest]):
            return False
    return True


def _within(values: NDArray[Any], limit: float) -> bool:
    """Return whether all values are finite and within a limit, (value,)."""
    # The sum of squares nearly always suffices, in a third of the time. Comparing a NumPy scalar
    # with a Python one would take longer than the sum.
    return float(np.vdot(values, values)) <= limit * limit or (
        float(np.maximum.reduce(np.abs(values), initial=0.0)) <= limit
    )


def _is_accepted(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values of a column are accepted, in its shape."""
    limit = _HIGHEST[name] if name in _HIGHEST else _LIMIT_OF[name]
    accepted: NDArray[np.bool_] = np.abs(values) <= limit  # NaN is not
    return accepted


def _reason(name: str, values: NDArray[Any], accepted: NDArray[np.bool_]) -> str:
    """Return what is wrong with the first value that is not accepted."""
    place = tuple(int(index) for index in np.argwhere(~accepted)[0])
    element = f'[{place[1]}]' if len(place) > 1 else ''
    if name in _HIGHEST:
        limit = ' or '.join(map(str, range(_HIGHEST[name] + 1)))
    else:
        limit = f'finite, at most {_LIMIT_OF[name]:g} in size'
    return f'{name}{element}: given {float(values[place]):g}; accepted: {limit}'
