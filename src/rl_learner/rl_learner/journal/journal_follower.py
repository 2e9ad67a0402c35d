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

"""Reads the batches that another process is writing to the journal, each once and in order."""

from collections.abc import Iterator
import os
from pathlib import Path
from typing import BinaryIO

from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_header import (
    has_complete_header,
    JournalHeader,
    open_journal_file,
)
from rl_learner.journal.journal_reader import journal_files, transitions_before
from rl_learner.journal.journal_units import read_units


class JournalFollower:
    """Continues at any transition; what is damaged or was removed is left out.

    Attributes:
        position: transitions of the run before the next batch.
    """

    def __init__(self, folder: Path, position: int = 0) -> None:
        """Prepare to read; the folder need not exist yet.

        Args:
            folder: of the journal.
            position: transitions of the run that are not read.
        """
        self._folder, self.position = folder, position
        self._file: BinaryIO | None = None
        self._header = JournalHeader('', 0)
        self._path = Path()
        self._row = 0  # transitions of the run before the next unit of the file
        self._is_first = True

    def read(self) -> Iterator[TransitionBatch]:
        """Yield the batches that have been written since, complete ones only.

        Raises:
            JournalError: the journal cannot be read.
            ConfigurationError: a file is not a journal.
        """
        if self._is_replaced():
            self._open(self._path)
        while True:
            later = self._later_file()  # listed first: then the open file is complete
            if self._file is not None:
                yield from self._batches(self._file)
            if later is None:
                break
            self._open(later)
        if self._is_first and self._file is not None:
            self._is_first = False
            # fewer than before if experience was deleted
            self.position = min(self.position, self._row)

    def close(self) -> None:
        """Close the open file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_replaced(self) -> bool:
        """Return whether another file has the open one's name: an empty or repaired one had it."""
        if self._file is None:
            return False
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False

    def _later_file(self) -> Path | None:
        """Return the file to read after the open one, or the first one to read."""
        files = journal_files(self._folder)
        if self._file is not None:
            found = next((path for path in files if path > self._path), None)
        else:
            holding = [path for path in files if transitions_before(path) <= self.position]
            found = holding[-1] if holding else next(iter(files), None)
        return found if found is not None and has_complete_header(found) else None

    def _open(self, path: Path) -> None:
        """Continue at the first transition of a file."""
        self.close()
        self._file, self._header = open_journal_file(path)
        self._path, self._row = path, transitions_before(path)

    def _batches(self, file: BinaryIO) -> Iterator[TransitionBatch]:
        """Yield the new batches of the open file."""
        offset = file.tell()
        for unit in read_units(file, self._header, self._path, row=self._row):
            offset, start = unit.end, self._row
            self._row += unit.count
            skipped = max(0, self.position - start)
            if unit.batch is not None and skipped < unit.count:
                self.position = self._row
                yield unit.batch.part(skipped, unit.count) if skipped else unit.batch
        file.seek(offset)
