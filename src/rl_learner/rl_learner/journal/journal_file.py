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

"""Writes, finishes and repairs one MCAP file of the journal.

Messages are neither chunked nor compressed, so that a truncated file can be read up to its end and
a batch is found at its offset. A seal before each one shows damage. Readers that need an index use
the summary at the end; `repair` adds it to a file without one.
"""

from collections import defaultdict
from collections.abc import Sequence
import contextlib
import errno
import io
import itertools
import os
from pathlib import Path
import struct
from typing import BinaryIO
import zlib

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Footer,
    Message,
    MetadataIndex,
    Schema,
    Statistics,
)
from mcap.writer import MCAP0_MAGIC
from rl_agent.bringup.evaluation_topics import TRANSITIONS
from rl_agent.errors import JournalError
from rl_agent.system.atomic_file import atomic_file
from rl_learner.journal.batch_codec import count_of, MESSAGE_DEFINITION, TYPE_NAME
from rl_learner.journal.journal_header import copy_of_header, JournalHeader, open_journal_file
from rl_learner.journal.journal_records import JOURNAL_START, read_records, Record, record_bytes
from rl_learner.journal.journal_seal import seal
from rl_learner.journal.journal_units import DATA_END, read_units, report

_CHANNEL = 1
_SCHEMA_RECORD = Schema(id=1, name=TYPE_NAME, encoding='ros2msg', data=MESSAGE_DEFINITION.encode())
_CHANNEL_RECORD = Channel(
    id=_CHANNEL, topic=TRANSITIONS, message_encoding='cdr', schema_id=1, metadata={}
)


