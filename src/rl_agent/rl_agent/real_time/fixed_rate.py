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

"""Ticks at a fixed rate on the steady clock: absolute deadlines, no drift, no catching up."""

from collections.abc import Callable
import time

_LATE_FRACTION = 0.1  # of a period


class FixedRate:
    """Ticks at `start + number * period`.

    A tick that begins more than a tenth of a period late counts as late. Deadlines that have
    passed entirely are missed: they are skipped, because a burst of commands is useless.

    Attributes:
        period_s: time between two ticks.
        ticks: number of ticks begun.
        late: number of those that were late.
        missed: number of deadlines skipped.
    """

    def __init__(
        self,
        rate_hz: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set the rate; `start` begins."""
        self.period_s = 1.0 / rate_hz
        self._clock, self._sleep = clock, sleep
        self._start_s, self._number = clock(), 0
        self.ticks = self.late = self.missed = 0

    def start(self) -> None:
        """Begin: the first tick is due one period from now."""
        self._start_s, self._number = self._clock(), 0

    @property
    def deadline_s(self) -> float:
        """When the next tick is due, on the clock."""
        return self._start_s + (self._number + 1) * self.period_s

    def wait(self) -> float:
        """Sleep until the next tick; return how late it began, s."""
        left_s = self.deadline_s - self._clock()
        while left_s > 0.0:
            self._sleep(left_s)
            left_s = self.deadline_s - self._clock()
        late_s = -left_s
        skipped = int(late_s / self.period_s)
        self._number += 1 + skipped
        self.ticks += 1
        self.late += late_s > _LATE_FRACTION * self.period_s
        self.missed += skipped
        return late_s
