# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What can wait, done on another thread when the control thread has time for it."""

from collections import deque
from collections.abc import Callable, Sequence
import threading
import time
from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.control.agent import AgentListener, EpisodeResult
from rl_agent.transport.transition import Transition

_MOST_WAITING = 5000
_PATIENCE = 2.0  # periods


class BackgroundWorker:
    """Hands steps and episodes on to a listener, and does chores; `wake` says when it may.

    Python lets one thread run at a time, so what is done just after a command has left does not
    hold up the next one. A step that would wait behind too many others is left out, an episode
    never. Where nobody wakes it, because the robot rests, it does its chores all the same.

    Attributes:
        left_out: steps that the listener was not told of.
    """

    def __init__(
        self,
        listener: AgentListener,
        chores: Sequence[Callable[[], None]] = (),
        period_s: float = 0.05,
    ) -> None:
        """Start the thread.

        Args:
            listener: to be told.
            chores: each is done once a period, one at a time.
            period_s: of the chores.
        """
        self._listener, self._period_s = listener, period_s
        self._waiting: deque[Callable[[], None]] = deque()
        self._chores = deque((0.0, chore) for chore in chores)  # with when it is due
        self._there = threading.Semaphore(0)
        self._closed = False
        self.left_out = 0
        self._thread = threading.Thread(target=self._run, name='background', daemon=True)
        self._thread.start()

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Keep a step until `wake`, see `AgentListener`."""
        if len(self._waiting) >= _MOST_WAITING:
            self.left_out += 1
            return
        self._waiting.append(lambda: self._listener.on_step(transition, wanted, info))

    def on_episode(self, result: EpisodeResult) -> None:
        """Hand an episode on, see `AgentListener`."""
        self._waiting.append(lambda: self._listener.on_episode(result))
        self.wake()

    def wake(self) -> None:
        """Let what waits be done now; never waits itself."""
        if self._waiting or self._has_chore():
            self._there.release()

    def close(self) -> None:
        """Tell the listener all that waits, and end."""
        self._closed = True
        self._there.release()
        self._thread.join()

    def _run(self) -> None:
        """Tell the listener, and do one chore at each wake, until closed."""
        patience_s = _PATIENCE * self._period_s if self._chores else None
        while not self._closed:
            self._there.acquire(timeout=patience_s)
            while self._waiting:
                self._waiting.popleft()()
            if self._has_chore() and not self._closed:
                _, chore = self._chores.popleft()
                self._chores.append((time.monotonic() + self._period_s, chore))
                chore()

    def _has_chore(self) -> bool:
        """Return whether a chore is due."""
        return bool(self._chores) and self._chores[0][0] <= time.monotonic()
