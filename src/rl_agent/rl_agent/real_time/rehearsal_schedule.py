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

"""When to rehearse: do the work from observation to command, without effect, just before a tick.

Between two ticks of a slow loop other threads and programs fill the processor's caches, and the
processor falls asleep. The first pass after that takes more than twice as long as the next one, so
it is made early. A fast loop has time for it only on a processor that it does not share.
"""

from collections.abc import Callable
import time

_SHORTEST_PERIOD_S = 5e-3
_SHORTEST_PERIOD_ON_OWN_PROCESSOR_S = 1e-3
_LARGEST_SHARE_OF_PERIOD = 0.3
_DECAY_PER_TICK = 0.99  # of the lead and of the expected duration
_MARGIN_S = 100e-6  # to be asleep again before the tick, so that the tick comes on time


class RehearsalSchedule:
    """Starts rehearsals so that they end just before the tick, by how long they have taken.

    Attributes:
        lead_s: time from the start of the next rehearsal to the tick.
    """

    def __init__(
        self,
        rehearse: Callable[[], None],
        period_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        own_processor: bool = False,
    ) -> None:
        """Create a schedule whose first lead is the longest allowed.

        Args:
            rehearse: does the work, without effect.
            period_s: control period. Rehearsals take at most a fixed share of it; there are none
                if it is short.
            clock: returns the time, s.
            sleep: sleeps for the given seconds.
            own_processor: the loop does not share its processor.
        """
        self._rehearse, self._clock, self._sleep = rehearse, clock, sleep
        shortest_s = _SHORTEST_PERIOD_ON_OWN_PROCESSOR_S if own_processor else _SHORTEST_PERIOD_S
        self._is_useful, self._repeats = period_s >= shortest_s, own_processor
        self._longest_lead_s = _LARGEST_SHARE_OF_PERIOD * period_s
        self.lead_s = self._longest_lead_s
        self._expected_s = 0.0  # duration of a rehearsal

    def run_before(self, deadline_s: float) -> None:
        """Sleep until a rehearsal is due, then rehearse; do nothing if it is too late for one.

        It is also too late if the sleep took too long, for the tick would be late as well.

        If the loop does not share its processor, rehearsals are repeated while another one fits.
        """
        due_s = deadline_s - self.lead_s
        left_s = due_s - self._clock()
        if left_s < 0.0 or not self._is_useful:
            return
        self._sleep(left_s)
        begun_s = self._clock()
        woken_late_s, longest_s, expected_s = begun_s - due_s, 0.0, self._expected_s
        while begun_s + expected_s <= deadline_s:
            self._rehearse()
            ended_s = self._clock()
            took_s = ended_s - begun_s
            longest_s = max(longest_s, took_s)
            if not self._repeats:
                break
            begun_s, expected_s = ended_s, took_s + _MARGIN_S
        self._expected_s = max(longest_s, _DECAY_PER_TICK * self._expected_s)
        lead_s = max(woken_late_s + self._expected_s + _MARGIN_S, _DECAY_PER_TICK * self.lead_s)
        self.lead_s = min(lead_s, self._longest_lead_s)
