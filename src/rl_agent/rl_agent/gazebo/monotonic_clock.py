# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A simulator's time, made to go only forwards.

A world reset begins at 0 again. Whoever waits for sensor readings newer than the last one would
wait for as long as the simulation had already run.
"""


class MonotonicClock:
    """Adds to a simulator's stamps what was lost when its time went back.

    Attributes:
        restarts: how often its time went back.
    """

    def __init__(self, step_ns: int) -> None:
        """Begin where the simulator is.

        Args:
            step_ns: that is between the last stamp before a restart and the first one after it.
        """
        self._step_ns = step_ns
        self._offset_ns = 0
        self._newest_ns = 0
        self.restarts = 0

    def note(self, stamp_ns: int) -> bool:
        """Note the simulator's time; return whether it went back."""
        went_back = stamp_ns < self._newest_ns
        if went_back:
            self._offset_ns += self._newest_ns - stamp_ns + self._step_ns
            self.restarts += 1
        self._newest_ns = stamp_ns
        return went_back

    def restart(self) -> None:
        """Expect the simulator at 0 next: it was told to begin again."""
        self._offset_ns += self._newest_ns
        self._newest_ns = 0
        self.restarts += 1

    def monotonic_ns(self, stamp_ns: int) -> int:
        """Return a stamp of the simulator as one that never goes back."""
        return stamp_ns + self._offset_ns
