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

"""Stores batches from robots in the journal: in order, each transition once, then acknowledged.

These steps ensure that no transition is lost or stored twice:

1. A batch that no honest robot sends is refused. Of other batches, bad rows are left out (see
   `transition_checks`). They are acknowledged like stored ones, because sending them again would
   not make them better, and their numbers stay unused.
2. A batch is compared with the highest number of its session. Lower numbers are repetitions; a
   higher first number leaves a gap. The robot sends unacknowledged transitions again.
3. New transitions are written to the journal in groups, with one write and one fsync per commit
   period. If that fails, the group is not in the journal and its numbers count as not received.
   What people did is written to the journal of demonstrations before, see `demonstrations`.
4. Only then is the acknowledgement sent. If the bridge dies before that, robots send journaled
   transitions again; the next bridge recognises them by the numbers at the end of the journal.
5. Also only then are the rows read from the journal and inserted into Reverb (`ReplayFeeder`), so
   Reverb never holds a row that the journal does not. Row k of the journal never changes, and the
   server's count is the next row it expects. Whichever of the two is killed, the next row to
   insert is known and no row is inserted twice.

Inserting into Reverb before the acknowledgement would make robots wait while the learner is down.
Inserting before the journal would require a way to remove rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math
import threading
import time
from typing import Protocol

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, JournalError
from rl_agent.event_log import EventLog
from rl_agent.transport.same_name import RobotNames
from rl_agent.transport.transition_checks import BadRows, check_numbers, find_bad_rows
from rl_learner.journal.batch_codec import decode, encode, stored, TransitionBatch
from rl_learner.journal.demonstrations import DemonstrationLog, rows_of_people

Key = tuple[str, str]

LONGEST_NAME = 255  # of robot, session and fingerprint, which the log repeats


class BatchLog(Protocol):
    """Where batches are stored."""

    def append(
        self, messages: Sequence[bytes], transitions: int, sequences: dict[Key, int]
    ) -> None:
        """Store a group; on return it is on the disk."""
        ...


@dataclass(frozen=True)
class Acknowledgement:
    """The transitions that a robot may drop.

    Attributes:
        robot: name of the robot.
        session: session of its agent.
        sequence: highest safely stored number without a gap below it.
    """

    robot: str
    session: str
    sequence: int


@dataclass
class BridgeCounts:
    """Counts since the start, of transitions unless noted.

    Attributes:
        duplicate: received again.
        lost: dropped by robots with a full spool.
        gaps: batches that arrived before their predecessors.
        refused: batches that are malformed, have impossible numbers, or are of another kind of
            robot.
        refused_transitions: left out of other batches because of a value that is not accepted.
        same_name: turns between sessions of two robots with one name.
    """

    duplicate: int = 0
    lost: int = 0
    gaps: int = 0
    refused: int = 0
    refused_transitions: int = 0
    same_name: int = 0


@dataclass
class _Stream:
    """Highest numbers received and on the disk from one session of one robot."""

    accepted: int
    stored: int
    heard_s: float = -math.inf  # never


@dataclass(frozen=True)
class _Waiting:
    """What waits for `commit`: a batch, or its parts between rows that are left out.

    `taught` are the rows of a person in it.
    """

    key: Key
    messages: Sequence[bytes]
    taught: Sequence[TransitionBatch]
    count: int
    last: int
    received_s: float


class ReplayBridge:
    """Stores the transitions of each robot once and in order.

    One thread may call `receive` while another calls `commit`.

    Attributes:
        counts: counts since the start.
        events: what is refused, named once for each robot and reason.
        waiting: set while a batch waits for `commit`.
    """

    def __init__(
        self,
        spaces: Spaces,
        log: BatchLog,
        sequences: dict[Key, int],
        authenticate: Callable[[bytes], None] | None = None,
        *,
        demonstrations: DemonstrationLog | None = None,
        has_gaps: bool = False,
    ) -> None:
        """Serve robots of one kind.

        Args:
            spaces: spaces of the robots.
            log: the journal.
            sequences: (robot, session) to the highest number already in the journal.
            authenticate: raises ConfigurationError for a serialised batch of an unknown sender;
                None: every sender is known.
            demonstrations: what people did is stored there, too; None: nowhere else.
            has_gaps: the journal lacks numbers on purpose, so they do not count as lost.
        """
        self._authenticate = authenticate
        self._demonstrations, self._has_gaps = demonstrations, has_gaps
        self._spaces, self._log = spaces, log
        self._lock = threading.Lock()
        self._streams = {key: _Stream(number, number) for key, number in sequences.items()}
        self._waiting: list[_Waiting] = []
        self.counts, self.events = BridgeCounts(), EventLog()
        self._names = RobotNames(self.events)
        self.waiting = threading.Event()

    def receive(self, data: bytes) -> Acknowledgement | None:
        """Accept a batch; return an acknowledgement, or None if `commit` will return it.

        Args:
            data: a serialised `TransitionBatch`.

        Raises:
            ConfigurationError: it is malformed, has impossible numbers, or is from an unknown
                sender or another kind of robot; nothing of it counts.
        """
        batch = self._checked(data)
        bad = find_bad_rows(batch.columns)
        key, now_s = (batch.sender.robot, batch.sender.session), time.monotonic()
        with self._lock:
            stream = self._stream(key, batch.oldest_sequence)
            stream.heard_s = now_s
            skip = stream.accepted + 1 - batch.first_sequence
            self._count(skip, len(batch))
            if not 0 <= skip < len(batch):
                return Acknowledgement(*key, stream.stored)
            messages, count = self._to_store(data, batch, skip, bad)
            taught = rows_of_people(batch, skip, bad) if self._demonstrations else ()
            stream.accepted = batch.last_sequence
            waiting = _Waiting(key, messages, taught, count, batch.last_sequence, now_s)
            self._waiting.append(waiting)
        self.waiting.set()
        return None

    def commit(self) -> tuple[list[Acknowledgement], list[float]]:
        """Store waiting batches; return acknowledgements, and the arrival time of each batch.

        Raises:
            JournalError: the write failed; robots will send these batches again.
        """
        with self._lock:
            group, self._waiting = self._waiting, []
            self.waiting.clear()
        if not group:
            return [], []
        newest = {item.key: item.last for item in group}
        with self._lock:
            sequences = {key: stream.stored for key, stream in self._streams.items()}
        sequences.update(newest)
        messages = [message for item in group for message in item.messages]
        try:
            if self._demonstrations is not None:
                self._demonstrations.store([part for item in group for part in item.taught])
            if messages:
                self._log.append(messages, sum(item.count for item in group), sequences)
        except JournalError:
            self._discard_waiting()
            raise
        for item in group:
            self.counts.same_name += self._names.stored(*item.key)
        with self._lock:
            for key, number in newest.items():
                stream = self._streams[key]
                stream.stored = max(stream.stored, number)
        acknowledgements = [Acknowledgement(*key, number) for key, number in newest.items()]
        return acknowledgements, [item.received_s for item in group]

    def heard_within(self, period_s: float) -> int:
        """Return the number of sessions heard within a period until now."""
        since_s = time.monotonic() - period_s
        with self._lock:
            return sum(stream.heard_s >= since_s for stream in self._streams.values())

    def _stream(self, key: Key, oldest_sequence: int) -> _Stream:
        """Return the stream of a session; a new one starts where the robot's spool starts."""
        if key not in self._streams:
            # earlier transitions went to the journal of another run
            self._streams[key] = _Stream(oldest_sequence - 1, oldest_sequence - 1)
        stream = self._streams[key] = self._streams.pop(key)  # the most recent one is last
        if oldest_sequence > stream.accepted + 1:
            if not self._has_gaps:
                self.counts.lost += oldest_sequence - 1 - stream.accepted
            if stream.stored == stream.accepted:
                stream.stored = oldest_sequence - 1
            stream.accepted = oldest_sequence - 1
        return stream

    def _count(self, skip: int, length: int) -> None:
        """Count the part of a batch that is not stored."""
        if skip < 0:
            self.counts.gaps += 1
        else:
            self.counts.duplicate += min(skip, length)

    def _discard_waiting(self) -> None:
        """Discard accepted batches that did not reach the disk."""
        with self._lock:
            self._waiting = []
            self.waiting.clear()
            for stream in self._streams.values():
                stream.accepted = stream.stored

    def _checked(self, data: bytes) -> TransitionBatch:
        """Return the batch in serialised bytes.

        Raises:
            ConfigurationError: it is refused; counted and reported.
        """
        robot = ''
        try:
            if self._authenticate is not None:
                self._authenticate(data)
            batch = decode(data)
            robot = batch.sender.robot[:LONGEST_NAME]
            if (refusal := refusal_of(batch)) is not None:
                raise refusal
            self._check_kind(batch)
        except ConfigurationError as error:
            self.counts.refused += 1
            self.events.note('batch_refused', str(error), robot)
            raise
        return batch

    def _check_kind(self, batch: TransitionBatch) -> None:
        """Raise ConfigurationError if the batch is from another kind of robot."""
        sender, spaces = batch.sender, self._spaces
        given = (sender.fingerprint, batch.observation_size, batch.action_size)
        accepted = (spaces.fingerprint, spaces.sent_size, spaces.action_size)
        if given != accepted:
            raise ConfigurationError(
                f'robot {sender.robot!r}: fingerprint, observation and action size: given'
                f' {given}; accepted: {accepted}. Agent and learner need the same description'
            )

    def _to_store(
        self, data: bytes, batch: TransitionBatch, skip: int, bad: BadRows | None
    ) -> tuple[Sequence[bytes], int]:
        """Return the messages to store of a batch without its first rows, and their rows."""
        if bad is None:
            messages = (encode(batch.part(skip, len(batch))) if skip else stored(data, batch),)
            return messages, len(batch) - skip
        is_bad = bad.is_bad[skip:]
        parts = batch.part(skip, len(batch)).without(is_bad)
        refused = len(is_bad) - sum(map(len, parts))
        self.counts.refused_transitions += refused
        for name, reason in bad.reasons.items() if refused else ():
            robot = batch.sender.robot
            self.events.note('transition_refused', f'robot {robot!r}: {reason}', f'{robot} {name}')
        return [encode(part) for part in parts], len(is_bad) - refused


def refusal_of(batch: TransitionBatch) -> ConfigurationError | None:
    """Return the error of a batch that no honest robot sends; None: its numbers are possible."""
    sender = batch.sender
    longest = max(map(len, (sender.robot, sender.session, sender.fingerprint)))
    if longest > LONGEST_NAME:
        return ConfigurationError(
            f'robot {sender.robot[:LONGEST_NAME]!r}: a name of {longest} characters; accepted: at'
            f' most {LONGEST_NAME}'
        )
    try:
        check_numbers(batch.first_sequence, batch.oldest_sequence, len(batch))
    except ConfigurationError as error:
        return ConfigurationError(f'robot {sender.robot!r}: {error}')
    return None
