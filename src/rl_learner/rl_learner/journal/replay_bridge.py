# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Batches from robots into the journal: in order, each transition once, then acknowledged.

The order of things, and why nothing is lost and nothing stored twice:

1. A batch is checked against the highest number of its session. What is below is a repetition,
   what begins above it leaves a gap; the robot sends again what is not acknowledged.
2. What is new goes to the journal, in groups: one write and one fsync, at most every so often.
   A group that fails is not in the journal, and its numbers are taken back.
3. Only then the acknowledgement leaves. A bridge that dies before has journaled what the robots
   send again, and knows it: the numbers come back from the journal's end.
4. Only then, too, the rows go to Reverb (`ReplayFeeder`), read from the journal: Reverb never
   holds what the journal does not. Row k of the journal is the same for whoever reads it, and the
   server's count says which row it expects: whichever of the two is killed, and wherever an
   insertion stopped, the next row to insert is known and none is inserted twice.

Reverb before the acknowledgement would make robots wait for a learner that is down, and Reverb
before the journal would need a way to take rows back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
import threading
import time
from typing import Protocol

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.batch_codec import decode, encode, TransitionBatch

Key = tuple[str, str]


class BatchLog(Protocol):
    """Where batches go."""

    def append(
        self, messages: Sequence[bytes], transitions: int, sequences: dict[Key, int]
    ) -> None:
        """Store a group; on return it is on the disk."""
        ...


@dataclass(frozen=True)
class Acknowledgement:
    """What a robot may forget.

    Attributes:
        robot: its name.
        session: of its agent.
        sequence: highest number without a gap below it that is safely stored.
    """

    robot: str
    session: str
    sequence: int


@dataclass
class BridgeCounts:
    """What happened since the start, in transitions if not said otherwise.

    Attributes:
        duplicate: arrived again.
        lost: dropped by robots with a full spool.
        gaps: batches that came too early.
        refused: batches of another kind of robot, or malformed.
    """

    duplicate: int = 0
    lost: int = 0
    gaps: int = 0
    refused: int = 0


@dataclass
class _Stream:
    """What has come from one session of one robot: `stored` is on the disk."""

    accepted: int
    stored: int
    heard_s: float = -math.inf  # never


@dataclass(frozen=True)
class _Waiting:
    """A batch on its way to the disk."""

    key: Key
    data: bytes
    count: int
    last: int
    received_s: float


class ReplayBridge:
    """Keeps the order of each robot's transitions and stores each of them once.

    One thread may call `receive` while another calls `commit`.

    Attributes:
        counts: of what happened.
        waiting: set while something waits for `commit`.
    """

    def __init__(self, spaces: Spaces, log: BatchLog, sequences: dict[Key, int]) -> None:
        """Bridge the transitions of robots of one kind.

        Args:
            spaces: of the robots.
            log: the journal.
            sequences: robot and session to the highest number that it has already.
        """
        self._spaces, self._log = spaces, log
        self._lock = threading.Lock()
        self._streams = {key: _Stream(number, number) for key, number in sequences.items()}
        self._waiting: list[_Waiting] = []
        self.counts = BridgeCounts()
        self.waiting = threading.Event()

    def receive(self, data: bytes) -> Acknowledgement | None:
        """Take a batch; return what can be acknowledged now, or None if `commit` will.

        Args:
            data: a serialised `TransitionBatch`.

        Raises:
            ConfigurationError: it is from another kind of robot, or malformed.
        """
        try:
            batch = decode(data)
            self._check(batch)
        except ConfigurationError:
            self.counts.refused += 1
            raise
        key, now_s = (batch.sender.robot, batch.sender.session), time.monotonic()
        with self._lock:
            stream = self._stream(key, batch.oldest_sequence)
            stream.heard_s = now_s
            skip = stream.accepted + 1 - batch.first_sequence
            self._count(skip, len(batch))
            if not 0 <= skip < len(batch):
                return Acknowledgement(*key, stream.stored)
            if skip:
                batch = batch.without_first(skip)
                data = encode(batch)
            stream.accepted = batch.last_sequence
            self._waiting.append(_Waiting(key, data, len(batch), batch.last_sequence, now_s))
        self.waiting.set()
        return None

    def commit(self) -> tuple[list[Acknowledgement], list[float]]:
        """Bring what waits to the disk; return what to acknowledge, and when each batch came.

        Raises:
            JournalError: the disk does not take it; robots will send all of it again.
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
        try:
            self._log.append(
                [item.data for item in group], sum(item.count for item in group), sequences
            )
        except JournalError:
            self._take_back()
            raise
        with self._lock:
            for key, number in newest.items():
                stream = self._streams[key]
                stream.stored = max(stream.stored, number)
        acknowledgements = [Acknowledgement(*key, number) for key, number in newest.items()]
        return acknowledgements, [item.received_s for item in group]

    def heard_within(self, period_s: float) -> int:
        """Return how many sessions were heard lately."""
        since_s = time.monotonic() - period_s
        with self._lock:
            return sum(stream.heard_s >= since_s for stream in self._streams.values())

    def _stream(self, key: Key, oldest_sequence: int) -> _Stream:
        """Return the stream of a session; a new one begins where the robot's spool begins."""
        if key not in self._streams:
            # whatever came before went to the journal of another run
            self._streams[key] = _Stream(oldest_sequence - 1, oldest_sequence - 1)
        stream = self._streams[key] = self._streams.pop(key)  # the most recent one comes last
        if oldest_sequence > stream.accepted + 1:
            self.counts.lost += oldest_sequence - 1 - stream.accepted
            if stream.stored == stream.accepted:
                stream.stored = oldest_sequence - 1
            stream.accepted = oldest_sequence - 1
        return stream

    def _count(self, skip: int, length: int) -> None:
        """Count what is not stored of a batch."""
        if skip < 0:
            self.counts.gaps += 1
        else:
            self.counts.duplicate += min(skip, length)

    def _take_back(self) -> None:
        """Forget what was accepted and did not reach the disk."""
        with self._lock:
            self._waiting = []
            self.waiting.clear()
            for stream in self._streams.values():
                stream.accepted = stream.stored

    def _check(self, batch: TransitionBatch) -> None:
        """Raise ConfigurationError where the batch is not for this replay."""
        sender, spaces = batch.sender, self._spaces
        given = (sender.fingerprint, batch.observation_size, batch.action_size)
        accepted = (spaces.fingerprint, spaces.observation_size, spaces.action_size)
        if given != accepted:
            raise ConfigurationError(
                f'robot {sender.robot!r}: fingerprint, observation and action size: given'
                f' {given}; accepted: {accepted}. Agent and learner need the same description'
            )
