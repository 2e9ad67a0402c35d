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

"""Writes all transitions to MCAP files on the disk of the learner machine.

Each start of the bridge begins a new file and never writes to an old one. A file that its writer
could not finish is repaired first: its complete records and an end replace it atomically.
"""

from collections.abc import Sequence
import contextlib
from dataclasses import dataclass
import fcntl
import logging
import os
from pathlib import Path
import time

from rl_agent.errors import ConfigurationError, DiskFullError, JournalError
from rl_agent.system.disk_space import is_full
from rl_agent.system.folders import make_private_folder
from rl_agent.transport.transition_checks import check_numbers
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_file import JournalFile, repair
from rl_learner.journal.journal_header import has_complete_header, JournalHeader, read_header
from rl_learner.journal.journal_reader import (
    file_name,
    journal_files,
    transitions_before,
    units_of_file,
)
from rl_learner.journal.journal_records import MOVE_THIS_AWAY
from rl_learner.journal.journal_seal import new_marker

JOURNAL_LOCK = '.lock'
_LOGGER = logging.getLogger(__name__)
_MAX_SESSIONS = 10_000

Sequences = dict[tuple[str, str], int]


@dataclass(frozen=True)
class JournalSettings:
    """Limits of the size of files and folder.

    Attributes:
        file_bytes: a file of this size is finished and the next one begins.
        keep_bytes: the oldest files are removed while the total is larger; 0: none is removed.
        keep_transitions: minimum number to keep, whatever their size.
    """

    file_bytes: int = 64 << 20
    keep_bytes: int = 0
    keep_transitions: int = 1_000_000


@dataclass(frozen=True)
class Written:
    """What the journal has written to the disk.

    Attributes:
        total: transitions of the run.
        path: file that is growing; older ones are complete.
        end: number of its bytes that are on the disk.
    """

    total: int
    path: Path
    end: int


