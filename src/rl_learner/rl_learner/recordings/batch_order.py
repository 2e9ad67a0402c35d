# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Batches of recordings in the order in which the replay bridge takes them.

On the network a batch that comes too early is not taken: the robot sends the missing ones again. A
recording is sent once. So it is looked through first, and then a batch waits just if what is
missing before it does come later.
"""

from collections.abc import Iterator, Mapping
import dataclasses
import heapq

from rl_learner.journal.batch_codec import TransitionBatch

Key = tuple[str, str]
_Held = tuple[int, int, TransitionBatch]


class BatchOrder:
    """First `announce` every batch, `begin`, then `push` every batch again, then `finish`."""

    def __init__(self) -> None:
        """Know of no batch yet."""
        self._sessions: dict[Key, _Session] = {}

    def announce(self, batch: TransitionBatch) -> None:
        """Learn that a batch will come."""
        if len(batch):
            key = (batch.sender.robot, batch.sender.session)
            session = self._sessions.setdefault(key, _Session())
            session.announce(batch.first_sequence, batch.last_sequence)

    def begin(self, stored: Mapping[Key, int]) -> None:
        """Begin to hand on.

        Args:
            stored: robot and session to the highest number that replay has already.
        """
        for key, session in self._sessions.items():
            if key in stored:
                session.begin_behind(stored[key])

    def push(self, batch: TransitionBatch) -> Iterator[TransitionBatch]:
        """Yield the batches whose turn it is now, each such that the bridge takes it."""
        key = (batch.sender.robot, batch.sender.session)
        if len(batch) and key in self._sessions:
            yield from self._sessions[key].push(batch)

    def finish(self) -> Iterator[TransitionBatch]:
        """Yield what still waits: there is none unless the recordings changed meanwhile."""
        for session in self._sessions.values():
            yield from session.finish()


class _Session:
    """The batches of one session of one robot."""

    def __init__(self) -> None:
        """Begin with the lowest number that comes."""
        self._next: int | None = None
        self._spans: list[tuple[int, int]] = []
        self._held: list[_Held] = []
        self._count = 0

    def announce(self, first: int, last: int) -> None:
        """Learn that these numbers will come."""
        heapq.heappush(self._spans, (first, last))

    def begin_behind(self, stored: int) -> None:
        """Begin behind the highest stored number."""
        self._next = stored + 1

    def push(self, batch: TransitionBatch) -> Iterator[TransitionBatch]:
        """Yield the batches whose turn it is."""
        self._count += 1  # tells batches with the same first number apart
        heapq.heappush(self._held, (batch.first_sequence, self._count, batch))
        while self._held and self._held[0][0] <= self._expected():
            yield self._release()

    def finish(self) -> Iterator[TransitionBatch]:
        """Yield the rest."""
        while self._held:
            yield self._release()

    def _expected(self) -> int:
        """Return the lowest number that is still to come."""
        after = 0 if self._next is None else self._next
        while self._spans and self._spans[0][1] < after:
            heapq.heappop(self._spans)
        return max(after, self._spans[0][0]) if self._spans else after

    def _release(self) -> TransitionBatch:
        """Return the first of those that wait; what is missing before it is lost for good."""
        _, _, batch = heapq.heappop(self._held)
        if self._next is None or batch.first_sequence > self._next:
            batch = dataclasses.replace(batch, oldest_sequence=batch.first_sequence)
        self._next = max(self._next or 0, batch.last_sequence + 1)
        return batch
