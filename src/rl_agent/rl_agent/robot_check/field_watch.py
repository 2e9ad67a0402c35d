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

"""Checks the messages of a topic against its observation fields as they arrive."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rl_agent.array_checks import fits_float32
from rl_agent.array_types import Float64Array
from rl_agent.cameras.pixel_summary import PixelSummary, summarise
from rl_agent.description.observation import ObservationField
from rl_agent.environment.transforms import transform
from rl_agent.errors import NeighbourError, RobotError
from rl_agent.robot_check.report import CheckRow, format_bounds, format_numbers

_MIN_RATE_FRACTION = 0.95  # a few seconds do not measure a rate more exactly
_MAX_MISMATCHES = 3  # each message may differ in another way


class FieldWatch:
    """Checks the numbers of a field in every message, and how often a message fits.

    Attributes:
        field: description of the field.
        mismatches: the first few different reasons why messages do not fit.
        row: results so far.
        count: how many messages fit since the beginning.
        received_s: times of reception of messages that fit since `restart`, and of the last one
            before, ascending.
        raw: numbers of the newest message that fits, (raw,); None: none fits.
        values: the same as the policy sees them, (element,).
        raw_low: lowest of these numbers since the beginning, (raw,).
        raw_high: highest of these numbers since the beginning, (raw,).
        pixels: of the newest frame of a camera; None: none fits, or it is no camera.
    """

    def __init__(
        self, field: ObservationField, topic: str, extract: Callable[[Any], Float64Array]
    ) -> None:
        """Watch a field; `extract` returns its numbers in a message, or raises RobotError."""
        self.field, self._topic, self._extract = field, topic, extract
        self.count = 0
        self.received_s = array('d')
        self.raw: Float64Array | None = None
        self.values: Float64Array | None = None
        self.pixels: PixelSummary | None = None
        self.raw_low, self.raw_high = np.full((2, field.raw_size), [[np.inf], [-np.inf]])
        self._begin()

    def _begin(self) -> None:
        """Forget all that `check` reports."""
        self._extremes: tuple[float, float] | None = None
        self._longest_s = 0.0
        self._shows_something = False  # a frame of a camera did
        self.mismatches: list[str] = []
        self._neighbours: list[str] = []  # the same of messages about other joints
        bounds = '0 to 255' if self.field.image else format_bounds(*self.field.limits)
        self.row = CheckRow(self.field.name, self._topic, bounds=bounds)

    def restart(self) -> None:
        """Begin a new period to report about; the gap since the last message belongs to it."""
        value = self.row.value
        self._begin()
        self.row.value = value
        self.received_s = self.received_s[-1:]

    def add(self, message: Any, received_s: float) -> None:
        """Record a message, received at a time of `time.monotonic`."""
        try:
            raw = self._extract(message)
            with np.errstate(invalid='ignore'):
                values = transform(self.field, raw)
        except RobotError as error:
            is_neighbour = isinstance(error, NeighbourError)
            reasons = self._neighbours if is_neighbour else self.mismatches
            _add_reason(reasons, str(error).partition(': ')[2])
            return
        self.row.value = format_numbers(values)
        if not fits_float32(values):
            reason = f'given {self.row.value}; accepted: finite numbers in float32'
            _add_reason(self.mismatches, reason)
            return
        if self.field.image is None:
            self._add_extremes(raw, values)
        else:
            self._add_pixels(summarise(self.field.image, values))
        self.raw, self.values = raw, values
        if self.received_s:
            self._longest_s = max(self._longest_s, received_s - self.received_s[-1])
        self.received_s.append(received_s)
        self.count += 1

    def _add_pixels(self, pixels: PixelSummary) -> None:
        """Record the brightness of a frame that fits."""
        self.pixels = pixels
        self.row.value = f'{pixels.lowest} to {pixels.highest}, mean {pixels.mean:.0f}'
        self._shows_something |= not pixels.is_blank

    def _add_extremes(self, raw: Float64Array, values: Float64Array) -> None:
        """Record the lowest and the highest of the numbers of a message that fits."""
        low, high = float(values.min()), float(values.max())
        if self._extremes is not None:
            low, high = min(low, self._extremes[0]), max(high, self._extremes[1])
        self._extremes = low, high
        self.raw_low = np.fmin(self.raw_low, raw)
        self.raw_high = np.fmax(self.raw_high, raw)

    def check(self, now_s: float, rate_hz: float | None, watchdog_s: float) -> None:
        """Complete the row of a topic that was heard.

        Args:
            now_s: current time of `time.monotonic`.
            rate_hz: control rate; None: rate and age do not matter, and every message must fit.
            watchdog_s: largest age, if the field has none of its own.
        """
        problems = (
            []
            if rate_hz is None or self.field.once
            else self._problems(now_s, rate_hz, watchdog_s)
        )
        self.row.rate = 'once' if self.field.once else f'{self.rate_hz:.1f} Hz'
        if self.count:
            self.row.age = f'{now_s - self.received_s[-1]:.3f} s'
        if problems or not self.count:
            self.row.problems += self._neighbours
        if problems or rate_hz is None or (self.field.once and not self.count):
            self.row.problems += self.mismatches
        self._check_bounds()
        if self.pixels is not None and self.row.value != '-' and not self._shows_something:
            self.row.problems.append(
                f'given frames whose pixels are all {self.pixels.lowest}; accepted: a picture: is'
                ' the lens covered, or the exposure wrong?'
            )
        self.row.problems += problems

    @property
    def rate_hz(self) -> float:
        """Rate of the messages that fit; 0 if there are fewer than two."""
        span_s = self.received_s[-1] - self.received_s[0] if self.received_s else 0.0
        return (len(self.received_s) - 1) / span_s if span_s > 0 else 0.0

    def _problems(self, now_s: float, rate_hz: float, watchdog_s: float) -> list[str]:
        """Return problems with rate and age of the messages that fit, one text each."""
        found, own_s = [], self.field.max_age_s
        # a field with an age of its own is meant to come as rarely as that
        if own_s is None and self.rate_hz < _MIN_RATE_FRACTION * rate_hz:
            which = (
                f' of messages that fit {self.field.name}'
                if self.mismatches or self._neighbours
                else ''
            )
            found.append(
                f'rate: given {self.rate_hz:.1f} Hz{which}; accepted: the control rate,'
                f' {rate_hz:g} Hz'
            )
        max_age_s = own_s or watchdog_s
        oldest_s = max(self._longest_s, now_s - self.received_s[-1]) if self.count else 0.0
        if oldest_s > max_age_s:
            found.append(
                f'age: given up to {oldest_s:.3f} s; accepted: max_age_s, {max_age_s:g} s'
            )
        if not self.count and own_s is not None:
            found.append(f'age: given no message that fits; accepted: max_age_s, {max_age_s:g} s')
        return found

    def _check_bounds(self) -> None:
        """Compare the extremes with the bounds, with a tolerance for rounding."""
        if self._extremes is None:
            return
        (low, high), (lowest, highest) = self._extremes, self.field.limits
        tolerance = 1e-6 * max(1.0, abs(low), abs(high))
        if low < lowest - tolerance or high > highest + tolerance:
            self.row.problems.append(f'given {low:.4g} to {high:.4g}; accepted: {self.row.bounds}')


class TopicWatch:
    """Checks a topic as the agent does: each field has its own messages that fit.

    Other messages may arrive in between, because an arm and its gripper may share a topic. They
    are a problem only if too few messages fit.

    Attributes:
        fields: watches of the topic's fields.
        heard: whether a message arrived.
    """

    def __init__(self, fields: Sequence[FieldWatch], max_age_s: float) -> None:
        """Watch a topic; `max_age_s` applies to fields without one."""
        self.fields, self.heard = tuple(fields), False
        self._max_age_s = max_age_s

    @property
    def patience_s(self) -> float:
        """How long the first message may take."""
        return max(item.field.max_age_s or self._max_age_s for item in self.fields)

    def restart(self) -> None:
        """Begin a new period to report about."""
        for item in self.fields:
            item.restart()

    def on_message(self, message: Any, received_s: float) -> None:
        """Record a message, received at a time of `time.monotonic`."""
        self.heard = True
        for item in self.fields:
            item.add(message, received_s)

    def check(self, now_s: float, rate_hz: float | None) -> list[CheckRow]:
        """Return the completed rows of the fields, see `FieldWatch.check`."""
        for item in self.fields if self.heard else ():
            item.check(now_s, rate_hz, self._max_age_s)
        return [item.row for item in self.fields]


def _add_reason(reasons: list[str], reason: str) -> None:
    """Record why a message does not fit, once for each reason."""
    if reason not in reasons and len(reasons) < _MAX_MISMATCHES:
        reasons.append(reason)