class Journal:
    """Appends groups of batches; one thread writes, any thread may read the attributes.

    Attributes:
        folder: folder of the files.
        sequences: (robot, session) to the highest number on the disk, as found at the start.
        written: replaced by a new object with each group.
    """

    def __init__(self, folder: Path, fingerprint: str, settings: JournalSettings) -> None:
        """Open the journal of a run, or create one.

        Raises:
            ConfigurationError: it is for another kind of robot, is not a journal, or cannot be
                written.
            DiskFullError: the disk has no space for a new file.
            JournalError: another process writes it, or its newest file cannot be read or is
                corrupted; that file is not changed.
        """
        self.folder, self._fingerprint, self._settings = folder, fingerprint, settings
        try:
            make_private_folder(folder)
            self._lock = os.open(folder / JOURNAL_LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                self._take_lock()
                total, self.sequences = self._recover()
                self._file = self._new_file(total, self.sequences)
            except BaseException:
                os.close(self._lock)  # this process may try again
                raise
        except OSError as error:
            if is_full(error):
                raise DiskFullError(f'{folder}: {error.strerror}; accepted: free space') from error
            raise ConfigurationError(
                f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
            ) from error
        self._sizes = {path: path.stat().st_size for path in journal_files(folder)}
        self.written = Written(total, self._file.path, self._file.size)

    @property
    def size(self) -> int:
        """Total size of all files."""
        return sum(self._sizes.values())

    @property
    def files(self) -> int:
        """Number of files."""
        return len(self._sizes)

    def append(self, messages: Sequence[bytes], transitions: int, sequences: Sequences) -> None:
        """Add a group of serialised batches; on return it is on the disk.

        Args:
            messages: the batches.
            transitions: number of transitions in them.
            sequences: (robot, session) to the highest number, including this group.

        Raises:
            JournalError: the write failed or the file was deleted; the journal has no part of the
                group.
        """
        try:
            self._file.append(messages, time.time_ns())
        except OSError as error:
            raise JournalError(f'{self._file.path}: {error.strerror}') from error
        self._sizes[self._file.path] = self._file.size
        self.written = Written(self.written.total + transitions, self._file.path, self._file.size)
        if self._file.size >= self._settings.file_bytes:
            self._rotate(sequences)

    def close(self) -> None:
        """Finish the growing file; remove it if it has no transitions."""
        path = self._file.path
        with contextlib.suppress(OSError):  # the next start repairs it
            self._file.finish()
        if transitions_before(path) == self.written.total:
            path.unlink(missing_ok=True)
        os.close(self._lock)

    def _take_lock(self) -> None:
        """Lock the folder until this process ends; raise JournalError if another one has it."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(
                f'{self.folder}: another replay bridge writes to it; accepted: one bridge per run'
            ) from error

    def _recover(self) -> tuple[int, Sequences]:
        """Return the number of transitions and the sequence numbers on the disk."""
        files = journal_files(self.folder)
        while files and not has_complete_header(files[-1]):
            _LOGGER.warning('%s ends within its header and is removed', files[-1])
            files.pop().unlink(missing_ok=True)
        if not files:
            return 0, {}
        header = read_header(files[-1])
        if header.fingerprint != self._fingerprint:
            raise ConfigurationError(
                f'{self.folder}: fingerprint: given {self._fingerprint!r}; accepted:'
                f' {header.fingerprint!r}, that of the robots in this journal, or another'
                ' run_folder'
            )
        self._repair(files[-1])
        total, sequences = header.transitions_before, dict(header.sequences)
        is_damaged = False
        for unit in units_of_file(files[-1]):
            total += unit.count
            is_damaged |= unit.damage is not None
            if unit.batch is not None and _is_numbered(unit.batch):
                sender = unit.batch.sender
                # last in the dictionary is the most recent session
                sequences.pop((sender.robot, sender.session), None)
                sequences[sender.robot, sender.session] = unit.batch.last_sequence
        if total == header.transitions_before:
            if is_damaged:
                raise JournalError(f'{files[-1]}: all its batches are damaged; {MOVE_THIS_AWAY}')
            files[-1].unlink()  # the new file has the same name
        return total, sequences

    def _repair(self, path: Path) -> None:
        """Finish a truncated file; acknowledged transitions must be on the disk."""
        try:
            truncated_bytes = repair(path)
        except OSError as error:
            _LOGGER.warning('%s has no end and cannot be repaired: %s', path, error.strerror)
            with path.open('rb') as file:
                os.fsync(file.fileno())
            return
        if truncated_bytes:
            _LOGGER.warning(
                '%s ended in the middle of a record: %d bytes after the last complete one are'
                ' removed; they were never acknowledged, and robots will send them again',
                path,
                truncated_bytes,
            )

    def _new_file(self, total: int, sequences: Sequences) -> JournalFile:
        """Begin a file."""
        recent = dict(list(sequences.items())[-_MAX_SESSIONS:])
        header = JournalHeader(self._fingerprint, total, recent, new_marker())
        return JournalFile(self.folder / file_name(total), header)

    def _rotate(self, sequences: Sequences) -> None:
        """Begin the next file, finish the previous one, remove the oldest."""
        total, old = self.written.total, self._file
        try:
            self._file = self._new_file(total, sequences)
        except OSError as error:
            _LOGGER.warning('%s: cannot begin the next file yet: %s', self.folder, error.strerror)
            return
        try:
            old.finish()
            self._sizes[old.path] = old.path.stat().st_size
        except OSError as error:
            _LOGGER.warning('%s: cannot write the summary: %s', old.path, error.strerror)
        self._sizes[self._file.path] = self._file.size
        self.written = Written(total, self._file.path, self._file.size)
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        """Remove files beyond the size to keep, while enough transitions are left."""
        settings = self._settings
        while settings.keep_bytes and self.size > settings.keep_bytes and self.files > 1:
            oldest, second = sorted(self._sizes)[:2]
            if self.written.total - transitions_before(second) < settings.keep_transitions:
                return
            oldest.unlink(missing_ok=True)
            del self._sizes[oldest]


def _is_numbered(batch: TransitionBatch) -> bool:
    """Return whether the numbers of a batch are possible; those of before the check may not be."""
    try:
        check_numbers(batch.first_sequence, batch.oldest_sequence, len(batch))
    except ConfigurationError:
        return False
    return True
