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

"""Outgoing transitions: numbered, and kept until the learner machine has them."""

from collections.abc import Sequence
from dataclasses import dataclass
import threading

import numpy as np
from rl_agent.errors import RlError
from rl_agent.transport.record_ring import FileRing, MemoryRing
from rl_agent.transport.transition import Transition
from rl_agent.transport.transition_record import intact, RecordLayout, Records, to_transition


@dataclass(frozen=True, eq=False)
class SpooledBatch:
    """Consecutive transitions of one session, as numbered by the spool.

    Attributes:
        session: session of the agent that recorded them.
        first_sequence: number of the first; a session's first transition is 1.
        oldest_sequence: the spool holds nothing older of this session.
        records: in the order they were recorded, (count,), see `RecordLayout`.
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
        session: session of the agent that recorded them.
        first_sequence: number of the transition at position `start`.
        start: position of the first.
        stop: position after the last.
        kept: position of the oldest that is neither acknowledged nor dropped.
        unsent: position of the next to send.
        sent: position after the last one that was ever sent.
    """

    session: str
    first_sequence: int
    start: int
    stop: int
    kept: int
    unsent: int
    sent: int

    def sequence(self, position: int) -> int:
        """Return the number of the transition at a position."""
        return self.first_sequence + position - self.start

    @property
    def acknowledgeable(self) -> int:
        """Highest number that may be acknowledged: what was never sent cannot have arrived."""
        return self.sequence(max(self.sent, self.kept)) - 1

    def forget(self, below: int) -> int:
        """Forget the transitions below a position; return how many those were."""
        before = self.kept
        self.kept = min(max(self.kept, below), self.stop)
        self.unsent = max(self.unsent, self.kept)
        return self.kept - before


