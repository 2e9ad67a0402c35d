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

"""The batches of a journal file in order, and the damage between them.

Damaged bytes are named and left out, everything else is used. The numbers of the transitions
behind them do not change: what is missing counts as that many transitions without content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import functools
import io
import logging
from pathlib import Path
from typing import BinaryIO
import zlib

from mcap.opcode import Opcode
from mcap.records import DataEnd
from mcap.writer import MCAP0_MAGIC
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.batch_codec import decode, TransitionBatch
from rl_learner.journal.journal_header import JournalHeader
from rl_learner.journal.journal_records import (
    Damage,
    read_bytes,
    read_records,
    record_bytes,
    RECORD_PREFIX,
)
from rl_learner.journal.journal_seal import (
    find_seal,
    is_vouched_for,
    read_seal,
    Seal,
    SEAL_SIZE,
)

DATA_END = record_bytes(DataEnd(data_section_crc=0))
_LOGGER = logging.getLogger(__name__)
_MESSAGE_HEAD = 22  # channel, sequence and two times before the message
_FOOTER_SIZE = 29
_TAIL_SIZE = _FOOTER_SIZE + len(MCAP0_MAGIC)


@dataclass(frozen=True)
class Unit:
    """A batch, or bytes without one.

    Attributes:
        batch: None for damage, and for records without transitions.
        count: number of transitions in the batch, or that are missing here as far as is known.
        end: offset of its end in the file.
        log_time_ns: time of writing, of a batch.
        damage: what was found damaged there, if anything; the batch is intact even then.
    """

    batch: TransitionBatch | None
    count: int
    end: int
    log_time_ns: int = 0
    damage: Damage | None = None


def read_units(
    file: BinaryIO, header: JournalHeader, path: Path, end: int | None = None, row: int = 0
) -> Iterator[Unit]:
    """Yield the units from the file's position on; stop before an incomplete one.

    Args:
        file: open file, after its header or where an earlier call stopped.
        header: its header; without a marker of seals the file is of before them, and only what
            cannot be decoded is found.
        path: its path, for the text of a damage.
        end: number of bytes that are written; None: the whole file, which no longer grows.
        row: number of transitions of the run before this position.

    Raises:
        JournalError: the file cannot be read.
    """
    if header.marker:
        yield from _SealedFile(file, header.marker, path, end).units(row)
    else:
        yield from _units_of_before(file, path, end)


@functools.lru_cache(maxsize=10_000)
def report(damage: Damage) -> None:
    """Log a damage, once however often the file is read."""
    _LOGGER.warning('%s; everything else in the file is used. Check the disk', damage)


class _SealedFile:
    """A file with a seal before each batch."""

    def __init__(self, file: BinaryIO, marker: bytes, path: Path, end: int | None) -> None:
        """Start at the file's position."""
        self._file, self._marker, self._path = file, marker, path
        self._position = file.tell()
        size = file.seek(0, io.SEEK_END)
        self._grows, self._end = end is not None, size if end is None else end

    def units(self, row: int) -> Iterator[Unit]:
        """Yield the units; `row` is the number of transitions before the first of them."""
        while self._position < self._end:
            begin = self._read(self._position, SEAL_SIZE)
            if begin.startswith(DATA_END):
                yield from self._check_tail()
                return
            seal = read_seal(begin, self._marker)
            unit = self._unsealed(begin) if seal is None else self._sealed(seal)
            unit = unit or self._next_seal(row)
            if unit is None:
                return
            yield unit
            self._position = unit.end
            row += unit.count

    def _sealed(self, seal: Seal) -> Unit | None:
        """Return the batch after a seal, or its damage; None if it is incomplete."""
        start = self._position + SEAL_SIZE
        stop = start + seal.size
        if stop > self._end:
            return None
        record = self._read(start, seal.size)
        if zlib.crc32(record) == seal.checksum:
            return self._unit(record, start, seal.count, None)
        reason = f'the {seal.count} transitions there do not have the checksum written with them'
        return Unit(None, seal.count, stop, 0, self._damage(start, stop, reason))

    def _unsealed(self, begin: bytes) -> Unit | None:
        """Return the batch after a damaged seal; None if that shows nothing."""
        start = self._position + SEAL_SIZE
        prefix = self._read(start, RECORD_PREFIX.size)
        opcode, length = RECORD_PREFIX.unpack(prefix) if len(prefix) == 9 else (0, 0)
        stop = start + RECORD_PREFIX.size + length
        if opcode != Opcode.MESSAGE or stop > self._end:
            return None
        record = self._read(start, stop - start)
        if not is_vouched_for(record, begin):
            return None
        reason = 'a checksum is damaged; the transitions behind it are not'
        return self._unit(record, start, 0, self._damage(self._position, start, reason))

    def _unit(self, record: bytes, start: int, count: int, damage: Damage | None) -> Unit:
        """Return the unit of an intact record; if it holds no batch, it was stored like that."""
        stop = start + len(record)
        try:
            batch = decode(record[RECORD_PREFIX.size + _MESSAGE_HEAD :])
        except ConfigurationError as error:
            return Unit(None, count, stop, 0, self._damage(start, stop, str(error)))
        return Unit(batch, len(batch), stop, _log_time_ns(record[RECORD_PREFIX.size :]), damage)

    def _next_seal(self, row: int) -> Unit | None:
        """Return what is damaged up to the next seal; None if the file is just incomplete."""
        found = find_seal(self._file, self._position + 1, self._end, self._marker)
        if found is not None:
            place, seal = found
            count = max(0, seal.row - row)
            if count > place - self._position:  # a transition takes more than a byte
                count = 0
            reason = f'{count} transitions there cannot be read'
            return Unit(None, count, place, 0, self._damage(self._position, place, reason))
        if not self._grows and not _is_complete(self._file):
            return None
        reason = 'cannot be read; the bytes up to the end of what was written'
        return Unit(None, 0, self._end, 0, self._damage(self._position, self._end, reason))

    def _check_tail(self) -> Iterator[Unit]:
        """Yield the damage of the summary, if any; it concerns other readers only."""
        tail = self._read(self._position, self._end - self._position)
        crc = tail[-_TAIL_SIZE + 25 : -_TAIL_SIZE + _FOOTER_SIZE]
        summary = tail[len(DATA_END) : -_TAIL_SIZE + 25]
        begin = b'\x02' + (20).to_bytes(8, 'little')
        begin += (self._position + len(DATA_END)).to_bytes(8, 'little') + bytes(8)
        is_right = summary.endswith(begin) and zlib.crc32(summary).to_bytes(4, 'little') == crc
        has_magic = tail.endswith(MCAP0_MAGIC)
        if is_right != has_magic:  # neither: its writer was killed
            reason = 'the summary for other readers is damaged; no transition is'
            yield Unit(None, 0, self._end, 0, self._damage(self._position, self._end, reason))

    def _damage(self, start: int, stop: int, reason: str) -> Damage:
        """Return a damage of this file."""
        return Damage(self._path, start, stop, reason)

    def _read(self, start: int, count: int) -> bytes:
        """Return bytes from an offset on, fewer at the end."""
        self._file.seek(start)
        return read_bytes(self._file, max(0, min(count, self._end - start)))


