# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A simulator's time goes only forwards, whatever the simulator does."""

from rl_agent.gazebo.monotonic_clock import MonotonicClock


def test_time_goes_on_after_a_restart() -> None:
    """Steps of 50: 0, 50, 100, then a restart at 0, which is one step later than 100."""
    clock = MonotonicClock(50)
    told = []
    for stamp_ns in (0, 50, 100, 0, 50, 30, 80):
        went_back = clock.note(stamp_ns)
        told.append((clock.monotonic_ns(stamp_ns), went_back))
    assert told == [
        (0, False),
        (50, False),
        (100, False),
        (150, True),
        (200, False),
        (250, True),
        (300, False),
    ]
    assert clock.restarts == 2


def test_a_restart_that_was_asked_for_needs_no_sign() -> None:
    """The first stamp heard after it may be the last one before it."""
    clock = MonotonicClock(50)
    clock.note(50)
    clock.restart()
    assert not clock.note(50)
    assert clock.monotonic_ns(50) == 100
    assert clock.restarts == 1


def test_time_that_stands_still_is_no_restart() -> None:
    clock = MonotonicClock(50)
    assert [clock.note(stamp_ns) for stamp_ns in (20, 20, 20)] == [False, False, False]
    assert clock.monotonic_ns(20) == 20
    assert clock.monotonic_ns(10) == 10, 'a message from a little earlier'
