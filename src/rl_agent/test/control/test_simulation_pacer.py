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

"""Simulated time waits for the learner, but not for one that is gone."""

from collections.abc import Callable, Iterator
import threading
from types import SimpleNamespace

import pytest
from rl_agent.control import simulation_pacer as pacing
from rl_agent.control.simulation_pacer import SimulationPacer

TIMEOUT_S = 30.0
NEVER_S = 3600.0
# Time for an event that must not happen; a slow machine could only miss a fault, not invent one.
SHORT_WAIT_S = 0.1


class Stepper:
    """Takes steps on its own thread.

    Attributes:
        ended: set when all steps are taken.
    """

    def __init__(self, pacer: SimulationPacer, steps: int, *, evaluates: bool = False) -> None:
        """Begin at once."""
        self._wait = pacer.before_evaluation if evaluates else pacer.before_step
        self._steps = steps
        self._waiting = threading.Event()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for _ in range(self._steps):
            self._waiting.set()
            self._wait()
        self.ended.set()

    def is_held(self) -> bool:
        """Return whether it is waiting for a step."""
        assert self._waiting.wait(TIMEOUT_S)
        return not self.ended.wait(SHORT_WAIT_S)


@pytest.fixture
def step() -> Iterator[Callable[..., Stepper]]:
    """Return a function that takes steps on a thread, which ends with the test."""
    started: list[tuple[SimulationPacer, Stepper]] = []

    def start(pacer: SimulationPacer, steps: int, **options: bool) -> Stepper:
        started.append((pacer, Stepper(pacer, steps, **options)))
        return started[-1][1]

    yield start
    for pacer, stepper in started:
        pacer.release()
        stepper.thread.join(TIMEOUT_S)
        assert not stepper.thread.is_alive()


StartSteps = Callable[..., Stepper]


def test_steps_ahead_of_the_learner_are_limited(step: StartSteps) -> None:
    pacer = SimulationPacer(3, patience_s=NEVER_S)
    assert step(pacer, 3).ended.wait(TIMEOUT_S)
    assert step(pacer, 1).is_held()


def test_a_report_lets_waiting_steps_go_on(step: StartSteps) -> None:
    pacer = SimulationPacer(3, patience_s=NEVER_S)
    stepper = step(pacer, 5)
    assert stepper.is_held()
    pacer.report(backlog=1)  # room for 2 more, which makes 5
    assert stepper.ended.wait(TIMEOUT_S)
    assert step(pacer, 1).is_held()


def test_a_report_of_too_long_a_backlog_lets_no_step_pass(step: StartSteps) -> None:
    pacer = SimulationPacer(3, patience_s=NEVER_S)
    pacer.report(backlog=3)
    stepper = step(pacer, 1)
    assert stepper.is_held()
    pacer.report(backlog=4)
    assert stepper.is_held()
    pacer.report(backlog=2)
    assert stepper.ended.wait(TIMEOUT_S)


def test_unacknowledged_transitions_count(step: StartSteps) -> None:
    """Without the replay bridge, a learner has nothing to do and reports no backlog."""
    waiting = [4]
    pacer = SimulationPacer(3, patience_s=NEVER_S, unacknowledged=lambda: waiting[0])
    pacer.report(backlog=0)
    stepper = step(pacer, 1)
    assert stepper.is_held()
    pacer.report(backlog=0)
    assert stepper.is_held()
    waiting[0] = 2  # without a report
    assert stepper.ended.wait(TIMEOUT_S)


def test_a_transition_in_flight_counts_once(step: StartSteps) -> None:
    waiting = [0]
    pacer = SimulationPacer(3, patience_s=NEVER_S, unacknowledged=lambda: waiting[0])
    assert step(pacer, 2).ended.wait(TIMEOUT_S)
    waiting[0] = 2  # those two steps
    assert step(pacer, 1).ended.wait(TIMEOUT_S)
    waiting[0] = 3
    assert step(pacer, 1).is_held()


def test_a_learner_that_is_gone_is_not_waited_for(step: StartSteps) -> None:
    pacer = SimulationPacer(1, patience_s=0.05)
    assert step(pacer, 50).ended.wait(TIMEOUT_S)


