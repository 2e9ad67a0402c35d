# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Work that can wait, done on another thread when the control thread has time for it."""

from collections import deque
from collections.abc import Callable, Sequence
import threading
import time
from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.control.agent import AgentListener, EpisodeResult
from rl_agent.transport.transition import Transition

_MAX_WAITING = 5000
_MAX_PERIODS_ASLEEP = 2.0


class BackgroundWorker:
    """Passes steps and episodes to a listener and does chores, each time that `wake` is called.

    Python lets one thread run at a time, so work that is done just after a command has left does
    not delay the next one. When too much is waiting, steps are dropped, but no episodes. If the
    robot rests and nothing calls `wake`, the chores are done all the same.

    Attributes:
        dropped_steps: steps that were not passed to the listener.
    """

    def __init__(
        self,
        listener: AgentListener,
        chores: Sequence[Callable[[], None]] = (),
        period_s: float = 0.05,
    ) -> None:
        """Start the thread.

        Args:
            listener: receives steps and episodes on the worker's thread.
            chores: each is done once a period, one at each wake.
            period_s: of the chores.
        """
        self._listener, self._period_s = listener, period_s
        self._waiting: deque[Callable[[], None]] = deque()
        self._chores = deque((0.0, chore) for chore in chores)  # with the time when it is due, s
        self._work = threading.Semaphore(0)
        self._closed = False
        self.dropped_steps = 0
        self._thread = threading.Thread(target=self._run, name='background', daemon=True)
        self._thread.start()

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
        """Serve the listener and do one chore at each wake, until closed."""
        timeout_s = _MAX_PERIODS_ASLEEP * self._period_s if self._chores else None
        while not self._closed:
            self._work.acquire(timeout=timeout_s)
            while self._waiting:
                self._waiting.popleft()()
            if self._has_chore() and not self._closed:
                _, chore = self._chores.popleft()
                self._chores.append((time.monotonic() + self._period_s, chore))
                chore()

    def _has_chore(self) -> bool:
        """Return whether a chore is due."""
        return bool(self._chores) and self._chores[0][0] <= time.monotonic()
