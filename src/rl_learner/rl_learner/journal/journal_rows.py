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

"""The journal as a sequence of numbered replay rows.

Row k of a run is always the same: rows are in journal order, and each n-step sum ends at the
latest with its file. So each file gives as many rows as it has transitions, and reading can start
at any row. A transition that cannot be read gives a row without content, which looks like padding:
it takes its place in Reverb, and nothing trains on it. So does one in a journal of before that is
not accepted any more, and one whose earlier frames of an image are lost.
"""

from collections.abc import Callable
from functools import partial
import itertools
import logging
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_agent.errors import JournalError
from rl_agent.transport.transition_checks import BadRows, CHECKED, find_bad_rows, good_runs
from rl_learner.frames.frame_stacks import FrameStacks
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal import Written
from rl_learner.journal.journal_header import JournalHeader, open_journal_file
from rl_learner.journal.journal_reader import journal_files, transitions_before
from rl_learner.journal.journal_records import Damage, MOVE_THIS_AND_OLDER_AWAY
from rl_learner.journal.journal_units import read_units, report, Unit
from rl_learner.replay.layout import Batch, ReplayLayout
from rl_learner.replay.n_step import NStep

_COLUMNS = tuple(name for name in Batch._fields if name != 'num_steps')
_NUMBER_BYTES = np.dtype(np.float32).itemsize
_MOST_BYTES = 1 << 25  # read at once; rows with images are large
_LOGGER = logging.getLogger(__name__)


