# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Collects what is wrong with the fields of a topic while its messages come in."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_checks import fits_float32
from rl_agent.description.observation import ObservationField
from rl_agent.environment.transforms import transform
from rl_agent.errors import RobotError
from rl_agent.robot_check.report import bounds_in_words, CheckRow, numbers_in_words

_ENOUGH_OF_THE_RATE = 0.95  # a few seconds do not measure a rate better
_REFUSALS = 3  # each message may differ in its own way


class FieldWatch:
    """Judges the numbers of a field by every message that came.

    Attributes:
        field: its description.
        refusals: why messages do not fit, the first few reasons, one text each.
        row: what is known so far.
    """

    def __init__(
        self,
        field: ObservationField,
        topic: str,
        extract: Callable[[Any], NDArray[np.float64]],
    ) -> None:
        """Watch a field; `extract` takes its numbers out of a message, or raises RobotError."""
        self.field, self._extract = field, extract
        self._outside: tuple[float, float] | None = None
        self.refusals: list[str] = []
        self.row = CheckRow(field.name, topic, bounds=bounds_in_words(*field.limits))

    def take(self, message: Any) -> bool:
        """Take note of a message; return whether it fits."""
        try:
            with np.errstate(invalid='ignore'):
                values = transform(self.field, self._extract(message))
        except RobotError as error:
            self._refuse(str(error).partition(': ')[2])
            return False
        self.row.value = numbers_in_words(values)
        if not fits_float32(values):
            self._refuse(f'given {self.row.value}; accepted: finite numbers in float32')
            return False
        low, high = float(values.min()), float(values.max())
        if self._outside is None:
            self._outside = low, high
        self._outside = min(low, self._outside[0]), max(high, self._outside[1])
        return True

    def judge_bounds(self) -> None:
        """Compare the extremes with the bounds, beyond what rounding explains."""
        if self._outside is None:
            return
        (low, high), (lowest, highest) = self._outside, self.field.limits
        slack = 1e-6 * max(1.0, abs(low), abs(high))
        if low < lowest - slack or high > highest + slack:
            self.row.problems.append(f'given {low:.4g} to {high:.4g}; accepted: {self.row.bounds}')

    def _refuse(self, why: str) -> None:
        """Take note of a refusal, once."""
        if why not in self.refusals and len(self.refusals) < _REFUSALS:
            self.refusals.append(why)


class TopicWatch:
    """Judges a topic as the agent does: a message counts if it fits all fields of the topic.

    Others may come in between: an arm and its gripper may share a topic. They are a problem only
    where too few messages fit.

    Attributes:
        fields: of the topic.
        heard: whether a message came.
    """

    def __init__(self, fields: Sequence[FieldWatch], max_age_s: float) -> None:
        """Watch a topic; `max_age_s` is for fields that have none of their own."""
        self.fields, self.heard = tuple(fields), False
        self._max_age_s = min(item.field.max_age_s or max_age_s for item in fields)
        self._count = 0  # of messages that fit, as all that follows
        self._first_s = self._last_s = self._longest_s = 0.0

    def on_message(self, message: Any, received_s: float) -> None:
        """Take note of a message, received at a time of `time.monotonic`."""
        self.heard = True
        fitting = [item.take(message) for item in self.fields]  # each of them looks at it
        if not all(fitting):
            return
        if not self._count:
            self._first_s = self._last_s = received_s
        self._longest_s = max(self._longest_s, received_s - self._last_s)
        self._last_s = received_s
        self._count += 1

    def judge(self, now_s: float, rate_hz: float | None) -> list[CheckRow]:
        """Return the fields' rows, complete.

        Args:
            now_s: by `time.monotonic`.
            rate_hz: the lowest rate that will do; None: neither rate nor age matters, and every
                message has to fit.
        """
        problems = [] if rate_hz is None else self._problems(now_s, rate_hz)
        for item in self.fields if self.heard else ():
            item.row.rate = f'{self._rate_hz:.1f} Hz'
            if self._count:
                item.row.age = f'{now_s - self._last_s:.3f} s'
            if problems or rate_hz is None:
                item.row.problems += item.refusals
            item.judge_bounds()
            item.row.problems += problems
        return [item.row for item in self.fields]

    @property
    def _rate_hz(self) -> float:
        """How many messages a second fit; 0 for less than two."""
        span_s = self._last_s - self._first_s
        return (self._count - 1) / span_s if span_s > 0 else 0.0

    def _problems(self, now_s: float, rate_hz: float) -> list[str]:
        """Return in what too few messages fit, one text each; none: they are enough."""
        found = []
        if self._rate_hz < _ENOUGH_OF_THE_RATE * rate_hz:
            refusing = ', '.join(item.field.name for item in self.fields if item.refusals)
            which = f' of messages that fit {refusing}' if refusing else ''
            found.append(
                f'rate: given {self._rate_hz:.1f} Hz{which}; accepted: the control rate,'
                f' {rate_hz:g} Hz'
            )
        oldest_s = max(self._longest_s, now_s - self._last_s)
        if self._count and oldest_s > self._max_age_s:
            found.append(
                f'age: given up to {oldest_s:.3f} s; accepted: max_age_s, {self._max_age_s:g} s'
            )
        return found
