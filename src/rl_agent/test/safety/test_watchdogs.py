# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What is too old stops a moving robot; when it is there again the stop ends, unless latched."""

import math

from rl_agent.description.safety import WatchdogDescription
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState
from rl_agent.safety.watchdogs import Watchdogs, Watched


class Bench:
    """A watchdog over one sensor.

    Attributes:
        now_s: the time.
        heard_s: when the sensor was heard.
    """

    def __init__(self, *, latch: bool = False) -> None:
        """Begin with a sensor just heard."""
        self.now_s = self.heard_s = 100.0
        self.state = SafetyState(EventLog())
        description = WatchdogDescription('hold', max_age_s=0.5, latch=latch)
        watched = Watched('imu_old', '/imu', description, lambda: self.heard_s, lambda: 'NaN')
        self._watchdogs = Watchdogs(self.state, [watched], lambda: self.now_s)

    def look(self, *, moving: bool = True) -> str:
        """Return what holds the robot after a look."""
        self._watchdogs.update(moving=moving)
        return self.state.words


def test_up_to_its_largest_age_all_is_well() -> None:
    bench = Bench()
    bench.now_s += 0.5
    assert bench.look() == 'ok'


def test_what_is_older_stops_the_robot_until_it_is_back() -> None:
    bench = Bench()
    bench.now_s += 0.75
    assert bench.look() == 'imu_old: /imu: 0.75 s old; accepted: at most 0.5 s (NaN)'
    assert bench.state.stop is not None
    assert bench.state.stop.reaction.reaction == 'hold'
    bench.now_s += 1.0
    assert bench.look() != 'ok'
    bench.heard_s = bench.now_s
    assert bench.look() == 'ok'


def test_a_robot_that_stands_is_not_stopped() -> None:
    bench = Bench()
    bench.now_s += 60.0
    assert bench.look(moving=False) == 'ok'


def test_what_never_came_is_too_old() -> None:
    bench = Bench()
    bench.heard_s = -math.inf
    assert bench.look() == 'imu_old: /imu: none yet; accepted: at most 0.5 s (NaN)'


def test_a_latched_one_needs_a_person_and_a_cause_that_is_gone() -> None:
    bench = Bench(latch=True)
    bench.now_s += 1.0
    assert bench.look() != 'ok'
    done, why = bench.state.rearm()
    assert not done
    assert '1 s old' in why
    bench.heard_s = bench.now_s
    assert bench.look() != 'ok'
    assert bench.state.rearm()[0]
    assert bench.look() == 'ok'
