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

"""Imports recorded batches into a run's journal, with the code of the replay bridge."""

from collections.abc import Callable, Iterator, Sequence
import contextlib
from dataclasses import dataclass, replace
from functools import partial
import logging
from pathlib import Path

import numpy as np
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition import Intervention
from rl_learner.journal.batch_codec import decode, encode, TransitionBatch, TYPE_NAME
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files
from rl_learner.journal.replay_bridge import LONGEST_NAME, refusal_of, ReplayBridge
from rl_learner.recordings.batch_order import BatchOrder
from rl_learner.recordings.lerobot_recording import is_lerobot_dataset, LeRobotRecording
from rl_learner.recordings.recording_reader import read_recording
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE, open_run_folder
from rl_learner.run.lock import RunLock

_COMMIT_BYTES = 4 << 20
_LOGGER = logging.getLogger(__name__)

Source = Callable[[], Iterator[TransitionBatch]]


@dataclass(frozen=True)
class ImportCounts:
    """Counts of recorded transitions.

    Attributes:
        imported: transitions added to the journal.
        duplicate: transitions that the journal had, or that precede its newest of the session.
        missing: sequence numbers in gaps between transitions of a session; demonstrations may have
            gaps, so 0.
        total: transitions of the journal after the import.
        refused: transitions with a value that is not accepted.
        batches_refused: batches with impossible sequence numbers or sizes.
    """

    imported: int
    duplicate: int
    missing: int
    total: int
    refused: int
    batches_refused: int

    @property
    def nothing_good(self) -> bool:
        """Whether something was refused and nothing else was there."""
        return bool(self.refused + self.batches_refused) and not self.imported + self.duplicate


def batches_of(path: Path) -> Iterator[TransitionBatch]:
    """Yield the batches of a recording in recorded order.

    Raises:
        ConfigurationError: the file is no recording, or a batch is missing or malformed.
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


def source_of(path: Path, robot: RobotDescription) -> Source:
    """Return a source of the batches of a recording, a run, or a LeRobotDataset."""
    return LeRobotRecording(path, robot) if is_lerobot_dataset(path) else partial(batches_of, path)


def journal_to_teach_from(path: Path) -> Path:
    """Return what `--demonstrations` reads: of a run its demonstrations, else the path itself.

    Raises:
        ConfigurationError: it is a run that has none.
    """
    if journal_files(path / DEMONSTRATIONS):
        return path / DEMONSTRATIONS
    if journal_files(path / EXPERIENCE):
        raise ConfigurationError(
            f'FILE: given {path}: a run without demonstrations; accepted with --demonstrations: a'
            f' run that has some, or {path / EXPERIENCE}, for all that its robots did'
        )
    return path


def import_batches(
    run: Path, sources: Sequence[Source], spaces: Spaces, *, demonstrations: bool = False
) -> ImportCounts:
    """Store batches in a run's journal; repeated calls store each transition only once.

    Args:
        run: folder of the run, created if it does not exist.
        sources: each is called twice, first to scan the batches, then to store them.
        spaces: of the run's robots.
        demonstrations: store them in the journal of demonstrations, as a person's.

    Raises:
        ConfigurationError: a batch or the run is from another kind of robot, or a learner trains
            in the run; nothing was stored. What the bridge refuses for another reason is counted.
        JournalError: a bridge writes the journal, or the disk refuses data. The next call
            continues after what was stored.
    """
    order = BatchOrder()
    for batch in _all_batches(sources):
        _refuse_other_robots(batch, spaces)
        if refusal_of(batch) is None:
            order.announce(batch)
    lock = RunLock(open_run_folder(run))
    try:
        folder = run / (DEMONSTRATIONS if demonstrations else EXPERIENCE)
        journal = Journal(folder, spaces.fingerprint, JournalSettings())
        try:
            bridge = ReplayBridge(spaces, journal, journal.sequences, has_gaps=demonstrations)
            order.begin(journal.sequences)
            before = journal.written.total
            _store(bridge, _as_of_a_person(_in_order(order, sources), demonstrations))
            return _counts(bridge, before, journal.written.total)
        finally:
            journal.close()
    finally:
        lock.close()


def _store(bridge: ReplayBridge, batches: Iterator[TransitionBatch]) -> None:
    """Store all batches."""
    uncommitted_bytes = 0
    for batch in batches:
        data = encode(batch)
        with contextlib.suppress(ConfigurationError):  # refused: counted and reported
            bridge.receive(data)
        uncommitted_bytes += len(data)
        if uncommitted_bytes >= _COMMIT_BYTES:
            bridge.commit()
            uncommitted_bytes = 0
    bridge.commit()
    for report in bridge.events.take_reports():
        _LOGGER.warning(report.text)


def _counts(bridge: ReplayBridge, before: int, total: int) -> ImportCounts:
    """Return what was done to a journal that had `before` transitions and now has `total`."""
    counts = bridge.counts
    return ImportCounts(
        total - before,
        counts.duplicate,
        counts.lost,
        total,
        counts.refused_transitions,
        counts.refused,
    )


def _as_of_a_person(
    batches: Iterator[TransitionBatch], demonstrations: bool
) -> Iterator[TransitionBatch]:
    """Yield batches; of demonstrations, a person chose every action."""
    for batch in batches:
        if demonstrations:
            people = np.full(len(batch), Intervention.PERSON, np.uint8)
            yield replace(batch, columns={**batch.columns, 'intervention': people})
        else:
            yield batch


def _in_order(order: BatchOrder, sources: Sequence[Source]) -> Iterator[TransitionBatch]:
    """Yield all batches, ordered by sequence number within each session.

    Batches with impossible numbers have no place in that order; the bridge will refuse them.
    """
    for batch in _all_batches(sources):
        if refusal_of(batch) is None:
            yield from order.push(batch)
        else:
            yield batch
    yield from order.finish()


def _all_batches(sources: Sequence[Source]) -> Iterator[TransitionBatch]:
    """Yield the batches of all sources, one source after another."""
    for source in sources:
        yield from source()


def _refuse_other_robots(batch: TransitionBatch, spaces: Spaces) -> None:
    """Raise ConfigurationError if a batch is not from the run's kind of robot."""
    given, robot = (text[:LONGEST_NAME] for text in (batch.sender.fingerprint, batch.sender.robot))
    if batch.sender.fingerprint != spaces.fingerprint:
        raise ConfigurationError(
            f'robot {robot!r} in the recording: fingerprint: given {given!r};'
            f' accepted: {spaces.fingerprint!r}, that of the robots of the run'
        )
