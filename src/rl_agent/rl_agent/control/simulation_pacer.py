# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Simulated time that waits for the learner, so that a slow machine learns as a fast one."""

from collections.abc import Callable
import threading
import time

_LOOK_S = 0.01  # acknowledgements come in between two reports


class SimulationPacer:
    """Lets a simulated robot run only so far ahead of training.

    A real robot never waits for the learner. In a simulation that runs faster than real time the
    ratio of updates to data would otherwise depend on the speed of the machine.
    """

    def __init__(
        self,
        most_ahead: int,
        patience_s: float = 10.0,
        unacknowledged: Callable[[], int] = lambda: 0,
    ) -> None:
        """Allow `most_ahead` steps without updates; stop waiting for a learner that is gone.

        Args:
            most_ahead: transitions whose updates may be outstanding; 0: never wait.
            patience_s: a learner not heard of for so long is not waited for; counted from the
                first step on, as it may take longer to start.
            unacknowledged: returns how many transitions the learner machine does not have yet, of
                which the learner cannot report.
        """
        self._most_ahead, self._unacknowledged = most_ahead, unacknowledged
        self._released = False
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._backlog = 0
        self._steps_since_report = 0
        self._heard_s: float | None = None  # or when the first step was to be taken

    def report(self, backlog: int) -> None:
        """Note how many transitions the learner still has to train on."""
        with self._changed:
            self._backlog, self._steps_since_report = backlog, 0
            self._heard_s = time.monotonic()
            self._changed.notify_all()

    def before_step(self) -> None:
        """Wait until the next step may be taken."""
        with self._changed:
            if self._heard_s is None:
                self._heard_s = time.monotonic()
            while not self._may_step() and self._patience_left_s() > 0:
                self._changed.wait(min(_LOOK_S, self._patience_left_s()))
            self._steps_since_report += 1

    def release(self) -> None:
        """Let whoever waits go on, until `hold`."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def hold(self) -> None:
        """Hold time back again."""
        with self._changed:
            self._released = False

    def _patience_left_s(self) -> float:
        """Return how much longer the learner's next report is waited for."""
        return (self._heard_s or 0.0) + self._patience_s - time.monotonic()

    def _may_step(self) -> bool:
        """Return whether training is close enough behind."""
        if self._released or not self._most_ahead:
            return True
        untold = max(self._steps_since_report, self._unacknowledged())
        return self._backlog + untold < self._most_ahead
