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

"""Ticks at absolute deadlines, on a simulated clock."""

import pytest
from rl_agent.real_time.fixed_rate import FixedRate


class Clock:
    """A clock that only `sleep` and the test advance.

    Attributes:
        now_s: the time.
        oversleep_s: how much longer than asked the next sleep takes.
    """

    def __init__(self) -> None:
        """Start at an arbitrary time."""
        self.now_s = 100.0
        self.oversleep_s = 0.0

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now_s += seconds + self.oversleep_s


def make(rate_hz: float = 10.0) -> tuple[FixedRate, Clock]:
    clock = Clock()
    rate = FixedRate(rate_hz, lambda: clock.now_s, clock.sleep)
    rate.start()
    return rate, clock


def counts(rate: FixedRate) -> tuple[int, int, int]:
    return rate.ticks, rate.late, rate.missed


def test_work_between_two_ticks_causes_no_drift() -> None:
    rate, clock = make()
    for number in range(1, 1001):
        clock.now_s += 0.03 * (number % 3)
        assert rate.wait() == pytest.approx(0.0, abs=1e-9)
        assert clock.now_s == pytest.approx(100.0 + 0.1 * number)
    assert counts(rate) == (1000, 0, 0)


def test_oversleeping_causes_no_drift() -> None:
    rate, clock = make()
    clock.oversleep_s = 0.004
    for number in range(1, 101):
        assert rate.wait() == pytest.approx(0.004)
        assert clock.now_s == pytest.approx(100.004 + 0.1 * number)
    assert counts(rate) == (100, 0, 0)  # less than a tenth of a period


def test_a_tick_later_than_a_tenth_of_a_period_is_late() -> None:
    rate, clock = make()
    clock.now_s += 0.1 + 0.011
    assert rate.wait() == pytest.approx(0.011)
    assert counts(rate) == (1, 1, 0)
    rate.wait()
    assert clock.now_s == pytest.approx(100.2)
    assert counts(rate) == (2, 1, 0)


def test_missed_ticks_are_skipped() -> None:
    """3.5 periods of work: the tick is late, two are missed, and no burst follows."""
    rate, clock = make()
    clock.now_s += 0.35
    assert rate.wait() == pytest.approx(0.25)
    assert counts(rate) == (1, 1, 2)
    rate.wait()
    assert clock.now_s == pytest.approx(100.4)
    rate.wait()
    assert clock.now_s == pytest.approx(100.5)
    assert counts(rate) == (3, 1, 2)


def test_start_resets_the_deadlines() -> None:
    rate, clock = make()
    clock.now_s += 60.0
    rate.start()
    rate.wait()
    assert clock.now_s == pytest.approx(160.1)
    assert counts(rate) == (1, 0, 0)
