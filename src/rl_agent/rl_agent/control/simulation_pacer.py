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

"""Lets simulated time wait for the learner, so that slow machines learn as fast ones do."""

from collections.abc import Callable
import threading
import time

_POLL_PERIOD_S = 0.01  # acknowledgements arrive between two reports
_IDLE_REPORTS = 2  # what is acknowledged reaches replay a moment later
_EVALUATION_PATIENCE_S = 30.0  # other robots may keep training busy for ever


class SimulationPacer:
    """Limits how far a simulated robot runs ahead of training.

    A real robot never waits for the learner. In a simulation faster than real time, the ratio of
    updates to data would otherwise depend on the speed of the machine.
    """

    def __init__(
        self,
        max_ahead: int,
        patience_s: float = 10.0,
        restart_s: float = 60.0,
        unacknowledged: Callable[[], int] = lambda: 0,
    ) -> None:
        """Begin without a report from the learner.

        Args:
            max_ahead: transitions whose updates may be outstanding; 0: never wait.
            patience_s: do not wait longer for a learner that was never heard, from the first step
                on, because there may be none.
            restart_s: do not wait longer for a learner that has fallen silent; one of several
                processes takes half a minute to start again.
            unacknowledged: returns how many transitions the learner machine does not have yet;
                the learner cannot report these.
        """
        self._max_ahead, self._unacknowledged = max_ahead, unacknowledged
        self._released = False
        self._patience_s, self._restart_s = patience_s, restart_s
        self._changed = threading.Condition()
        self._backlog = 0
        self._steps_since_report = self._idle_reports = 0
        self._is_heard = False
        self._heard_s: float | None = None  # at first, the time of the first step

    def report(self, backlog: int, *, idle: bool = False) -> None:
        """Take a report of the learner.

        Args:
            backlog: how many transitions it still has to train on.
            idle: it waits for data, and has published what it learned.
        """
        with self._changed:
            self._idle_reports = self._idle_reports + 1 if idle else 0
            self._backlog, self._steps_since_report, self._is_heard = backlog, 0, True
            self._heard_s = time.monotonic()
            self._changed.notify_all()

    def before_step(self) -> None:
        """Wait until the next step may be taken."""
        with self._changed:
            if self._heard_s is None:
                self._heard_s = time.monotonic()
            while not self._may_step() and self._patience_left_s() > 0:
                self._changed.wait(min(_POLL_PERIOD_S, self._patience_left_s()))
            self._steps_since_report += 1

    def before_evaluation(self) -> None:
        """Wait until the learner has trained on every transition, so that all of it is judged."""
        with self._changed:
            self._idle_reports = 0
            end_s = time.monotonic() + _EVALUATION_PATIENCE_S
            while self._is_heard and not self._has_trained():
                if self._patience_left_s() <= 0 or time.monotonic() > end_s:
                    return
                self._changed.wait(_POLL_PERIOD_S)

    def release(self) -> None:
        """Let all steps pass, until `hold`."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def hold(self) -> None:
        """Limit the steps again."""
        with self._changed:
            self._released = False

    def _patience_left_s(self) -> float:
        """Return how much longer to wait for the learner's next report."""
        patience_s = self._restart_s if self._is_heard else self._patience_s
        return (self._heard_s or 0.0) + patience_s - time.monotonic()

    def _has_trained(self) -> bool:
        """Return whether nothing is left to train on."""
        if self._released or not self._max_ahead:
            return True
        if self._unacknowledged():
            self._idle_reports = 0
        return self._idle_reports >= _IDLE_REPORTS

    def _may_step(self) -> bool:
        """Return whether training is not too far behind."""
        if self._released or not self._max_ahead:
            return True
        unreported = max(self._steps_since_report, self._unacknowledged())
        return self._backlog + unreported < self._max_ahead
