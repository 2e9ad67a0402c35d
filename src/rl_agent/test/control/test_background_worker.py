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

"""A slow listener never holds up the control thread."""

import threading
from typing import Any, ClassVar

import numpy as np
from plain_transition import plain_transition
import pytest
from rl_agent.control.background_worker import BackgroundWorker
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.real_time.chore import Chore
from rl_agent.transport.transition import Transition

TIMEOUT_S = 30.0
VECTOR = np.zeros(1, np.float32)


def transition(step: int) -> Transition:
    return plain_transition(policy_version=1, step=step)


RESULT = EpisodeResult(1, 3, 0.0, False, 1, False, True)


class SlowListener:
    """Waits for `go` before it receives anything.

    Attributes:
        received: numbers of steps, and 'episode'.
    """

    def __init__(self) -> None:
        """Wait."""
        self.go = threading.Event()
        self.received: list[Any] = []
        self.done = threading.Event()

    def on_step(self, transition: Transition, wanted: Any, info: dict[str, Any]) -> None:
        """Note a step."""
        assert self.go.wait(TIMEOUT_S)
        self.received.append(transition.step)

    def on_episode(self, result: EpisodeResult) -> None:
        """Note an episode."""
        self.received.append('episode')
        self.done.set()


def test_nothing_is_received_before_a_wake() -> None:
    listener = SlowListener()
    listener.go.set()
    background = BackgroundWorker(listener)
    for step in range(3):
        background.on_step(transition(step), VECTOR, {})
    assert listener.received == []
    background.on_episode(RESULT)
    assert listener.done.wait(TIMEOUT_S)
    assert listener.received == [0, 1, 2, 'episode']
    background.close()


def test_a_listener_that_hangs_drops_steps_but_takes_no_time() -> None:
    listener = SlowListener()
    background = BackgroundWorker(listener)
    for step in range(6000):  # without `go`, none is received
        background.on_step(transition(step), VECTOR, {})
        background.wake()
    assert 900 <= background.dropped_steps <= 1000
    background.on_episode(RESULT)
    listener.go.set()
    assert listener.done.wait(TIMEOUT_S)
    background.close()
    assert len(listener.received) == 6000 - background.dropped_steps + 1


def test_closing_passes_the_rest_on() -> None:
    listener = SlowListener()
    listener.go.set()
    background = BackgroundWorker(listener)
    background.on_step(transition(0), VECTOR, {})
    background.close()
    assert listener.received == [0]


class Chores:
    """Notes which of two chores was done, in order."""

    def __init__(self) -> None:
        """Begin with no chore done."""
        self.done: list[str] = []
        self.changed = threading.Condition()

    def make(self, name: str, period_s: float) -> Chore:
        """Return a chore."""

        def work() -> None:
            with self.changed:
                self.done.append(name)
                self.changed.notify_all()

        return Chore(work, period_s)

    def wait(self, count: int) -> list[str]:
        """Return the first chores once `count` are done."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.done) >= count, TIMEOUT_S)
            return self.done[:count]


def test_chores_take_turns_even_without_a_wake() -> None:
    chores = Chores()
    background = BackgroundWorker(SlowListener())
    background.add_chores([chores.make('a', 0.01), chores.make('b', 0.01)])
    assert chores.wait(6) == ['a', 'b'] * 3
    background.close()


class CountedSleep(threading.Semaphore):
    """Notes when a thread begins to wait."""

    sleeps: ClassVar[list[str]] = []

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Wait, see `threading.Semaphore`."""
        self.sleeps.append('sleep')
        return super().acquire(blocking, timeout)


def test_at_rest_no_chore_waits_for_the_turns_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at each sleep would do the hand's chore so seldom that it seems to be silent."""
    chores = Chores()
    CountedSleep.sleeps = chores.done
    monkeypatch.setattr(threading, 'Semaphore', CountedSleep)
    background = BackgroundWorker(SlowListener())
    background.add_chores([chores.make(name, 0.01) for name in 'abcd'])
    done = chores.wait(60)
    background.close()
    assert done.count('sleep') <= 60 // 3  # one wake, then the four together


def test_a_wake_does_one_chore_and_each_only_once_a_period() -> None:
    chores = Chores()
    background = BackgroundWorker(SlowListener())
    background.add_chores([chores.make('a', 3600.0), chores.make('b', 3600.0)])  # one wake
    assert chores.wait(1) == ['a']
    background.wake()
    assert chores.wait(2) == ['a', 'b']
    for _ in range(100):
        background.wake()
    background.close()
    assert chores.done == ['a', 'b']


def test_a_chore_that_is_seldom_due_has_its_turn_among_others_that_always_are() -> None:
    chores = Chores()
    background = BackgroundWorker(SlowListener())
    background.add_chores([chores.make('always', 0.0), chores.make('seldom', 3600.0)])
    assert chores.wait(1) == ['always']
    for count in range(2, 9):
        background.wake()
        chores.wait(count)
    background.close()
    assert chores.done.count('seldom') == 1


def test_chores_may_be_added_later() -> None:
    chores = Chores()
    background = BackgroundWorker(SlowListener())
    background.add_chores([chores.make('a', 3600.0)])
    assert chores.wait(1) == ['a']
    background.add_chores([chores.make('b', 3600.0)])
    assert chores.wait(2) == ['a', 'b']
    background.close()