def _units_of_before(file: BinaryIO, path: Path, end: int | None) -> Iterator[Unit]:
    """Yield the units of a file without seals."""
    position = file.tell()
    for record in read_records(file, end):
        if record.opcode == Opcode.DATA_END:
            return
        start, position = position, record.end
        if record.opcode != Opcode.MESSAGE:
            yield Unit(None, 0, position)
            continue
        try:
            batch = decode(record.body[_MESSAGE_HEAD:])
        except ConfigurationError as error:
            yield Unit(None, 0, position, 0, Damage(path, start, position, str(error)))
        else:
            yield Unit(batch, len(batch), position, _log_time_ns(record.body))
    stop = file.seek(0, io.SEEK_END)
    if end is None and position < stop and _is_complete(file):
        reason = 'a record is damaged, and what follows cannot be found'
        yield Unit(None, 0, stop, 0, Damage(path, position, stop, reason))


def _is_complete(file: BinaryIO) -> bool:
    """Return whether a file ends like one that its writer has finished."""
    try:
        file.seek(-len(MCAP0_MAGIC), io.SEEK_END)
    except OSError as error:
        raise JournalError(f'{file.name}: cannot be read: {error.strerror}') from error
    return read_bytes(file, len(MCAP0_MAGIC)) == MCAP0_MAGIC


def _log_time_ns(body: bytes) -> int:
    """Return the time in the body of a message record."""
    return int.from_bytes(body[6:14], 'little')
