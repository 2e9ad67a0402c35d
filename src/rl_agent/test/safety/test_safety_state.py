# mypy: disable-error-code="unreachable"
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

"""Stops latch: only a person's re-arm ends them, and not while their cause persists."""

import threading

from rl_agent.description.safety import ReactionDescription
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState, Stop

TIMEOUT_S = 30.0


class Cause:
    """A cause of a stop.

    Attributes:
        persisting: how the cause persists; None: it is gone.
    """

    def __init__(self, name: str, *, latched: bool = True) -> None:
        """Create a cause that persists."""
        self.persisting: str | None = 'still there'
        self.stop = Stop(
            name, f'of {name}', ReactionDescription(), latched, lambda: self.persisting
        )


def make() -> tuple[SafetyState, EventLog]:
    events = EventLog()
    return SafetyState(events), events


def test_a_new_state_lets_the_robot_move() -> None:
    state, _ = make()
    assert (state.stop, state.is_latched, state.summary) == (None, False, 'ok')
    assert state.wait_until_clear(0.0)
    assert state.rearm() == (True, 'nothing was latched')


def test_only_rearm_ends_a_latched_stop() -> None:
    state, events = make()
    cause = Cause('too_fast')
    state.begin(cause.stop)
    cause.persisting = None
    state.end('too_fast')
    assert (state.stop, state.is_latched) == (cause.stop, True)
    assert state.summary == 'too_fast: of too_fast'
    assert not state.wait_until_clear(0.0)
    assert state.rearm() == (True, 're-armed after too_fast')
    assert (state.stop, state.is_latched, state.summary) == (None, False, 'ok')
    assert events.counts() == {'too_fast': 1}


def test_rearm_is_refused_while_the_cause_persists() -> None:
    state, _ = make()
    cause = Cause('too_fast')
    state.begin(cause.stop)
    assert state.rearm() == (
        False,
        'not re-armed because the cause persists: too_fast: still there',
    )
    assert state.stop is cause.stop


def test_rearm_is_refused_while_another_stop_is_in_force() -> None:
    state, _ = make()
    latched, other = Cause('too_fast'), Cause('old_sensor', latched=False)
    state.begin(latched.stop)
    state.begin(other.stop)
    latched.persisting = None
    assert state.rearm()[0] is False
    state.end('old_sensor')
    assert state.rearm()[0] is True


def test_a_stop_that_is_not_latched_ends_without_rearm() -> None:
    state, events = make()
    state.begin(Cause('old_sensor', latched=False).stop)
    assert not state.is_latched
    assert state.stop is not None
    state.end('old_sensor')
    assert state.stop is None
    state.end('old_sensor')  # has no effect
    assert events.counts() == {'old_sensor': 1}


def test_the_first_stop_counts_unless_there_is_an_emergency_stop() -> None:
    state, _ = make()
    first, second, emergency = Cause('first'), Cause('second'), Cause('emergency_stop')
    state.begin(first.stop)
    state.begin(second.stop)
    assert state.stop is first.stop
    state.begin(emergency.stop, emergency=True)
    assert state.stop is emergency.stop
    assert state.summary == 'first: of first; second: of second; emergency_stop: of emergency_stop'


def test_a_latched_stop_replaces_one_that_is_not_latched() -> None:
    state, _ = make()
    state.begin(Cause('sensor', latched=False).stop)
    latched = Cause('sensor')
    state.begin(latched.stop)
    state.begin(Cause('sensor', latched=False).stop)
    state.end('sensor')
    assert state.stop is latched.stop


def test_listeners_are_called_at_each_change() -> None:
    state, _ = make()
    calls: list[bool] = []
    state.add_listener(lambda: calls.append(state.stop is not None))
    cause = Cause('sensor')
    state.begin(cause.stop)
    state.begin(cause.stop)
    cause.persisting = None
    state.rearm()
    assert calls == [True, False]


def test_rearm_wakes_waiting_threads() -> None:
    state, _ = make()
    cause = Cause('sensor')
    state.begin(cause.stop)
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(state.wait_until_clear(TIMEOUT_S)))
    thread.start()
    cause.persisting = None
    state.rearm()
    thread.join(TIMEOUT_S)
    assert result == [True]


def make_waiting() -> tuple[SafetyState, EventLog]:
    events = EventLog()
    return SafetyState(events, waits_for_start=True), events


def test_a_rearmed_robot_waits_for_a_start() -> None:
    state, events = make_waiting()
    cause = Cause('too_fast')
    state.begin(cause.stop)
    refused, why = state.start()
    assert (refused, why) == (False, 'not started: too_fast: of too_fast; call ~/rearm first')
    cause.persisting = None
    heard: list[str] = []
    state.add_listener(lambda: heard.append(state.summary))
    assert state.rearm() == (True, 're-armed after too_fast; ~/start lets the robot move')
    assert heard == ['waiting_for_start: re-armed after too_fast; ~/start lets the robot move']
    assert not state.is_latched
    assert not state.wait_until_clear(0.0)
    state.end('too_fast')
    assert state.rearm() == (True, 'nothing was latched; ~/start lets the robot move')
    assert state.stop is not None
    assert state.stop.reaction is cause.stop.reaction
    assert state.start() == (True, 'started')
    assert state.wait_until_clear(0.0)
    assert state.start() == (True, 'nothing waited for a start')
    assert events.counts() == {'too_fast': 1, 'waiting_for_start': 1}


def test_a_stop_amid_the_wait_needs_another_rearm_and_one_start() -> None:
    state, _ = make_waiting()
    first, second = Cause('too_fast'), Cause('too_hot')
    state.begin(first.stop)
    first.persisting = second.persisting = None
    assert state.rearm()[0]
    state.begin(second.stop)
    assert not state.start()[0]
    assert state.rearm()[0]
    assert state.start()[0]
    assert state.summary == 'ok'


def test_a_start_does_not_end_other_stops() -> None:
    state, _ = make_waiting()
    first, silent = Cause('too_fast'), Cause('silent', latched=False)
    first.persisting = None
    state.begin(first.stop)
    assert state.rearm()[0]
    state.begin(silent.stop)
    assert state.start() == (True, 'started; stopped for now: silent: of silent')
    assert not state.wait_until_clear(0.0)
