# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What `check_robot` found, as a table for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

import numpy as np
from numpy.typing import NDArray

HEADINGS = ('field', 'topic', 'rate', 'age', 'last value', 'bounds', 'verdict')
_SHOWN = 3  # more numbers than these are shown by the lowest and the highest


@dataclass
class CheckRow:
    """One line of the table.

    Attributes:
        name: field, or what else was looked at.
        topic: its full name.
        rate: messages per second that fit, in words.
        age: of the newest that fits, in words.
        value: the newest, in words.
        bounds: accepted, in words.
        problems: what is wrong, one text each; none: it is good.
    """

    name: str
    topic: str
    rate: str = '-'
    age: str = '-'
    value: str = '-'
    bounds: str = '-'
    problems: list[str] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        """Return the line's cells."""
        verdict = 'BAD' if self.problems else 'ok'
        return self.name, self.topic, self.rate, self.age, self.value, self.bounds, verdict


def table(rows: Sequence[CheckRow]) -> str:
    """Return the lines of the table, and below it what is wrong."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [
        '  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    lines.insert(1, '  '.join('-' * width for width in widths))
    problems = [f'{row.name}: {problem}' for row in rows for problem in row.problems]
    return '\n'.join([*lines, *(['', *problems] if problems else [])])


def numbers_in_words(numbers: NDArray[np.float64]) -> str:
    """Return numbers as they fit into a cell."""
    if len(numbers) <= _SHOWN:
        return ' '.join(f'{number:.4g}' for number in numbers)
    return f'{np.min(numbers):.4g} to {np.max(numbers):.4g} ({len(numbers)})'


def bounds_in_words(low: float, high: float) -> str:
    """Return bounds as they fit into a cell."""
    return '-' if math.isinf(low) and math.isinf(high) else f'{low:.4g} to {high:.4g}'
