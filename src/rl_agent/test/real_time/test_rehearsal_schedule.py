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

"""When rehearsals begin, on a simulated clock."""

import pytest
from rl_agent.real_time.rehearsal_schedule import RehearsalSchedule


class Bench:
    """A simulated clock, and rehearsals that take time.

    Attributes:
        now_s: the time.
        took_s: duration of a rehearsal.
        overslept_s: how much longer than asked for a sleep takes.
        begun: start time of each rehearsal.
    """

    def __init__(self, period_s: float = 0.02, *, own_processor: bool = False) -> None:
        """Start at an arbitrary time."""
        self.now_s, self.took_s, self.overslept_s = 100.0, 0.001, 0.0
        self.begun: list[float] = []
        self.schedule = RehearsalSchedule(
            self._rehearse, period_s, lambda: self.now_s, self._sleep, own_processor=own_processor
        )

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds + self.overslept_s

    def _rehearse(self) -> None:
        self.begun.append(self.now_s)
        self.now_s += self.took_s

    def ticks(self, count: int, period_s: float = 0.02) -> None:
        """Rehearse before each of `count` ticks."""
        for _ in range(count):
            deadline_s = self.now_s + period_s
            self.schedule.run_before(deadline_s)
            assert self.now_s <= deadline_s
            self.now_s = deadline_s


def test_rehearsals_end_just_before_the_tick_once_their_duration_is_known() -> None:
    bench = Bench()
    bench.ticks(500)
    assert len(bench.begun) == 500
    assert bench.schedule.lead_s == pytest.approx(0.0011, abs=1e-5)


def test_a_slow_rehearsal_makes_the_next_ones_begin_earlier() -> None:
    bench = Bench()
    bench.ticks(500)
    bench.took_s = 0.004
    deadline_s = bench.now_s + 0.02
    bench.schedule.run_before(deadline_s)
    assert bench.now_s == pytest.approx(deadline_s + 0.0029, abs=1e-4)  # only this time
    bench.now_s = deadline_s + 0.005
    bench.ticks(10)


def test_the_lead_is_less_than_a_third_of_a_period() -> None:
    bench = Bench()
    bench.took_s = 0.1
    bench.schedule.run_before(bench.now_s + 0.02)
    assert bench.schedule.lead_s == pytest.approx(0.006)


def test_there_is_no_rehearsal_when_the_tick_is_near() -> None:
    bench = Bench()
    bench.schedule.run_before(bench.now_s + 0.005)
    assert (bench.begun, bench.now_s) == ([], 100.0)


def test_there_is_no_rehearsal_when_the_sleep_took_too_long() -> None:
    bench = Bench()
    bench.ticks(500)
    bench.begun.clear()
    bench.overslept_s = 2e-4
    bench.ticks(1)
    assert bench.begun == []
    bench.ticks(10)  # they begin earlier from now on
    assert len(bench.begun) == 10


def test_one_slow_rehearsal_does_not_end_them() -> None:
    bench = Bench()
    bench.took_s = 0.1
    bench.schedule.run_before(bench.now_s + 0.02)
    bench.took_s = 0.001
    bench.ticks(500)
    assert 1 < len(bench.begun) < 500


def test_a_fast_loop_has_no_time_for_rehearsals() -> None:
    bench = Bench(period_s=0.002)
    bench.ticks(10, period_s=0.002)
    assert bench.begun == []


def test_a_fast_loop_on_its_own_processor_has_time() -> None:
    bench = Bench(period_s=0.002, own_processor=True)
    bench.took_s = 0.0001
    bench.ticks(500, period_s=0.002)
    assert len(bench.begun) >= 500
    assert bench.schedule.lead_s == pytest.approx(0.0002, abs=1e-5)


def test_below_a_millisecond_there_is_no_rehearsal() -> None:
    bench = Bench(period_s=0.0009, own_processor=True)
    bench.ticks(10, period_s=0.0009)
    assert bench.begun == []


def test_on_its_own_processor_a_quick_rehearsal_is_repeated_until_the_tick() -> None:
    bench = Bench(own_processor=True)
    deadline_s = bench.now_s + 0.02
    bench.schedule.run_before(deadline_s)
    assert bench.schedule.lead_s == pytest.approx(0.00594)  # at first the longest allowed
    assert len(bench.begun) == 5
    assert deadline_s - bench.now_s == pytest.approx(0.001)  # too short for another rehearsal
