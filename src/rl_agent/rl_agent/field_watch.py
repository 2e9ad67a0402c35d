# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Collects what is wrong with one observation field while its messages come in."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.check_report import bounds_in_words, CheckRow, numbers_in_words
from rl_agent.errors import RobotError
from rl_agent.observation_description import ObservationField
from rl_agent.transforms import transform

_ENOUGH_OF_THE_RATE = 0.95  # a few seconds do not measure a rate better
_STALE_PERIODS = 5.0


class FieldWatch:
    """Judges a field by every message that came.

    Attributes:
        row: what is known so far.
    """

    def __init__(
        self,
        field: ObservationField,
        topic: str,
        extract: Callable[[Any], NDArray[np.float64]],
    ) -> None:
        """Watch a field; `extract` takes its numbers out of a message, or raises RobotError."""
        self._field, self._extract = field, extract
        self._received_s: list[float] = []
        self._outside: tuple[float, float] | None = None
        self.row = CheckRow(field.name, topic, bounds=bounds_in_words(*field.limits))

    @property
    def heard(self) -> bool:
        """Whether a message came."""
        return bool(self._received_s)

    def on_message(self, message: Any, received_s: float) -> None:
        """Take note of a message, received at a time of `time.monotonic`."""
        self._received_s.append(received_s)
        try:
            with np.errstate(invalid='ignore'):
                values = transform(self._field, self._extract(message))
        except RobotError as error:
            self._note(str(error).partition(': ')[2])
            return
        self.row.value = numbers_in_words(values)
        if not np.isfinite(values).all():
            self._note(f'given {self.row.value}; accepted: finite numbers')
            return
        low, high = float(values.min()), float(values.max())
        if self._outside is None:
            self._outside = low, high
        self._outside = min(low, self._outside[0]), max(high, self._outside[1])

    def judge(self, now_s: float, rate_hz: float | None) -> CheckRow:
        """Return the row, complete.

        Args:
            now_s: by `time.monotonic`.
            rate_hz: the lowest rate that will do; None: the rate does not matter.
        """
        if not self._received_s:
            return self.row
        self._judge_bounds()
        span_s = self._received_s[-1] - self._received_s[0]
        rate = (len(self._received_s) - 1) / span_s if span_s > 0 else 0.0
        self.row.rate = f'{rate:.1f} Hz'
        if rate_hz is not None and rate < _ENOUGH_OF_THE_RATE * rate_hz:
            self._note(f'rate: given {rate:.1f} Hz; accepted: the control rate, {rate_hz:g} Hz')
        age_s = now_s - self._received_s[-1]
        self.row.age = f'{age_s:.3f} s'
        oldest_s = self._field.max_age_s
        if rate_hz is not None and oldest_s is None:
            oldest_s = max(_STALE_PERIODS / rate_hz, 0.2)
        if oldest_s is not None and age_s > oldest_s:
            self._note(f'age: given {age_s:.3f} s; accepted: {oldest_s:g} s')
        return self.row

    def _judge_bounds(self) -> None:
        """Compare the extremes with the bounds, beyond what rounding explains."""
        if self._outside is None:
            return
        (low, high), (lowest, highest) = self._outside, self._field.limits
        slack = 1e-6 * max(1.0, abs(low), abs(high))
        if low < lowest - slack or high > highest + slack:
            self._note(f'given {low:.4g} to {high:.4g}; accepted: {self.row.bounds}')

    def _note(self, problem: str) -> None:
        """Take note of a problem, once."""
        if problem not in self.row.problems:
            self.row.problems.append(problem)
