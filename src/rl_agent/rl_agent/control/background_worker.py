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

"""Work that can wait, done on another thread when the control thread has time for it."""

from collections import deque
from collections.abc import Callable, Sequence
import heapq
import itertools
import threading
import time
from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.control.agent import AgentListener
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.real_time.chore import Chore
from rl_agent.transport.transition import Transition

_MAX_WAITING = 5000
_MAX_PERIODS_ASLEEP = 2.0  # of the chore with the shortest period


class BackgroundWorker:
    """Passes steps and episodes to a listener and does chores, each time that `wake` is called.

    Python lets one thread run at a time, so work that is done just after a command has left does
    not delay the next one. When too much is waiting, steps are dropped, but no episodes. If the
    robot rests and nothing calls `wake`, all chores are done when they are due.

    Attributes:
        dropped_steps: steps that were not passed to the listener.
    """

    def __init__(self, listener: AgentListener) -> None:
        """Start the thread.

        Args:
            listener: receives steps and episodes on the worker's thread.
        """
        self._listener = listener
        self._waiting: deque[Callable[[], None]] = deque()
        self._chores: list[tuple[float, int, Chore]] = []  # a heap: when due (s), number, chore
        self._numbers = itertools.count()
        self._lock = threading.Lock()  # of the chores
        self._timeout_s: float | None = None  # asleep
        self._work = threading.Semaphore(0)
        self._closed = False
        self.dropped_steps = 0
        self._thread = threading.Thread(target=self._run, name='background', daemon=True)
        self._thread.start()

    def add_chores(self, chores: Sequence[Chore]) -> None:
        """Do chores regularly from now on, one at each wake."""
        with self._lock:
            for chore in chores:
                heapq.heappush(self._chores, (time.monotonic(), next(self._numbers), chore))
            shortest_s = min(chore.period_s for _, _, chore in self._chores)
            self._timeout_s = _MAX_PERIODS_ASLEEP * shortest_s
        self._work.release()

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Keep a step for the next `wake`, see `AgentListener`."""
        if len(self._waiting) >= _MAX_WAITING:
            self.dropped_steps += 1
            return
        self._waiting.append(lambda: self._listener.on_step(transition, wanted, info))

    def on_episode(self, result: EpisodeResult) -> None:
        """Pass an episode on, see `AgentListener`."""
        self._waiting.append(lambda: self._listener.on_episode(result))
        self.wake()

    def wake(self) -> None:
        """Let the thread do its work now, without waiting for it."""
        if self._waiting or self._has_chore():
            self._work.release()

    def close(self) -> None:
        """Pass everything that is waiting to the listener, and end the thread."""
        self._closed = True
        self._work.release()
        self._thread.join()

    def _run(self) -> None:
        """Serve the listener and do one chore at each wake, all of them at rest, until closed."""
        while not self._closed:
            is_awake = self._work.acquire(timeout=self._timeout_s)
            while self._waiting:
                self._waiting.popleft()()
            for _ in range(1 if is_awake else len(self._chores)):
                if self._has_chore() and not self._closed:
                    self._next_chore().work()

    def _has_chore(self) -> bool:
        """Return whether a chore is due."""
        return bool(self._chores) and self._chores[0][0] <= time.monotonic()

    def _next_chore(self) -> Chore:
        """Return the chore that has been due for longest, and note when it is due again."""
        with self._lock:
            due_s, number, chore = self._chores[0]
            again_s = max(due_s + chore.period_s, time.monotonic())  # late: none is made up for
            heapq.heapreplace(self._chores, (again_s, number, chore))
        return chore
