# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One MCAP file of the journal, as it is written and ended.

Messages are records of their own, neither chunked nor compressed: what was written before a cut is
read as it is, and a batch is found at its offset. Readers that want an index use the summary at
the end; a file that never got its end is given one by `mend`.
"""

from collections import defaultdict
from collections.abc import Sequence
import contextlib
import errno
import os
from pathlib import Path

from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    DataEnd,
    Footer,
    Message,
    MetadataIndex,
    Schema,
    Statistics,
)
from mcap.writer import MCAP0_MAGIC
from rl_agent.errors import JournalError
from rl_agent.system.atomic_file import atomic_file
from rl_learner.journal.batch_codec import MESSAGE_DEFINITION, TYPE_NAME
from rl_learner.journal.journal_reader import (
    bytes_of,
    JOURNAL_START,
    JournalHeader,
    open_journal_file,
    read_records,
)

TOPIC = '/transitions'
_CHANNEL = 1
_SCHEMA_RECORD = Schema(id=1, name=TYPE_NAME, encoding='ros2msg', data=MESSAGE_DEFINITION.encode())
_CHANNEL_RECORD = Channel(
    id=_CHANNEL, topic=TOPIC, message_encoding='cdr', schema_id=1, metadata={}
)


class JournalFile:
    """A file that grows by groups of messages, each group on the disk when `append` returns.

    Attributes:
        path: of the file.
        size: bytes that are on the disk.
    """

    def __init__(self, path: Path, header: JournalHeader) -> None:
        """Make a new file; it has its name only once its header is on the disk.

        A file that nothing follows, with a whole header, would number what comes twice.

        Raises:
            OSError: the folder or the disk does not take it; no file of that name is left.
        """
        self.path = path
        self._statistics = _Statistics()
        beginning, self._metadata_index = _beginning(header)
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        unnamed = path.with_name(f'.{path.name}')
        self._handle = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _write_all(self._handle, beginning)
            os.fsync(self._handle)
            unnamed.rename(path)
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._handle)
            with contextlib.suppress(OSError):
                unnamed.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            raise
        self.size = len(beginning)

    def append(self, messages: Sequence[bytes], log_time_ns: int) -> None:
        """Add a group of messages; on return they are on the disk.

        Raises:
            OSError: the disk does not take them, or has lost what it had; none of them is in the
                file, or what is there of them is cut off before anything else is written.
            JournalError: the file was deleted, and what is written into it would be lost.
        """
        status = os.fstat(self._handle)
        if status.st_nlink == 0:
            raise JournalError(
                f'{self.path}: was deleted while it grew; accepted: a file that stays; start the'
                ' learner again'
            )
        self._end_at_size(status.st_size)
        builder = RecordBuilder()
        for message in messages:
            Message(_CHANNEL, log_time_ns, message, log_time_ns, 0).write(builder)
        group = builder.end()
        try:
            _write_all(self._handle, group)
            os.fsync(self._handle)
        except OSError:
            with contextlib.suppress(OSError):  # the next group tries it again
                self._end_at_size(os.fstat(self._handle).st_size)
            raise
        self.size += len(group)
        self._statistics.add(len(messages), log_time_ns)

    def finish(self) -> None:
        """Write the summary and close the file.

        Raises:
            OSError: the disk does not take it; the file is closed all the same.
        """
        try:
            self._end_at_size(os.fstat(self._handle).st_size)
            _write_all(self._handle, _ending(self.size, self._statistics, self._metadata_index))
            os.fsync(self._handle)
        finally:
            self.close()

    def close(self) -> None:
        """Close the file as it is."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _end_at_size(self, found: int) -> None:
        """Cut off what a group that failed has left: whole records would be taken for stored ones.

        Args:
            found: bytes that are in the file.

        Raises:
            OSError: the disk does not do that, or has lost bytes that were on it; what is written
                behind a hole could not be read.
        """
        if found < self.size:
            raise OSError(
                errno.EIO,
                f'has {found} bytes of {self.size} that were on the disk; accepted: a file that'
                ' stays; start the learner again',
            )
        if found > self.size:
            os.ftruncate(self._handle, self.size)
        os.lseek(self._handle, self.size, os.SEEK_SET)


def mend(path: Path) -> int:
    """Give a file that was cut off its end; return how many bytes behind its last whole record.

    A whole file stays as it is. The mended one replaces the other in one step.

    Raises:
        JournalError: the file cannot be read, not even its header.
        OSError: the disk does not take the mended one; the file stays as it is.
    """
    file, header = open_journal_file(path)
    with file:
        statistics, end = _Statistics(), file.tell()
        for record in read_records(file):
            if record.opcode == Opcode.DATA_END:
                break
            if record.opcode == Opcode.MESSAGE:
                statistics.add(1, int.from_bytes(record.body[6:14], 'little'))
            end = record.end
        if file.seek(-len(MCAP0_MAGIC), os.SEEK_END) >= end and file.read() == MCAP0_MAGIC:
            return 0
        cut_off = file.seek(0, os.SEEK_END) - end
        file.seek(0)
        with atomic_file(path) as mended:
            for position in range(0, end, 1 << 20):
                mended.write(file.read(min(1 << 20, end - position)))
            mended.write(_ending(end, statistics, _beginning(header)[1]))
    return cut_off


class _Statistics:
    """Counts of one file's messages."""

    def __init__(self) -> None:
        """Begin with none."""
        self._count = self._first_ns = self._last_ns = 0

    def add(self, count: int, log_time_ns: int) -> None:
        """Count messages of one time."""
        self._first_ns = min(self._first_ns, log_time_ns) if self._count else log_time_ns
        self._last_ns = max(self._last_ns, log_time_ns)
        self._count += count

    def record(self) -> Statistics:
        """Return the record of the summary."""
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


def _beginning(header: JournalHeader) -> tuple[bytes, MetadataIndex]:
    """Return the bytes before the first message, and where the metadata are in them."""
    metadata = header.to_metadata()
    record = bytes_of(metadata)
    index = MetadataIndex(offset=len(JOURNAL_START), length=len(record), name=metadata.name)
    return JOURNAL_START + record + bytes_of(_SCHEMA_RECORD) + bytes_of(_CHANNEL_RECORD), index


def _ending(offset: int, statistics: _Statistics, metadata_index: MetadataIndex) -> bytes:
    """Return the bytes behind the last message, which ends at `offset`."""
    data_end = bytes_of(DataEnd(data_section_crc=0))
    summary = b''.join(
        map(bytes_of, (_SCHEMA_RECORD, _CHANNEL_RECORD, statistics.record(), metadata_index))
    )
    footer = Footer(summary_start=offset + len(data_end), summary_offset_start=0, summary_crc=0)
    return data_end + summary + bytes_of(footer) + MCAP0_MAGIC


def _write_all(handle: int, data: bytes) -> None:
    """Write all of it, however many pieces the system makes of it."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no such call
            os.fsync(handle)
    finally:
        os.close(handle)
