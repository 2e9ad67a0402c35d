# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An AgentListener whose work is done on another thread, when the control thread has time."""

from collections import deque
from collections.abc import Callable
import threading
from typing import Any

from rl_agent.agent import AgentListener, EpisodeResult
from rl_agent.transition import Transition, Vector

_MOST_WAITING = 5000


class Background:
    """Hands steps and episodes on to a listener; `wake` says when there is time for that.

    A step that would wait behind too many others is left out, an episode never.

    Attributes:
        left_out: steps that the listener was not told of.
    """

    def __init__(self, listener: AgentListener) -> None:
        """Start the thread."""
        self._listener = listener
        self._waiting: deque[Callable[[], None]] = deque()
        self._there = threading.Semaphore(0)
        self._closed = False
        self.left_out = 0
        self._thread = threading.Thread(target=self._run, name='background', daemon=True)
        self._thread.start()

    def on_step(self, transition: Transition, wanted: Vector, info: dict[str, Any]) -> None:
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
        """Let the listener be told now of what waits; never waits itself."""
        if self._waiting:
            self._there.release()

    def close(self) -> None:
        """Tell the listener all that waits, and end."""
        self._closed = True
        self._there.release()
        self._thread.join()

    def _run(self) -> None:
        """Tell the listener, until closed."""
        while not self._closed:
            self._there.acquire()
            while self._waiting:
                self._waiting.popleft()()
