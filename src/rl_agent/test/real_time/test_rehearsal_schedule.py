# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""When rehearsals begin, on a clock that the test moves."""

import pytest
from rl_agent.real_time.rehearsal_schedule import RehearsalSchedule


class Walks:
    """A clock, and walks that each take a while.

    Attributes:
        now_s: the time.
        took_s: how long a walk takes.
        begun: when each walk began.
    """

    def __init__(self, period_s: float = 0.02, *, own_processor: bool = False) -> None:
        """Begin at an odd time."""
        self.now_s, self.took_s = 100.0, 0.001
        self.begun: list[float] = []
        self.schedule = RehearsalSchedule(
            self._walk, period_s, lambda: self.now_s, self._sleep, own_processor=own_processor
        )

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def _walk(self) -> None:
        self.begun.append(self.now_s)
        self.now_s += self.took_s

    def ticks(self, count: int, period_s: float = 0.02) -> None:
        """Rehearse before so many ticks."""
        for _ in range(count):
            deadline_s = self.now_s + period_s
            self.schedule.run_before(deadline_s)
            assert self.now_s <= deadline_s
            self.now_s = deadline_s


def test_it_ends_just_before_the_tick_once_it_knows_how_long_it_takes() -> None:
    walks = Walks()
    walks.ticks(500)
    assert len(walks.begun) == 500
    assert walks.schedule.lead_s == pytest.approx(0.0011, abs=1e-5)


def test_one_slow_walk_makes_the_next_ones_begin_earlier() -> None:
    walks = Walks()
    walks.ticks(500)
    walks.took_s = 0.004
    deadline_s = walks.now_s + 0.02
    walks.schedule.run_before(deadline_s)
    assert walks.now_s == pytest.approx(deadline_s + 0.0029, abs=1e-4)  # this once
    walks.now_s = deadline_s + 0.005
    walks.ticks(10)


def test_it_takes_less_than_a_third_of_a_period() -> None:
    walks = Walks()
    walks.took_s = 0.1
    walks.schedule.run_before(walks.now_s + 0.02)
    assert walks.schedule.lead_s == pytest.approx(0.006)


def test_there_is_none_when_the_tick_is_near() -> None:
    walks = Walks()
    walks.schedule.run_before(walks.now_s + 0.005)
    assert (walks.begun, walks.now_s) == ([], 100.0)


def test_a_fast_loop_has_no_time_for_it() -> None:
    walks = Walks(period_s=0.002)
    walks.ticks(10, period_s=0.002)
    assert walks.begun == []


def test_a_fast_loop_with_a_processor_of_its_own_has_time() -> None:
    walks = Walks(period_s=0.002, own_processor=True)
    walks.took_s = 0.0001
    walks.ticks(500, period_s=0.002)
    assert len(walks.begun) >= 500
    assert walks.schedule.lead_s == pytest.approx(0.0002, abs=1e-5)


def test_no_processor_makes_time_within_a_millisecond() -> None:
    walks = Walks(period_s=0.0009, own_processor=True)
    walks.ticks(10, period_s=0.0009)
    assert walks.begun == []


def test_with_a_processor_of_its_own_a_quick_one_is_repeated_until_the_tick() -> None:
    walks = Walks(own_processor=True)
    deadline_s = walks.now_s + 0.02
    walks.schedule.run_before(deadline_s)
    assert walks.schedule.lead_s == pytest.approx(0.00594)  # at first as long as it may be
    assert len(walks.begun) == 5
    assert deadline_s - walks.now_s == pytest.approx(0.001)  # too short for another one
