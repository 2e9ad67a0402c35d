# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Everything that robots lived through, on the disk of the learner machine, in MCAP files.

A start of the bridge begins a new file and never writes into an old one. A file that its writer
could not end is mended first: its whole records and a proper end replace it in one step.
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
from rl_learner.journal.journal_file import JournalFile, mend
from rl_learner.journal.journal_reader import (
    file_name,
    HOW_TO_GO_ON_BEFORE,
    is_begun,
    is_changed,
    journal_files,
    JournalHeader,
    read_batches,
    read_header,
    transitions_before,
)

JOURNAL_LOCK = '.lock'
_LOGGER = logging.getLogger(__name__)
_SESSIONS_KEPT = 10_000

Sequences = dict[tuple[str, str], int]


@dataclass(frozen=True)
class JournalSettings:
    """How large files and folder become.

    Attributes:
        file_bytes: a file that has reached it is followed by the next one.
        keep_bytes: the oldest files go where all are larger together; 0: none ever goes.
        keep_transitions: never keep fewer, however large they are.
    """

    file_bytes: int = 64 << 20
    keep_bytes: int = 0
    keep_transitions: int = 1_000_000


@dataclass(frozen=True)
class Written:
    """How far the journal is on the disk.

    Attributes:
        total: transitions of the run.
        path: file that grows; older ones are complete.
        end: bytes of it that are on the disk.
    """

    total: int
    path: Path
    end: int


class Journal:
    """Appends groups of batches; one thread writes, any may read the attributes.

    Attributes:
        folder: of the files.
        sequences: robot and session to the highest number on the disk, as found at the start.
        written: replaced as a whole with each group.
    """

    def __init__(self, folder: Path, fingerprint: str, settings: JournalSettings) -> None:
        """Open the journal of a run, a new one if there is none.

        Raises:
            ConfigurationError: it is of another kind of robot, is no journal, or cannot be
                written here.
            DiskFullError: there is no room for a new file now.
            JournalError: another process writes it, or its newest file cannot be read or was
                changed by the disk; that stays as it is.
        """
        self.folder, self._fingerprint, self._settings = folder, fingerprint, settings
        try:
            folder.mkdir(parents=True, exist_ok=True)
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
                raise DiskFullError(f'{folder}: {error.strerror}; accepted: room') from error
            raise ConfigurationError(
                f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
            ) from error
        self._sizes = {path: path.stat().st_size for path in journal_files(folder)}
        self.written = Written(total, self._file.path, self._file.size)

    @property
    def size(self) -> int:
        """Size of all files together."""
        return sum(self._sizes.values())

    @property
    def files(self) -> int:
        """How many files there are."""
        return len(self._sizes)

    def append(self, messages: Sequence[bytes], transitions: int, sequences: Sequences) -> None:
        """Add a group of serialised batches; on return it is on the disk.

        Args:
            messages: the batches.
            transitions: in all of them.
            sequences: robot and session to the highest number, with this group.

        Raises:
            JournalError: the disk does not take it, or the file was deleted; nothing of the group
                is in the journal.
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
        """End the file that grows; one without transitions is removed."""
        path = self._file.path
        with contextlib.suppress(OSError):  # the next start mends it
            self._file.finish()
        if transitions_before(path) == self.written.total:
            path.unlink(missing_ok=True)
        os.close(self._lock)

    def _take_lock(self) -> None:
        """Raise JournalError where another process writes; the kernel lets go with its end."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(
                f'{self.folder}: another replay bridge writes into it; accepted: one bridge a run'
            ) from error

    def _recover(self) -> tuple[int, Sequences]:
        """Return the count of transitions and the sequence numbers that are on the disk."""
        files = journal_files(self.folder)
        while files and not is_begun(files[-1]):
            _LOGGER.warning('%s ended within its header and is removed', files[-1])
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
        self._mend(files[-1])
        total, sequences = header.transitions_before, dict(header.sequences)
        for batch in read_batches(files[-1]):
            sender = batch.sender
            # last in the order of the dictionary: the most recent one
            sequences.pop((sender.robot, sender.session), None)
            sequences[sender.robot, sender.session] = batch.last_sequence
            total += len(batch)
        if total == header.transitions_before:
            if is_changed(files[-1]):
                raise JournalError(
                    f'{files[-1]}: the disk has changed its first batch; {HOW_TO_GO_ON_BEFORE}'
                )
            files[-1].unlink()  # the new file takes its name
        return total, sequences

    def _mend(self, path: Path) -> None:
        """End a file that was cut off; what a robot has acknowledged must be on the disk."""
        try:
            cut_off = mend(path)
        except OSError as error:
            _LOGGER.warning('%s has no end and cannot be given one: %s', path, error.strerror)
            with path.open('rb') as file:
                os.fsync(file.fileno())
            return
        if cut_off:
            _LOGGER.warning(
                '%s was cut off in the middle of a record: %d bytes behind the last whole one are'
                ' left out; they were never acknowledged, robots send them again',
                path,
                cut_off,
            )

    def _new_file(self, total: int, sequences: Sequences) -> JournalFile:
        """Begin a file."""
        recent = dict(list(sequences.items())[-_SESSIONS_KEPT:])
        header = JournalHeader(self._fingerprint, total, recent)
        return JournalFile(self.folder / file_name(total), header)

    def _rotate(self, sequences: Sequences) -> None:
        """Begin the next file, end the one before, remove the oldest."""
        total, old = self.written.total, self._file
        try:
            self._file = self._new_file(total, sequences)
        except OSError as error:
            _LOGGER.warning('%s: no next file yet: %s', self.folder, error.strerror)
            return
        try:
            old.finish()
            self._sizes[old.path] = old.path.stat().st_size
        except OSError as error:
            _LOGGER.warning('%s: no summary: %s', old.path, error.strerror)
        self._sizes[self._file.path] = self._file.size
        self.written = Written(total, self._file.path, self._file.size)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Remove files beyond the size to keep, as long as enough transitions are left."""
        settings = self._settings
        while settings.keep_bytes and self.size > settings.keep_bytes and self.files > 1:
            oldest, second = sorted(self._sizes)[:2]
            if self.written.total - transitions_before(second) < settings.keep_transitions:
                return
            oldest.unlink(missing_ok=True)
            del self._sizes[oldest]
