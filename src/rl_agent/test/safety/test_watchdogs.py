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

"""Inputs that are too old stop a moving robot until they are fresh, or re-armed if latched."""

import math

from rl_agent.description.safety import WatchdogDescription
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState
from rl_agent.safety.watchdogs import Watchdogs, WatchedInput


class Bench:
    """A watchdog over one sensor.

    Attributes:
        now_s: the time.
        last_good_s: when the sensor was last good.
    """

    def __init__(self, *, latch: bool = False) -> None:
        """Begin with a fresh sensor."""
        self.now_s = self.last_good_s = 100.0
        self.state = SafetyState(EventLog())
        description = WatchdogDescription('hold', max_age_s=0.5, latch=latch)
        watched = WatchedInput(
            'imu_old', '/imu', description, lambda: self.last_good_s, lambda: 'NaN'
        )
        self._watchdogs = Watchdogs(self.state, [watched], lambda: self.now_s)

    def update(self, *, moving: bool = True) -> str:
        """Check the age; return the summary of the state."""
        self._watchdogs.update(moving=moving)
        return self.state.summary


def test_an_input_at_its_largest_age_stops_nothing() -> None:
    bench = Bench()
    bench.now_s += 0.5
    assert bench.update() == 'ok'


def test_an_older_input_stops_the_robot_until_it_is_fresh() -> None:
    bench = Bench()
    bench.now_s += 0.75
    assert bench.update() == 'imu_old: /imu: 0.75 s old; accepted: at most 0.5 s (NaN)'
    assert bench.state.stop is not None
    assert bench.state.stop.reaction.reaction == 'hold'
    bench.now_s += 1.0
    assert bench.update() != 'ok'
    bench.last_good_s = bench.now_s
    assert bench.update() == 'ok'


def test_a_robot_at_rest_is_not_stopped() -> None:
    bench = Bench()
    bench.now_s += 60.0
    assert bench.update(moving=False) == 'ok'


def test_an_input_never_received_is_too_old() -> None:
    bench = Bench()
    bench.last_good_s = -math.inf
    assert bench.update() == 'imu_old: /imu: none yet; accepted: at most 0.5 s (NaN)'


def test_a_latched_watchdog_needs_a_rearm_after_its_cause_is_gone() -> None:
    bench = Bench(latch=True)
    bench.now_s += 1.0
    assert bench.update() != 'ok'
    done, explanation = bench.state.rearm()
    assert not done
    assert '1 s old' in explanation
    bench.last_good_s = bench.now_s
    assert bench.update() != 'ok'
    assert bench.state.rearm()[0]
    assert bench.update() == 'ok'
