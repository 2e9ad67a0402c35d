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

"""A simulator's time, made monotonic.

A world reset sets the time back to 0. Code that waits for a reading newer than the last one would
then wait for as long as the simulation had already run.
"""


class MonotonicClock:
    """Adds an offset to a simulator's stamps when its time jumps back.

    Attributes:
        restarts: how often the time jumped back.
    """

    def __init__(self, step_ns: int) -> None:
        """Begin with the simulator's time.

        Args:
            step_ns: time from the last stamp before a restart to the first one after it.
        """
        self._step_ns = step_ns
        self._offset_ns = 0
        self._newest_ns = 0
        self.restarts = 0

    def note(self, stamp_ns: int) -> bool:
        """Record the simulator's time; return whether it jumped back."""
        jumped_back = stamp_ns < self._newest_ns
        if jumped_back:
            self._offset_ns += self._newest_ns - stamp_ns + self._step_ns
            self.restarts += 1
        self._newest_ns = stamp_ns
        return jumped_back

    def restart(self) -> None:
        """Expect time 0 next, because the simulator was told to restart."""
        self._offset_ns += self._newest_ns
        self._newest_ns = 0
        self.restarts += 1

    def monotonic_ns(self, stamp_ns: int) -> int:
        """Return a stamp of the simulator as monotonic time."""
        return stamp_ns + self._offset_ns