class JournalFile:
    """A file that grows by groups of messages, each on the disk when `append` returns.

    Attributes:
        path: path of the file.
        size: number of bytes on the disk.
    """

    def __init__(self, path: Path, header: JournalHeader) -> None:
        """Create a file; it gets its name only after its header is on the disk.

        If creation failed, a leftover file with a header would repeat transition numbers.

        Args:
            path: of the file.
            header: with a marker.

        Raises:
            OSError: folder or disk refuses it; no file of that name is left.
        """
        self.path = path
        self._statistics = _Statistics()
        head, self._metadata_index = _head(header)
        self._marker, self._row = header.marker, header.transitions_before
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        unnamed = path.with_name(f'.{path.name}')
        self._handle = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _write_all(self._handle, head)
            os.fsync(self._handle)
            unnamed.rename(path)
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._handle)
            with contextlib.suppress(OSError):
                unnamed.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            raise
        self.size = len(head)

    def append(self, messages: Sequence[bytes], log_time_ns: int) -> None:
        """Add a group of messages; on return they are on the disk.

        Raises:
            OSError: the write failed, or the disk lost earlier bytes. Any part of the group in the
                file is removed before the next write.
            JournalError: the file was deleted, so that its content would be lost.
        """
        status = os.fstat(self._handle)
        if status.st_nlink == 0:
            raise JournalError(
                f'{self.path}: was deleted while in use; accepted: a file that stays; restart the'
                ' learner'
            )
        self._truncate_to_size(status.st_size)
        parts, row = [], self._row
        for message in messages:
            record = record_bytes(Message(_CHANNEL, log_time_ns, message, log_time_ns, 0))
            count = count_of(message)
            parts += [seal(record, row, count, self._marker), record]
            row += count
        group = b''.join(parts)
        try:
            _write_all(self._handle, group)
            os.fsync(self._handle)
        except OSError:
            with contextlib.suppress(OSError):  # the next group tries again
                self._truncate_to_size(os.fstat(self._handle).st_size)
            raise
        self.size += len(group)
        self._row = row
        self._statistics.add(len(messages), log_time_ns)

    def finish(self) -> None:
        """Write the summary and close the file.

        Raises:
            OSError: the write failed; the file is closed anyway.
        """
        try:
            self._truncate_to_size(os.fstat(self._handle).st_size)
            _write_all(self._handle, _tail(self.size, self._statistics, self._metadata_index))
            os.fsync(self._handle)
        finally:
            self.close()

    def close(self) -> None:
        """Close the file without a summary."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _truncate_to_size(self, found: int) -> None:
        """Remove the rest of a failed group: its complete records would count as stored.

        Args:
            found: number of bytes in the file.

        Raises:
            OSError: the disk refuses it, or has lost bytes; records after a hole are unreadable.
        """
        if found < self.size:
            raise OSError(
                errno.EIO,
                f'has {found} bytes of {self.size} that were on the disk; accepted: a file that'
                ' stays; restart the learner',
            )
        if found > self.size:
            os.ftruncate(self._handle, self.size)
        os.lseek(self._handle, self.size, os.SEEK_SET)


def repair(path: Path) -> int:
    """Add the missing end to a truncated file; return the number of bytes removed.

    A complete file is not changed. The repaired file replaces the original atomically.

    Raises:
        JournalError: the file or its header cannot be read.
        OSError: the disk refuses the repaired file; the original stays.
    """
    file, header = open_journal_file(path)
    with file:
        schema, statistics, end = _schema_of(file), _Statistics(), file.tell()
        for unit in read_units(file, header, path, row=header.transitions_before):
            if unit.damage is not None:
                report(unit.damage)
            if unit.batch is not None:
                statistics.add(1, unit.log_time_ns)
            end = unit.end
        if file.seek(-len(MCAP0_MAGIC), os.SEEK_END) >= end and file.read() == MCAP0_MAGIC:
            return 0
        truncated_bytes = file.seek(0, os.SEEK_END) - end
        file.seek(0)
        with atomic_file(path) as repaired:
            for position in range(0, end, 1 << 20):
                repaired.write(file.read(min(1 << 20, end - position)))
            repaired.write(_tail(end, statistics, _head(header)[1], schema))
    return truncated_bytes


def _schema_of(file: BinaryIO) -> bytes:
    """Return the schema record in a file: the message may have had other fields then."""
    position = file.tell()
    file.seek(len(JOURNAL_START))
    schema = _SCHEMA_RECORD
    for record in itertools.takewhile(_is_before_messages, read_records(file)):
        if record.opcode == Opcode.SCHEMA:
            with contextlib.suppress(McapError, struct.error, ValueError):  # damaged
                schema = Schema.read(ReadDataStream(io.BytesIO(record.body)))
    file.seek(position)
    return record_bytes(schema)


def _is_before_messages(record: Record) -> bool:
    """Return whether a record belongs to the start of a file."""
    return record.opcode in (Opcode.METADATA, Opcode.SCHEMA, Opcode.CHANNEL)


class _Statistics:
    """Statistics of the messages in a file."""

    def __init__(self) -> None:
        """Start at zero."""
        self._count = self._first_ns = self._last_ns = 0

    def add(self, count: int, log_time_ns: int) -> None:
        """Count messages with one log time."""
        self._first_ns = min(self._first_ns, log_time_ns) if self._count else log_time_ns
        self._last_ns = max(self._last_ns, log_time_ns)
        self._count += count

    def record(self) -> Statistics:
        """Return the record for the summary."""
        counts = defaultdict(int, {_CHANNEL: self._count} if self._count else {})
        return Statistics(
            message_count=self._count,
            schema_count=1,
            channel_count=1,
            attachment_count=0,
            metadata_count=1,
            chunk_count=0,
            message_start_time=self._first_ns,
            message_end_time=self._last_ns,
            channel_message_counts=counts,
        )


def _head(header: JournalHeader) -> tuple[bytes, MetadataIndex]:
    """Return the bytes before the first message, and the index of their metadata."""
    metadata = header.to_metadata()
    record = record_bytes(metadata)
    index = MetadataIndex(offset=len(JOURNAL_START), length=len(record), name=metadata.name)
    head = JOURNAL_START + record + record_bytes(_SCHEMA_RECORD) + record_bytes(_CHANNEL_RECORD)
    return head + (copy_of_header(header, head) if header.marker else b''), index


def _tail(
    offset: int,
    statistics: _Statistics,
    metadata_index: MetadataIndex,
    schema: bytes = b'',
) -> bytes:
    """Return the bytes after the last message, which ends at `offset`."""
    summary = b''.join(
        (
            schema or record_bytes(_SCHEMA_RECORD),
            *map(record_bytes, (_CHANNEL_RECORD, statistics.record(), metadata_index)),
        )
    )
    footer = record_bytes(Footer(offset + len(DATA_END), summary_offset_start=0, summary_crc=0))
    summary += footer[:-4]
    return DATA_END + summary + zlib.crc32(summary).to_bytes(4, 'little') + MCAP0_MAGIC


def _write_all(handle: int, data: bytes) -> None:
    """Write all bytes, in as many calls as it takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems do not support it
            os.fsync(handle)
    finally:
        os.close(handle)
