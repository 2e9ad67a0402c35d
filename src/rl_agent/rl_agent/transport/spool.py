# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Transitions on their way out: numbered, and kept until the learner machine has them."""

from collections.abc import Sequence
from dataclasses import dataclass
import threading

import numpy as np
from rl_agent.transport.record_ring import FileRing, MemoryRing
from rl_agent.transport.transition import Transition
from rl_agent.transport.transition_record import RecordLayout, Records, to_transition, whole


@dataclass(frozen=True, eq=False)
class SpooledBatch:
    """Consecutive transitions of one session, as numbered by the spool.

    Attributes:
        session: of the agent that lived through them.
        first_sequence: number of the first; a session's first transition is 1.
        oldest_sequence: the spool holds nothing older of this session.
        records: in the order they were lived through, (count,), see `RecordLayout`.
    """

    session: str
    first_sequence: int
    oldest_sequence: int
    records: Records

    @property
    def transitions(self) -> Sequence[Transition]:
        """The transitions as objects."""
        return [to_transition(record) for record in self.records]


@dataclass
class RecordSpan:
    """Consecutive transitions of one session in a spool.

    Attributes:
        session: of the agent that lived through them.
        first_sequence: number of the transition at position `start`.
        start: position of the first.
        stop: position behind the last.
        kept: position of the oldest that is not acknowledged or dropped.
        unsent: position of the next to send.
    """

    session: str
    first_sequence: int
    start: int
    stop: int
    kept: int
    unsent: int

    def sequence(self, position: int) -> int:
        """Return the number of the transition at a position."""
        return self.first_sequence + position - self.start

    def forget(self, below: int) -> int:
        """Forget what lies below a position; return how many transitions those were."""
        before = self.kept
        self.kept = min(max(self.kept, below), self.stop)
        self.unsent = max(self.unsent, self.kept)
        return self.kept - before