class Spool:
    """A bounded queue that forgets only acknowledged transitions, or the oldest when full.

    It holds the runs of earlier sessions, if any, then the run of this session. Sending is
    go-back-N: `next_batch` walks forward through the unsent transitions; `rewind` starts again
    after the last acknowledged one. Every method may be called from any thread. `append` waits
    for neither disk nor network: `move_to_file`, called from another thread, moves transitions
    that have been in memory for a while to the disk.

    Transitions appended after `hold` are not sent before `release`, and stay in memory while
    there is room; `discard` deletes them, and their numbers are used again.

    Attributes:
        dropped: transitions lost because the spool was full.
        session: session of this agent.
        crowded: set when memory is half full and `move_to_file` should run now.
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
            capacity: number of transitions, including those of earlier sessions.
            session: session of this agent.
            memory: takes new transitions; None: memory that ends with this process.
            file: takes unacknowledged transitions before memory is full; None: no file.
            leftovers: runs of earlier sessions in the file, by position.
            begin: position of the next transition.
        """
        if capacity < 1:
            raise ValueError(f'capacity: given {capacity}; accepted: at least 1')
        self._capacity, self.session = capacity, session
        self._name = session.encode()
        self._memory, self._file = memory, file
        self._layout: RecordLayout | None = None
        self._lock = threading.Condition()
        self._own = RecordSpan(session, 1, begin, begin, begin, begin, begin)
        self._runs = [*leftovers, self._own]
        self._moved = begin if file else 0  # everything below is on the disk or not needed
        self._movable_stop = begin  # everything below has been in memory for a while
        self._file_used = bool(leftovers)  # the file has records, needed or not
        self._held: int | None = None  # position from which on transitions are kept back
        self._discarded: list[tuple[int, int]] = []  # positions to delete in the file
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
        """Number of transitions not acknowledged yet."""
        with self._lock:
            return self._pending()

    @property
    def sendable(self) -> int:
        """Number of transitions not acknowledged yet, without those that `hold` keeps back."""
        with self._lock:
            kept_back = 0 if self._held is None else self._own.stop - self._held
            return self._pending() - kept_back

    @property
    def unsent(self) -> int:
        """Number of transitions not sent yet, or to be sent again."""
        with self._lock:
            return sum(run.stop - run.unsent for run in self._runs)

    @property
    def on_disk(self) -> int:
        """Number of pending transitions that are on the disk."""
        with self._lock:
            return sum(max(0, min(run.stop, self._moved) - run.kept) for run in self._runs)

    def append(self, transition: Transition) -> int:
        """Store a transition; return its sequence number."""
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
            if replaced >= self._moved:  # memory is full because the disk failed
                self._drop(replaced + 1)
            self._drop(position - self._capacity + 1)
            memory.write(position, record)
            run.stop += 1
            if self._file and position - max(self._moved, self._oldest()) > memory.slots // 2:
                self.crowded.set()
            return sequence

    def hold(self) -> None:
        """Keep back what is appended from now on."""
        with self._lock:
            self._held = self._own.stop

    def release(self) -> None:
        """Let what was kept back be sent."""
        with self._lock:
            self._held = None

    def discard(self) -> int:
        """Delete what `hold` keeps back; return how many transitions that were.

        What is in memory is deleted before this returns. What a full memory has moved to the disk
        is deleted there with the next `move_to_file`.
        """
        with self._lock:
            if self._held is None or self._memory is None:
                return 0
            own, stop = self._own, self._own.stop
            start = max(self._held, own.kept)
            if start == stop:
                return 0
            self._memory.erase(max(start, self._memory_begin()), stop)
            if start < self._moved:
                self._discarded.append((start, min(stop, self._moved)))
            number = own.sequence(start)
            own.stop = start
            # positions are never used again, so that nothing old can be taken for new
            self._own = RecordSpan(self.session, number, stop, stop, stop, stop, stop)
            self._runs.append(self._own)
            self._held = stop
            self._tidy()
            return stop - start

    def next_batch(self, most: int) -> SpooledBatch | None:
        """Return up to `most` unsent transitions, or None if there are none."""
        while True:
            with self._lock:
                run = self._next_run()
                if run is None:
                    return None
                start, begin = run.unsent, self._memory_begin()
                from_memory = start >= begin
                stop = min(self._end(run), start + most, self._own.stop if from_memory else begin)
                first, oldest = run.sequence(start), run.sequence(run.kept)
            # without the lock: `append` must not wait for a disk
            records = self._read(start, stop, from_memory)
            with self._lock:
                if records is None:
                    self._drop(stop)
                elif from_memory and start < self._memory_begin():
                    continue  # overwritten during the read; it is on the disk by now
                elif run.kept <= start == run.unsent:  # nothing was dropped or rewound meanwhile
                    run.unsent = stop
                    run.sent = max(run.sent, stop)
                    return SpooledBatch(run.session, first, oldest, records)

    def acknowledge(self, sequence: int, session: str | None = None) -> int:
        """Forget a session's transitions up to number `sequence`; None: this session.

        Returns:
            The number of transitions forgotten.

        Raises:
            RlError: the number is above what was sent; nothing is forgotten.
        """
        session = self.session if session is None else session
        with self._lock:
            runs = [run for run in self._runs if run.session == session]
            highest = max((run.acknowledgeable for run in runs), default=sequence)
            if session != self.session:  # its agent may have sent more than a power cut has left
                highest += self._capacity
            if sequence > highest:
                raise RlError(
                    f'session {session!r}: acknowledgement: given number {sequence}; accepted: up'
                    f' to {highest}, as no higher one was sent'
                )
            forgotten = sum(
                run.forget(run.start + sequence - run.first_sequence + 1) for run in runs
            )
            self._tidy()
            return forgotten

    def holds(self, session: str) -> bool:
        """Return whether the spool has transitions of a session, or it is this session."""
        with self._lock:
            return any(run.session == session for run in self._runs)

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until everything is acknowledged; return whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._pending(), timeout_s)

    def rewind(self) -> None:
        """Mark all unacknowledged transitions as unsent."""
        with self._lock:
            for run in self._runs:
                run.unsent = run.kept

    def move_to_file(self, *, everything: bool = False) -> None:
        """Move to the disk what was already in memory at the last call, or all if crowded.

        Raises:
            OSError: the write fails; the transitions stay in memory while there is room.
        """
        if self._file is None or self._memory is None:
            return
        with self._lock:
            everything |= self.crowded.is_set()
            self.crowded.clear()
            stop = self._own.stop if everything else self._movable_stop
            self._movable_stop = self._end(self._own)
            oldest = self._oldest()
            start = max(self._moved, oldest, self._own.stop - self._memory.slots)
            file_unneeded = oldest >= self._moved
        while self._discarded:
            self._file.erase(*self._discarded[0])
            self._discarded.pop(0)
        if start < stop:
            self._file_used = True
            records = self._memory.read(start, stop)
            self._file.write(start, records)
        elif file_unneeded:
            self._file.empty()
        with self._lock:
            self._moved = max(self._moved, start, stop)
            oldest = self._oldest()
        if self._file_used:
            self._file.note_oldest(oldest)
            self._file_used = start < stop or not file_unneeded

    def _next_run(self) -> RecordSpan | None:
        """Return the run to send from; a run waits until its session's earlier runs are done."""
        sessions: set[str] = set()
        for run in self._runs:
            if run.unsent < self._end(run) and run.session not in sessions:
                return run
            sessions.add(run.session)
        return None

    def _end(self, run: RecordSpan) -> int:
        """Return the position after the last transition of a run that may be sent."""
        return run.stop if self._held is None else min(run.stop, max(self._held, run.start))

    def _memory_begin(self) -> int:
        """Return the oldest position that is in memory."""
        if self._memory is None:
            return self._own.start
        return max(self._memory.begin, self._own.stop - self._memory.slots)

    def _read(self, start: int, stop: int, from_memory: bool) -> Records | None:
        """Return records from memory or file; None if the file no longer has them intact."""
        if from_memory:
            assert self._memory is not None
            return self._memory.read(start, stop)
        assert self._file is not None
        try:
            records = self._file.read(start, stop)
        except OSError:
            return None
        wanted = np.arange(start, stop, dtype=np.uint64)
        valid = intact(records) & (records['position'] == wanted)
        return records if valid.all() else None

    def _drop(self, below: int) -> None:
        """Drop the transitions below a position."""
        if below > self._runs[0].kept:
            self.dropped += sum(run.forget(below) for run in self._runs)
            self._tidy()

    def _tidy(self) -> None:
        """Remove finished runs and record the oldest position still needed."""
        self._runs = [run for run in self._runs if run.kept < run.stop or run is self._own]
        if self._memory is not None:
            self._memory.note_oldest(self._oldest())
        if not self._pending():
            self._lock.notify_all()

    def _oldest(self) -> int:
        """Return the oldest position still needed."""
        return self._runs[0].kept

    def _pending(self) -> int:
        """Return the number of unacknowledged transitions."""
        return sum(run.stop - run.kept for run in self._runs)
