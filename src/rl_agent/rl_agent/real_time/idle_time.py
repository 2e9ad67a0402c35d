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

"""When other threads may work without delaying the control thread.

Python runs one thread at a time. A thread that computes for a millisecond takes turns with the
control thread, whose command then leaves late. So long work on another thread is cut into parts,
and each part begins just after a command has left, or while there is still time for it.
"""

import queue
import time

_PART_S = 300e-6  # longest part of the work
_LONGEST_WAIT_S = 5e-3  # then the work goes on all the same: no command may be due for long


class IdleTime:
    """The time between a command and the next tick; one other thread waits for it."""

    def __init__(self) -> None:
        """Begin without idle time."""
        self._until_s = 0.0
        self._is_awaited = False
        self._begun: queue.SimpleQueue[None] = queue.SimpleQueue()

    def begin(self, until_s: float) -> None:
        """Tell that the control thread has nothing to do until then; it never waits here."""
        self._until_s = until_s
        if self._is_awaited:
            self._is_awaited = False
            self._begun.put(None)

    def wait(self) -> None:
        """Wait until there is time for a part of the work, or for a few milliseconds."""
        give_up_s = time.monotonic() + _LONGEST_WAIT_S
        while True:
            now_s = time.monotonic()
            if self._until_s - now_s >= _PART_S or now_s >= give_up_s:
                return
            self._is_awaited = True
            try:
                self._begun.get(timeout=give_up_s - now_s)
            except queue.Empty:
                return
