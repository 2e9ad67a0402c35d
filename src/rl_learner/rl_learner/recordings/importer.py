# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Batches of recordings into a run's journal, by the code that stores what robots send."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_learner.journal.batch_codec import decode, encode, TransitionBatch, TYPE_NAME
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.replay_bridge import ReplayBridge
from rl_learner.recordings.batch_order import BatchOrder
from rl_learner.recordings.recording_reader import read_recording
from rl_learner.run.folder import EXPERIENCE, open_run_folder
from rl_learner.run.lock import RunLock

_GROUP_BYTES = 4 << 20

Source = Callable[[], Iterator[TransitionBatch]]


@dataclass(frozen=True)
class ImportCounts:
    """What became of recorded transitions.

    Attributes:
        imported: are in the journal now.
        duplicate: were there already, or older than what is there of their session.
        missing: numbers that no recording has, between others of their session.
        total: transitions of the run.
    """

    imported: int
    duplicate: int
    missing: int
    total: int


def batches_of(path: Path) -> Iterator[TransitionBatch]:
    """Yield the batches of a recording as they were recorded.

    Raises:
        ConfigurationError: it is no recording, has no batches, or one that is none.
    """
    empty = True
    for message in read_recording(path, lambda _, kind: kind == TYPE_NAME):
        empty = False
        yield decode(message.data)
    if empty:
        raise ConfigurationError(
            f'{path}: no message of {TYPE_NAME}; accepted: a recording of the topic'
            " `transitions`, or --raw for one of the robot's own topics"
        )


def import_batches(run: Path, sources: Sequence[Source], spaces: Spaces) -> ImportCounts:
    """Store batches in a run's journal; each transition once, however often this is called.

    Args:
        run: its folder, made if it is not there.
        sources: each is called twice: to look through it, and to store it.
        spaces: of the run's robots.

    Raises:
        ConfigurationError: a batch of another kind of robot, or a run that is of one; nothing
            was stored. A learner trains there.
        JournalError: a bridge writes there, or the disk does not take it. What was stored before
            is not stored again next time.
    """
    order = BatchOrder()
    for batch in _all(sources):
        _refuse_other_robots(batch, spaces)
        order.announce(batch)
    lock = RunLock(open_run_folder(run))
    try:
        journal = Journal(run / EXPERIENCE, spaces.fingerprint, JournalSettings())
        try:
            return _store(journal, sources, spaces, order)
        finally:
            journal.close()
    finally:
        lock.close()


def _store(
    journal: Journal, sources: Sequence[Source], spaces: Spaces, order: BatchOrder
) -> ImportCounts:
    """Store all batches; `order` knows of them."""
    bridge = ReplayBridge(spaces, journal, journal.sequences)
    order.begin(journal.sequences)
    before, waiting = journal.written.total, 0
    for batch in _in_order(order, sources):
        data = encode(batch)
        bridge.receive(data)
        waiting += len(data)
        if waiting >= _GROUP_BYTES:
            bridge.commit()
            waiting = 0
    bridge.commit()
    total = journal.written.total
    return ImportCounts(total - before, bridge.counts.duplicate, bridge.counts.lost, total)


def _in_order(order: BatchOrder, sources: Sequence[Source]) -> Iterator[TransitionBatch]:
    """Yield all batches, those of each session by their numbers."""
    for batch in _all(sources):
        yield from order.push(batch)
    yield from order.finish()


def _all(sources: Sequence[Source]) -> Iterator[TransitionBatch]:
    """Yield the batches of all sources."""
    for source in sources:
        yield from source()


def _refuse_other_robots(batch: TransitionBatch, spaces: Spaces) -> None:
    """Raise ConfigurationError where a batch is not of the run's kind of robot."""
    given = batch.sender.fingerprint
    if given != spaces.fingerprint:
        raise ConfigurationError(
            f'robot {batch.sender.robot!r} in the recording: fingerprint: given {given!r};'
            f' accepted: {spaces.fingerprint!r}, that of the robots of the run'
        )