class Spool:
    """A bounded queue that forgets only what is acknowledged, or, when full, the oldest.

    It holds the runs that earlier sessions left, if any, and then this session's own. Sending is
    go-back-N: `next_batch` walks forward through what was not sent yet; `rewind` starts again
    after the last acknowledged transition. Every method may be called from any thread. `append`
    waits neither for a disk nor for a network: `move_to_file`, called from a thread of its own,
    takes what has been in memory for a while onto the disk.

    Attributes:
        dropped: transitions lost because the spool was full.
        session: of this agent.
        crowded: set when `move_to_file` had better not wait any longer.
    """

    def __init__(
        self,
        capacity: int,
        session: str = '',
        *,
        memory: MemoryRing | None = None,
        file: FileRing | None = None,
        leftovers: Sequence[RecordSpan] = (),
        begin: int = 1,
    ) -> None:
        """Hold at most `capacity` transitions, at least 1.

        Args:
            capacity: transitions, those of earlier sessions included.
            session: of this agent.
            memory: where new transitions go; None: memory of this process alone.
            file: takes over what is not acknowledged before the memory is full; None: nothing.
            leftovers: what earlier sessions left in the file, by position.
            begin: position of the next transition.
        """
        if capacity < 1:
            raise ValueError(f'capacity: given {capacity}; accepted: at least 1')
        self._capacity, self.session = capacity, session
        self._name = session.encode()
        self._memory, self._file = memory, file
        self._layout: RecordLayout | None = None
        self._lock = threading.Condition()
        self._own = RecordSpan(session, 1, begin, begin, begin, begin)
        self._runs = [*leftovers, self._own]
        self._moved = begin if file else 0  # everything below is on the disk, or not needed
        self._movable = begin  # what is below has been in memory for a while
        self._in_file = bool(leftovers)  # the file has records, though none of them may be needed
        self.dropped = 0
        self.crowded = threading.Event()
        with self._lock:
            self._drop(begin - capacity)

    @property
    def newest_sequence(self) -> int:
        """Number of the last appended transition of this session; 0 before the first."""
        return self._own.sequence(self._own.stop) - 1

    @property
    def pending(self) -> int:
        """Transitions not acknowledged yet."""
        with self._lock:
            return self._pending()

    @property
    def unsent(self) -> int:
        """Transitions that the next calls of `next_batch` return."""
        with self._lock:
            return sum(run.stop - run.unsent for run in self._runs)

    @property
    def on_disk(self) -> int:
        """Pending transitions that are on the disk."""
        with self._lock:
            return sum(max(0, min(run.stop, self._moved) - run.kept) for run in self._runs)

    def append(self, transition: Transition) -> int:
        """Number and keep a transition; return its number."""
        with self._lock:
            if self._layout is None:
                self._layout = RecordLayout(len(transition.observation), len(transition.action))
            if self._memory is None:
                self._memory = MemoryRing(self._layout, self._capacity)
            run, memory = self._own, self._memory
            position = run.stop
            sequence = run.sequence(position)
            record = self._layout.pack(position, self._name, sequence, transition)
            replaced = position - memory.slots
            if replaced >= self._moved:  # memory is full of what the disk did not take
                self._drop(replaced + 1)
            self._drop(position - self._capacity + 1)
            memory.write(position, record)
            run.stop += 1
            if self._file and position - max(self._moved, self._oldest()) > memory.slots // 2:
                self.crowded.set()
            return sequence

    def next_batch(self, most: int) -> SpooledBatch | None:
        """Return up to `most` transitions that were not sent yet, or None."""
        while True:
            with self._lock:
                run = self._next_run()
                if run is None:
                    return None
                start, begin = run.unsent, self._memory_begin()
                from_memory = start >= begin
                stop = min(run.stop, start + most, self._own.stop if from_memory else begin)
                first, oldest = run.sequence(start), run.sequence(run.kept)
            records = self._read(start, stop, from_memory)  # `append` need not wait for a disk
            with self._lock:
                if records is None:
                    self._drop(stop)
                elif from_memory and start < self._memory_begin():
                    continue  # overwritten while it was read; it is on the disk
                elif run.kept <= start == run.unsent:  # nothing was dropped or rewound meanwhile
                    run.unsent = stop
                    return SpooledBatch(run.session, first, oldest, records)

    def acknowledge(self, sequence: int, session: str | None = None) -> int:
        """Forget everything up to and including number `sequence` of a session; None: the own.

        Returns:
            how many transitions were forgotten.
        """
        session = self.session if session is None else session
        with self._lock:
            forgotten = sum(
                run.forget(run.start + sequence - run.first_sequence + 1)
                for run in self._runs
                if run.session == session
            )
            self._tidy()
            return forgotten

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until everything is acknowledged; return whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._pending(), timeout_s)

    def rewind(self) -> None:
        """Send everything again that is not acknowledged."""
        with self._lock:
            for run in self._runs:
                run.unsent = run.kept

    def move_to_file(self, *, everything: bool = False) -> None:
        """Take onto the disk what was in memory already at the call before, or all if crowded.

        Raises:
            OSError: the disk does not take it; it stays in memory as long as there is room.
        """
        if self._file is None or self._memory is None:
            return
        with self._lock:
            everything |= self.crowded.is_set()
            self.crowded.clear()
            stop = self._own.stop if everything else self._movable
            self._movable = self._own.stop
            oldest = self._oldest()
            start = max(self._moved, oldest, self._own.stop - self._memory.slots)
            done_with = oldest >= self._moved  # nothing in the file is needed
        if start < stop:
            self._in_file = True
            records = self._memory.read(start, stop)
            self._file.write(start, records)
        elif done_with:
            self._file.empty()
        with self._lock:
            self._moved = max(self._moved, start, stop)
            oldest = self._oldest()
        if self._in_file:
            self._file.note_oldest(oldest)
            self._in_file = start < stop or not done_with

    def _next_run(self) -> RecordSpan | None:
        """Return the run to send from; a session's next run waits until the last one is in."""
        sessions: set[str] = set()
        for run in self._runs:
            if run.unsent < run.stop and run.session not in sessions:
                return run
            sessions.add(run.session)
        return None

    def _memory_begin(self) -> int:
        """Return the oldest position that is in memory."""
        if self._memory is None:
            return self._own.start
        return max(self._memory.begin, self._own.stop - self._memory.slots)

    def _read(self, start: int, stop: int, from_memory: bool) -> Records | None:
        """Return records from memory or file; None where the file has them no more."""
        if from_memory:
            assert self._memory is not None
            return self._memory.read(start, stop)
        assert self._file is not None
        try:
            records = self._file.read(start, stop)
        except OSError:
            return None
        wanted = np.arange(start, stop, dtype=np.uint64)
        right = whole(records) & (records['position'] == wanted)
        return records if right.all() else None

    def _drop(self, below: int) -> None:
        """Give up what lies below a position."""
        if below > self._runs[0].kept:
            self.dropped += sum(run.forget(below) for run in self._runs)
            self._tidy()

    def _tidy(self) -> None:
        """Let go of runs that are done with, and write down how far that is."""
        self._runs = [run for run in self._runs if run.kept < run.stop or run is self._own]
        if self._memory is not None:
            self._memory.note_oldest(self._oldest())
        if not self._pending():
            self._lock.notify_all()

    def _oldest(self) -> int:
        """Return the oldest position that is still needed."""
        return self._runs[0].kept

    def _pending(self) -> int:
        """Return how many transitions are not acknowledged."""
        return sum(run.stop - run.kept for run in self._runs)
