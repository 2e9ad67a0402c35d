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

"""The first table of `check_robot`: whether each field, the command and the reset are right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

import numpy as np
from numpy.typing import NDArray

HEADINGS = ('field', 'topic', 'rate', 'age', 'last value', 'bounds', 'verdict')
_MAX_NUMBERS_SHOWN = 3  # of more numbers only the lowest and the highest are shown


@dataclass
class CheckRow:
    """One line of the table.

    Attributes:
        name: observation field, `(command)` or `(reset)`.
        topic: full name of its topic or service.
        rate: rate of the messages that fit, as text.
        age: age of the newest message that fits, as text.
        value: newest value, as text.
        bounds: accepted bounds, as text.
        problems: what is wrong, one text each; empty if nothing is.
    """

    name: str
    topic: str
    rate: str = '-'
    age: str = '-'
    value: str = '-'
    bounds: str = '-'
    problems: list[str] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the line."""
        verdict = 'BAD' if self.problems else 'ok'
        return self.name, self.topic, self.rate, self.age, self.value, self.bounds, verdict


def format_table(rows: Sequence[CheckRow]) -> str:
    """Return the table, followed by the problems."""
    lines = format_columns(HEADINGS, [row.cells() for row in rows])
    problems = [f'{row.name}: {problem}' for row in rows for problem in row.problems]
    return '\n'.join([*lines, *(['', *problems] if problems else [])])


def format_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines: headings, a rule and a line for each row."""
    cells = [headings, *rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings) - 1)]
    widths.append(len(headings[-1]))  # the last column may be long texts
    lines = [
        '  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return [lines[0], '  '.join('-' * width for width in widths), *lines[1:]]


def format_numbers(numbers: NDArray[np.float64]) -> str:
    """Return numbers as text that fits into a cell."""
    if len(numbers) <= _MAX_NUMBERS_SHOWN:
        return ' '.join(f'{number:.4g}' for number in numbers)
    return f'{np.min(numbers):.4g} to {np.max(numbers):.4g} ({len(numbers)})'


def format_bounds(low: float, high: float) -> str:
    """Return bounds as text that fits into a cell."""
    return '-' if math.isinf(low) and math.isinf(high) else f'{low:.4g} to {high:.4g}'
