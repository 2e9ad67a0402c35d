# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The way from observation to command, walked once without effect just before it counts.

Between two ticks of a slow loop other threads and programs fill the processor's caches, and the
processor falls asleep. The first walk after that takes more than twice as long as the next one; so
it is done early. A fast loop has time for it only on a processor of its own.
"""

from collections.abc import Callable
import time

_SHORTEST_PERIOD_S = 5e-3
_SHORTEST_PERIOD_OF_OWN_S = 1e-3  # where nothing else runs on the processor
_MOST_OF_A_PERIOD = 0.3
_FORGET = 0.99  # of the longest walk, at each walk
_MARGIN_S = 100e-6  # to be asleep again before the tick, which then comes on time


class Rehearsal:
    """Decides when to rehearse, by how long rehearsals have taken.

    Attributes:
        lead_s: how long before a tick the next one begins.
    """

    def __init__(
        self,
        walk: Callable[[], None],
        period_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        own_processor: bool = False,
    ) -> None:
        """Prepare.

        Args:
            walk: does the work, without any effect.
            period_s: of control; at most a part of it is used, of a short one none.
            clock: in s.
            sleep: for so many s.
            own_processor: the loop has a processor for itself.
        """
        self._walk, self._clock, self._sleep = walk, clock, sleep
        shortest_s = _SHORTEST_PERIOD_OF_OWN_S if own_processor else _SHORTEST_PERIOD_S
        self._is_useful, self._repeats = period_s >= shortest_s, own_processor
        self._most_s = _MOST_OF_A_PERIOD * period_s
        self.lead_s = self._most_s

    def before(self, deadline_s: float) -> None:
        """Sleep until it is time for a rehearsal, and rehearse; not at all if it is too late.

        One that was quicker than expected is repeated where nothing else needs the processor.
        """
        left_s = deadline_s - self.lead_s - self._clock()
        if left_s < 0.0 or not self._is_useful:
            return
        self._sleep(left_s)
        longest_s = 0.0
        while True:
            begun_s = self._clock()
            self._walk()
            ended_s = self._clock()
            took_s = ended_s - begun_s
            longest_s = max(longest_s, took_s)
            if not self._repeats or ended_s + took_s + _MARGIN_S > deadline_s:
                break
        self.lead_s = min(max(longest_s + _MARGIN_S, _FORGET * self.lead_s), self._most_s)