def test_patience_starts_again_with_each_report(
    step: StartSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the time since the newest report counts, by a clock that the test sets."""
    now_s = [100.0]
    monkeypatch.setattr(pacing, 'time', SimpleNamespace(monotonic=lambda: now_s[0]))
    pacer = SimulationPacer(2, patience_s=10.0)
    pacer.before_step()
    now_s[0] = 111.0
    for _ in range(4):
        pacer.before_step()  # silent for 11 s: not waited for
    pacer.report(backlog=2)
    now_s[0] = 120.5  # 9.5 s after the report, 20.5 s after the start
    stepper = step(pacer, 1)
    assert stepper.is_held()
    pacer.report(backlog=0)
    assert stepper.ended.wait(TIMEOUT_S)


def test_a_learner_that_starts_again_is_waited_for(
    step: StartSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processes take half a minute; the ratio of updates to data must not suffer."""
    now_s = [100.0]
    monkeypatch.setattr(pacing, 'time', SimpleNamespace(monotonic=lambda: now_s[0]))
    pacer = SimulationPacer(2)
    pacer.report(backlog=2)
    now_s[0] = 159.0
    stepper = step(pacer, 3)
    assert stepper.is_held()
    now_s[0] = 161.0
    assert stepper.ended.wait(TIMEOUT_S)


def test_patience_does_not_start_before_the_first_step(
    step: StartSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent may wait longer for its first policy, before any report."""
    now_s = [100.0]
    monkeypatch.setattr(pacing, 'time', SimpleNamespace(monotonic=lambda: now_s[0]))
    pacer = SimulationPacer(2, patience_s=10.0)
    now_s[0] = 160.0
    assert step(pacer, 2).ended.wait(TIMEOUT_S)
    assert step(pacer, 1).is_held()


def test_zero_never_waits(step: StartSteps) -> None:
    pacer = SimulationPacer(0, patience_s=NEVER_S)
    pacer.report(backlog=1_000_000)
    assert step(pacer, 1000).ended.wait(TIMEOUT_S)


def test_release_lets_steps_pass_until_hold(step: StartSteps) -> None:
    pacer = SimulationPacer(2, patience_s=NEVER_S)
    stepper = step(pacer, 100)
    assert stepper.is_held()
    pacer.release()
    assert stepper.ended.wait(TIMEOUT_S)
    assert step(pacer, 100).ended.wait(TIMEOUT_S)
    pacer.hold()
    assert step(pacer, 1).is_held()


def test_an_evaluation_waits_until_all_is_trained_on(step: StartSteps) -> None:
    waiting = [1]
    pacer = SimulationPacer(8, patience_s=NEVER_S, unacknowledged=lambda: waiting[0])
    pacer.report(backlog=5)
    evaluation = step(pacer, 1, evaluates=True)
    for _ in range(3):
        pacer.report(backlog=0, idle=True)  # the last transition is still on its way
        assert evaluation.is_held()
    waiting[0] = 0
    assert evaluation.is_held()
    pacer.report(backlog=0, idle=True)
    pacer.report(backlog=1)
    pacer.report(backlog=0, idle=True)
    assert evaluation.is_held()
    pacer.report(backlog=0, idle=True)
    assert evaluation.ended.wait(TIMEOUT_S)


def test_an_evaluation_waits_for_no_learner_that_is_absent_or_gone(step: StartSteps) -> None:
    absent = SimulationPacer(8, patience_s=NEVER_S)
    assert step(absent, 1, evaluates=True).ended.wait(TIMEOUT_S)
    gone = SimulationPacer(8, restart_s=0.05)
    gone.report(backlog=3)
    assert step(gone, 1, evaluates=True).ended.wait(TIMEOUT_S)


def test_an_evaluation_does_not_wait_for_a_learner_that_is_never_idle(
    step: StartSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other robots of a fleet keep it busy."""
    now_s = [100.0]
    monkeypatch.setattr(pacing, 'time', SimpleNamespace(monotonic=lambda: now_s[0]))
    pacer = SimulationPacer(8, patience_s=10.0)
    pacer.report(backlog=3)
    evaluation = step(pacer, 1, evaluates=True)
    for now_s[0] in (109.0, 118.0, 127.0):
        pacer.report(backlog=3)
        assert evaluation.is_held()
    now_s[0] = 131.0
    assert evaluation.ended.wait(TIMEOUT_S)


def test_with_zero_no_evaluation_waits(step: StartSteps) -> None:
    pacer = SimulationPacer(0, patience_s=NEVER_S)
    pacer.report(backlog=3)
    assert step(pacer, 1, evaluates=True).ended.wait(TIMEOUT_S)
