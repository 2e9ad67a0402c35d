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

"""Reads MCAP records of a journal file, up to the last complete one."""

from collections.abc import Iterator
from dataclasses import dataclass
import io
from pathlib import Path
import struct
from typing import BinaryIO

from mcap.data_stream import RecordBuilder
from mcap.records import Header, McapRecord
from mcap.writer import MCAP0_MAGIC
from rl_agent.errors import JournalError

RECORD_PREFIX = struct.Struct('<BQ')  # opcode and length of a record
_LARGEST_RECORD = 1 << 31
MOVE_THIS_AND_OLDER_AWAY = 'move this file and all older ones away and restart the learner'
MOVE_THIS_AWAY = 'move this file away and restart the learner'


@dataclass(frozen=True)
class Record:
    """A complete record.

    Attributes:
        opcode: kind of record.
        body: content.
        end: offset of its end in the file.
    """

    opcode: int
    body: bytes
    end: int


@dataclass(frozen=True)
class Damage:
    """Bytes of a file that are not as they were written.

    Attributes:
        path: of the file.
        start: offset of the first byte.
        end: offset behind the last byte.
        reason: how it shows, and what is lost.
    """

    path: Path
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        """Return file, bytes and reason."""
        return f'{self.path}, bytes {self.start} to {self.end}: {self.reason}'


def record_bytes(record: McapRecord) -> bytes:
    """Return the bytes of a record."""
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())


# start of every file; the metadata record with a `JournalHeader` follows
JOURNAL_START = MCAP0_MAGIC + record_bytes(Header(profile='ros2', library='rl_learner'))


def read_records(file: BinaryIO, end: int | None = None) -> Iterator[Record]:
    """Yield records from the file's position on; stop before an incomplete one.

    Args:
        file: open file, after its magic bytes or where an earlier call stopped.
        end: offset at which to stop; None: the end of the file.

    Raises:
        JournalError: the file cannot be read.
    """
    position = file.tell()
    if end is None:
        end = file.seek(0, io.SEEK_END)
        file.seek(position)
    while position + RECORD_PREFIX.size <= end:
        opcode, length = RECORD_PREFIX.unpack(read_bytes(file, RECORD_PREFIX.size))
        # a file system may leave zeros in place of blocks that never reached the disk
        if opcode == 0 or length > _LARGEST_RECORD or position + RECORD_PREFIX.size + length > end:
            return
        position += RECORD_PREFIX.size + length
        yield Record(opcode, read_bytes(file, length), position)


def read_bytes(file: BinaryIO, count: int) -> bytes:
    """Return the next bytes of a journal file.

    Raises:
        JournalError: the file cannot be read.
    """
    try:
        return file.read(count)
    except OSError as error:
        raise JournalError(
            f'{file.name}: cannot be read: {error.strerror}; if that persists,'
            f' {MOVE_THIS_AND_OLDER_AWAY}'
        ) from error
