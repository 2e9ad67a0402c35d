# Copyright 2026 The rl_learner authors
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

"""Lets robots in this process wait for training."""

from collections.abc import Callable
import threading


class LocalPacer:
    """Limits how many transitions a robot is ahead of training; see `SimulationPacer`.

    A robot that has to wait sleeps until training has halved the backlog: a thread that looked
    again and again would take the processors from training, whose threads wait for each other.
    """

    def __init__(self, backlog: Callable[[], int], max_ahead: int) -> None:
        """Begin to hold a robot back.

        Args:
            backlog: returns how many transitions training still has to use.
            max_ahead: the robot waits from this backlog on.
        """
        self._backlog, self._max_ahead = backlog, max_ahead
        self._may_step = threading.Event()
        self._is_released = False

    def before_step(self) -> None:
        """Wait until the next step may be taken."""
        if self._is_released or self._backlog() < self._max_ahead:
            return
        self._may_step.clear()
        self.note_progress()  # made between the two lines above
        self._may_step.wait()

    def before_evaluation(self) -> None:
        """Wait as before a step: evaluations in this process have robots of their own."""
        self.before_step()

    def note_progress(self) -> None:
        """Wake a waiting robot if training is near enough; call it after updates."""
        if self._is_released or self._backlog() <= self._max_ahead // 2:
            self._may_step.set()

    def release(self) -> None:
        """Let all steps pass, until `hold`."""
        self._is_released = True
        self._may_step.set()

    def hold(self) -> None:
        """Limit the steps again."""
        self._is_released = False