class JournalRows:
    """Reads rows, from any number up to the last one on the disk.

    Attributes:
        position: number of the next row.
        left_out: rows without content that were read, each counted once.
    """

    def __init__(
        self,
        folder: Path,
        written: Callable[[], Written],
        layout: ReplayLayout,
        *,
        n_step: int,
        gamma: float,
    ) -> None:
        """Begin at row 0.

        Args:
            folder: folder of the journal.
            written: returns what its writer has written.
            layout: layout of the rows.
            n_step: number of rewards summed in a row.
            gamma: discount in that sum.
        """
        self._folder, self._written, self._layout = folder, written, layout
        self._n_step, self._gamma = n_step, gamma
        self._file: BinaryIO | None = None
        self._header = JournalHeader('', 0)
        self._path = Path()
        self._named: set[Path] = set()  # files with such rows
        self._stacks: FrameStacks | None = None
        self.left_out, self._counted = 0, 0
        self._reached = 0  # number of the file's next row; rows before `position` are skipped
        self.position = 0

    def seek(self, position: int) -> None:
        """Move to a row; with several frames in an observation, read from the file before it.

        Raises:
            JournalError: the journal does not hold it.
        """
        total = self._written().total
        if position > total:
            raise JournalError(
                f'{self._folder} holds {total} transitions: given number {position}; the replay'
                ' server belongs to another run, or files were removed: restart the learner'
            )
        before = [
            path for path in journal_files(self._folder) if transitions_before(path) <= position
        ]
        if not before:
            raise JournalError(
                f'{self._folder}: number {position} was already removed: restart the learner'
            )
        first = before[-2:][0] if self._layout.stack > 1 else before[-1]
        self._stacks = FrameStacks(self._layout.pixels) if self._layout.pixels else None
        self._open(first)
        self._reached = transitions_before(first)
        self.position = position

    def read(self, most: int) -> Float32Array:
        """Return the next complete rows, about `most` or fewer; none if there are no more yet.

        Raises:
            JournalError: the journal cannot be read, or transitions are missing.
            ConfigurationError: a file is not a journal.
        """
        if self._file is None:
            self.seek(self.position)
        most = min(most, max(1, _MOST_BYTES // (self._layout.width * _NUMBER_BYTES)))
        parts: list[Float32Array] = []
        count = 0
        while count < most:
            rows = self._next_rows(most - count)
            if rows is None:
                break
            parts.append(rows[max(0, self.position - self._reached) :])
            self._reached += len(rows)
            self._count_left_out(self.position + count, parts[-1])
            count += len(parts[-1])
        self.position += count
        return np.concatenate(parts) if parts else np.empty((0, self._layout.width), np.float32)

    def close(self) -> None:
        """Close the open file; `read` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, path: Path) -> None:
        """Open a file and start at its first row."""
        self.close()
        self._file, self._header = open_journal_file(path)
        self._path = path
        self._sums: dict[tuple[str, str], NStep] = {}
        self._next: dict[tuple[str, str], int] = {}  # number that continues a session
        self._taken = transitions_before(path)  # transitions of the run before the next unit
        self._ended = self._is_damaged = False
        self._note(self._header.damage)

    def _next_rows(self, most: int) -> Float32Array | None:
        """Return the rows completed by the next batches, possibly none; None at the end."""
        written = self._written()
        grows = self._path == written.path
        units = self._units(written.end if grows else None, most)
        if units:
            return self._rows_of_units(units)
        if grows:
            return None
        if not self._ended:
            self._ended = True
            return self._concatenate([sums.flush() for sums in self._sums.values()])
        later = [path for path in journal_files(self._folder) if path > self._path]
        if not later:
            return None
        missing = transitions_before(later[0]) - self._reached
        if self._is_damaged and 0 < missing <= self._path.stat().st_size:
            return self._without_content(missing)
        if missing:
            raise JournalError(
                f'{self._path}: given rows up to number {self._reached}; accepted: up to'
                f' {transitions_before(later[0])}, where {later[0].name} begins. Where a file was'
                f' truncated or removed, {MOVE_THIS_AND_OLDER_AWAY}'
            )
        self._open(later[0])
        return self._concatenate([])

    def _units(self, end: int | None, most: int) -> list[Unit]:
        """Return units of the open file with about `most` rows."""
        assert self._file is not None
        units: list[Unit] = []
        count, position = 0, self._file.tell()
        for unit in read_units(self._file, self._header, self._path, end, self._taken):
            position = unit.end
            units.append(unit)
            self._note(unit.damage)
            self._taken += unit.count
            count += unit.count
            if count >= most:
                break
        self._file.seek(position, os.SEEK_SET)
        return units

    def _note(self, damage: Damage | None) -> None:
        """Remember and report damage of the open file."""
        if damage is not None:
            self._is_damaged = True
            report(damage)

    def _rows_of_units(self, units: list[Unit]) -> Float32Array:
        """Return the rows completed by these units; no sum of rewards crosses a damage."""
        parts = []
        for is_read, group in itertools.groupby(units, key=self._is_readable):
            some = list(group)
            if is_read:
                batches = [unit.batch for unit in some if unit.batch]  # without empty ones
                parts += [self._rows_of(batches)] if batches else []
            elif any(unit.damage or unit.count for unit in some):
                parts += [sums.flush() for sums in self._sums.values()]
                parts.append(self._without_content(sum(unit.count for unit in some)))
        return parts[0] if len(parts) == 1 else self._concatenate(parts)

    def _is_readable(self, unit: Unit) -> bool:
        """Return whether a unit has a batch of the run's sizes; report another size."""
        batch = unit.batch
        if batch is None:
            return False
        accepted = self._layout.observation_size, self._layout.action_size
        given = batch.observation_size, batch.action_size
        if given != accepted:
            reason = f'observation and action size: given {given}; accepted: {accepted}'
            self._note(Damage(self._path, unit.end, unit.end, reason))
        return given == accepted

    def _without_content(self, count: int) -> Float32Array:
        """Return rows for transitions that cannot be read, (count, width)."""
        return np.zeros((count, self._layout.width), np.float32)

    def _rows_of(self, batches: list[TransitionBatch]) -> Float32Array:
        """Return the rows completed by these batches."""
        columns = {
            name: np.concatenate([batch.columns[name] for batch in batches]) for name in CHECKED
        }
        bad = find_bad_rows(columns)
        if bad is not None:
            self._name_once(bad, batches)
        if self._n_step == 1:  # same result as the general case, many batches at once
            rows = self._layout.pack(*(columns[name] for name in _COLUMNS))
            start = 0
            for batch in batches if self._layout.stack > 1 else []:
                end = start + len(batch)
                for part in batch.without(bad.is_bad[start:end]) if bad else [batch]:
                    first = start + part.first_sequence - batch.first_sequence
                    self._complete(rows[first : first + len(part)], part)
                start = end
            if bad is not None:
                rows[bad.is_bad] = 0.0
            return rows
        parts, start = [], 0
        for batch in batches:
            key = (batch.sender.robot, batch.sender.session)
            sums = self._sums.setdefault(key, NStep(self._layout, self._n_step, self._gamma))
            if batch.first_sequence != self._next.get(key, batch.first_sequence):
                parts.append(sums.flush())  # a robot at rest may look as if nothing were missing
            self._next[key] = batch.last_sequence + 1
            if bad is None:
                parts.append(sums.push(batch.transitions, partial(self._complete, batch=batch)))
            else:
                parts += self._around(bad.is_bad[start : start + len(batch)], batch, sums)
            start += len(batch)
        return self._concatenate(parts)

    def _around(
        self, is_bad: NDArray[np.bool_], batch: TransitionBatch, sums: NStep
    ) -> list[Float32Array]:
        """Return the rows completed by a batch with bad rows, (count,); no sum crosses one."""
        parts, done = [], 0
        for start, stop in [*good_runs(is_bad), (len(batch), len(batch))]:
            if start > done:
                parts += [sums.flush(), self._without_content(start - done)]
            if stop > start:
                part = batch.part(start, stop)
                parts.append(sums.push(part.transitions, partial(self._complete, batch=part)))
            done = stop
        return parts

    def _complete(self, rows: Float32Array, batch: TransitionBatch) -> None:
        """Complete the earlier frames of a batch's rows, (count, width), in place."""
        if self._stacks is not None:
            sender = (batch.sender.robot, batch.sender.session)
            columns = batch.columns
            self._stacks.complete(rows, sender, columns['episode'], columns['step'])

    def _count_left_out(self, first: int, rows: Float32Array) -> None:
        """Count rows without content, each once; `first` is the number of the first row."""
        new = rows[max(0, self._counted - first) :]
        self.left_out += int(np.count_nonzero(new[:, -1] == 0.0))
        self._counted = max(self._counted, first + len(rows))

    def _name_once(self, bad: BadRows, batches: list[TransitionBatch]) -> None:
        """Report the first bad row of each file."""
        if self._path in self._named:
            return
        self._named.add(self._path)
        row = int(np.flatnonzero(bad.is_bad)[0])
        for batch in batches:
            if row < len(batch):
                break
            row -= len(batch)
        _LOGGER.warning(
            '%s: transition %d of robot %r, session %r: %s; it and others like it in this file are'
            ' left out of training',
            self._path,
            batch.first_sequence + row,
            batch.sender.robot,
            batch.sender.session,
            bad.reason,
        )

    def _concatenate(self, parts: list[Float32Array]) -> Float32Array:
        """Return rows in one array, (count, width)."""
        empty = np.empty((0, self._layout.width), np.float32)
        return np.concatenate([empty, *parts])
