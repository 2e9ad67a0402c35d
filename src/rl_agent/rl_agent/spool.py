# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Transitions on their way out: numbered, and kept until the learner machine has them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import threading

from rl_agent.transition import Transition


@dataclass(frozen=True)
class SpooledBatch:
    """Consecutive transitions, as numbered by the spool.

    Attributes:
        first_sequence: number of the first; a session's first transition is 1.
        oldest_sequence: the spool holds nothing older.
        transitions: in the order they were lived through.
    """

    first_sequence: int
    oldest_sequence: int
    transitions: Sequence[Transition]


class Spool:
    """A bounded queue that forgets only what is acknowledged, or, when full, the oldest.

    Sending is go-back-N: `next_batch` walks forward through what was not sent yet; `rewind`
    starts again after the last acknowledged transition. Every method may be called from any
    thread; none but `wait_until_empty` waits for anything but the others.

    Attributes:
        dropped: transitions lost because the spool was full.
    """

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` transitions, at least 1."""
        if capacity < 1:
            raise ValueError(f'capacity: given {capacity}; accepted: at least 1')
        self._capacity = capacity
        self._lock = threading.Condition()
        self._kept: deque[Transition] = deque()
        self._oldest = 1  # number of the first kept transition
        self._unsent = 1  # number of the next transition to send
        self.dropped = 0

    @property
    def newest_sequence(self) -> int:
        """Number of the last appended transition; 0 before the first."""
        with self._lock:
            return self._oldest + len(self._kept) - 1

    @property
    def pending(self) -> int:
        """Transitions not acknowledged yet."""
        with self._lock:
            return len(self._kept)

    @property
    def unsent(self) -> int:
        """Transitions that the next calls of `next_batch` return."""
        with self._lock:
            return self._oldest + len(self._kept) - self._unsent

    def append(self, transition: Transition) -> int:
        """Number and keep a transition; return its number."""
        with self._lock:
            if len(self._kept) == self._capacity:
                self._forget(1)
                self.dropped += 1
            self._kept.append(transition)
            return self._oldest + len(self._kept) - 1

    def next_batch(self, most: int) -> SpooledBatch | None:
        """Return up to `most` transitions that were not sent yet, or None."""
        with self._lock:
            start = self._unsent - self._oldest
            transitions = list(itertools.islice(self._kept, start, start + most))
            if not transitions:
                return None
            first, self._unsent = self._unsent, self._unsent + len(transitions)
            return SpooledBatch(first, self._oldest, transitions)

    def acknowledge(self, sequence: int) -> None:
        """Forget everything up to and including number `sequence`."""
        with self._lock:
            self._forget(min(sequence - self._oldest + 1, len(self._kept)))
            if not self._kept:
                self._lock.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until everything is acknowledged; return whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._kept, timeout_s)

    def rewind(self) -> None:
        """Send everything again that is not acknowledged."""
        with self._lock:
            self._unsent = self._oldest

    def _forget(self, count: int) -> None:
        """Drop the `count` oldest transitions; nothing for count <= 0."""
        for _ in range(count):
            self._kept.popleft()
            self._oldest += 1
        self._unsent = max(self._unsent, self._oldest)
