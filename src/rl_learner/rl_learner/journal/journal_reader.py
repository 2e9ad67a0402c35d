# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Reads the journal of a run: files in order, records up to the last complete one.

The name of a file is the number of transitions before it, so that a transition can be located by
file names alone. A file without an end, because its writer was killed or still writes, is read up
to its last complete record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
import io
import json
from pathlib import Path
import struct
from typing import BinaryIO

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Header, McapRecord, Metadata
from mcap.writer import MCAP0_MAGIC
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.batch_codec import decode, TransitionBatch

METADATA_NAME = 'rl_journal'
FORMAT = '1'
_PREFIX = struct.Struct('<BQ')  # opcode and length of a record
_MESSAGE_HEAD = 22  # channel, sequence and two times before the message
_LARGEST_RECORD = 1 << 31
MOVE_THIS_AND_OLDER_AWAY = 'move this file and all older ones away and restart the learner'
MOVE_THIS_AWAY = 'move this file away and restart the learner'


def record_bytes(record: McapRecord) -> bytes:
    """Return the bytes of a record."""
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())


# start of every file; the metadata record with a `JournalHeader` follows
JOURNAL_START = MCAP0_MAGIC + record_bytes(Header(profile='ros2', library='rl_learner'))


@dataclass(frozen=True)
class JournalHeader:
    """Metadata of a file.

    Attributes:
        fingerprint: fingerprint of the robots' observation and action layout.
        transitions_before: number of transitions in earlier files, including deleted ones.
        sequences: (robot, session) to the highest number in earlier files.
    """

    fingerprint: str
    transitions_before: int
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def to_metadata(self) -> Metadata:
        """Return the header as a metadata record."""
        rows = [[robot, session, number] for (robot, session), number in self.sequences.items()]
        return Metadata(
            name=METADATA_NAME,
            metadata={
                'format': FORMAT,
                'fingerprint': self.fingerprint,
                'transitions_before': str(self.transitions_before),
                'sequences': json.dumps(rows),
            },
        )


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
class JournalExtent:
    """The range of transitions in a journal.

    Attributes:
        first: number of transitions deleted from its start.
        total: number of transitions of the run, including deleted ones.
        fingerprint: fingerprint of the robots; empty without a file.
        open_sessions: number of sessions in the last file; n-step sums end with a file.
    """

    first: int = 0
    total: int = 0
    fingerprint: str = ''
    open_sessions: int = 0


def file_name(transitions_before: int) -> str:
    """Return the name of the file that begins after this many transitions."""
    return f'{transitions_before:012d}.mcap'


def transitions_before(path: Path) -> int:
    """Return the number of transitions before a file, from its name."""
    return int(path.stem)


def journal_files(folder: Path) -> list[Path]:
    """Return the files of a journal, oldest first; none if there is no journal."""
    return sorted(path for path in folder.glob('*.mcap') if path.stem.isdigit())


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
    while position + _PREFIX.size <= end:
        opcode, length = _PREFIX.unpack(_read(file, _PREFIX.size))
        # a file system may leave zeros in place of blocks that never reached the disk
        if opcode == 0 or length > _LARGEST_RECORD or position + _PREFIX.size + length > end:
            return
        position += _PREFIX.size + length
        yield Record(opcode, _read(file, length), position)


def _read(file: BinaryIO, count: int) -> bytes:
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


def open_journal_file(path: Path) -> tuple[BinaryIO, JournalHeader]:
    """Return an open file, positioned after its header, and the header.

    Raises:
        JournalError: the file cannot be read, or its header is truncated or corrupted.
        ConfigurationError: it is not a journal of this project.
    """
    file, header = _open(path)
    if header is None:
        file.close()
        raise JournalError(f'{path}: ends within its header')
    return file, header


def read_header(path: Path) -> JournalHeader:
    """Return the header of a file; raises like `open_journal_file`."""
    file, header = open_journal_file(path)
    file.close()
    return header


def read_batches(path: Path) -> Iterator[TransitionBatch]:
    """Yield the batches of one file, up to the last complete one.

    Raises:
        JournalError: the file cannot be read.
        ConfigurationError: it is not a journal, or a message is not a batch.
    """
    file, _ = open_journal_file(path)
    with file:
        for record in read_records(file):
            if record.opcode == Opcode.MESSAGE:
                yield decode_record(record, path)


def read_journal(folder: Path) -> Iterator[TransitionBatch]:
    """Yield all batches of a journal in the order they were stored."""
    for path in journal_files(folder):
        yield from read_batches(path)


def decode_record(record: Record, path: Path) -> TransitionBatch:
    """Return the batch in a message record of a file.

    Raises:
        ConfigurationError: the message is not a batch.
    """
    try:
        return decode(record.body[_MESSAGE_HEAD:])
    except ConfigurationError as error:
        raise ConfigurationError(
            f'{path}, the record that ends at byte {record.end}: {error}; if the disk has'
            f' corrupted it, {MOVE_THIS_AND_OLDER_AWAY}'
        ) from error


def journal_extent(folder: Path) -> JournalExtent:
    """Return what the journal in a folder holds; reads only the last file.

    Raises:
        JournalError: that file cannot be read or is corrupted.
        ConfigurationError: it is not a journal.
    """
    files = journal_files(folder)
    # its writer was killed before the header was complete, so it holds nothing
    while files and not has_complete_header(files[-1]):
        files.pop()
    if not files:
        return JournalExtent()
    header = read_header(files[-1])
    count, sessions = 0, set()
    for batch in read_batches(files[-1]):
        count += len(batch)
        sessions.add((batch.sender.robot, batch.sender.session))
    return JournalExtent(
        first=transitions_before(files[0]),
        total=header.transitions_before + count,
        fingerprint=header.fingerprint,
        open_sessions=len(sessions),
    )


def has_complete_header(path: Path) -> bool:
    """Return whether the newest file has a complete header; otherwise it holds nothing.

    Its writer was killed, or removed it after the folder was listed.

    Raises:
        JournalError: the file may hold transitions, but cannot be read or is corrupted.
        ConfigurationError: it is not a journal.
    """
    try:
        file, header = _open(path)
    except JournalError as error:
        if isinstance(error.__cause__, FileNotFoundError) and not path.is_symlink():
            return False
        raise JournalError(
            f'{error}; accepted: the file as it was written; if it is lost, {MOVE_THIS_AWAY}'
        ) from error
    file.close()
    return header is not None


def is_corrupted(path: Path) -> bool:
    """Return whether a file has its end, but a corrupted record before it."""
    file, _ = open_journal_file(path)
    with file:
        if any(record.opcode == Opcode.DATA_END for record in read_records(file)):
            return False
        file.seek(-len(MCAP0_MAGIC), io.SEEK_END)
        return file.read() == MCAP0_MAGIC


def _open(path: Path) -> tuple[BinaryIO, JournalHeader | None]:
    """Return an open file, after its header, and the header; None if it is incomplete."""
    try:
        file = path.open('rb')
        try:
            return file, _read_header(file, path)
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise JournalError(f'{path}: cannot be read: {error.strerror}') from error


def _read_header(file: BinaryIO, path: Path) -> JournalHeader | None:
    """Return the header at the start of a file; None if the file ends within it."""
    magic = file.read(len(MCAP0_MAGIC))
    if not MCAP0_MAGIC.startswith(magic):
        raise ConfigurationError(f'{path}: given {magic!r}; accepted: an MCAP file')
    end = file.tell()
    for record in read_records(file):
        if record.opcode == Opcode.METADATA:
            # the next call continues after this record
            return _parse_header(record.body, path)
        if record.opcode == Opcode.MESSAGE:
            raise ConfigurationError(
                f'{path}: accepted: a journal; this MCAP file holds something else'
            )
        end = record.end
    if _is_truncated(file, end):
        return None
    raise JournalError(f'{path}: its header is corrupted')


def _is_truncated(file: BinaryIO, end: int) -> bool:
    """Return whether a file was truncated within its header.

    A corrupted length may also point beyond the end. But then the record is not the expected one,
    or contradicts itself, because metadata contain their length twice.

    Args:
        file: open file without a complete metadata record.
        end: offset of the end of its last complete record.
    """
    if end < len(JOURNAL_START):
        file.seek(0)
        return JOURNAL_START.startswith(file.read(len(JOURNAL_START)))
    if end > len(JOURNAL_START):
        return False
    file.seek(end)
    name = len(METADATA_NAME).to_bytes(4, 'little') + METADATA_NAME.encode()
    prefix, body = file.read(_PREFIX.size), file.read(len(name) + 4)
    if len(prefix) < _PREFIX.size:
        return True
    opcode, length = _PREFIX.unpack(prefix)
    if opcode != Opcode.METADATA or not name.startswith(body[: len(name)]):
        return False
    rest = body[len(name) :]
    return len(rest) < 4 or len(body) + int.from_bytes(rest, 'little') == length


def _parse_header(body: bytes, path: Path) -> JournalHeader:
    """Return the header in a metadata record."""
    try:
        record = Metadata.read(ReadDataStream(io.BytesIO(body)))
        if record_bytes(record)[_PREFIX.size :] != body:
            raise ValueError(f'{len(body)} bytes do not decode to themselves')
        return _header_of(record, path)
    except (McapError, struct.error, KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f'{path}: its header is corrupted: {type(error).__name__}: {error}'
        ) from error


def _header_of(record: Metadata, path: Path) -> JournalHeader:
    """Return the header in a parsed metadata record."""
    values = record.metadata
    if record.name != METADATA_NAME or values.get('format') != FORMAT:
        raise ConfigurationError(
            f'{path}: given {record.name!r}, format {values.get("format")!r};'
            f' accepted: {METADATA_NAME!r}, format {FORMAT!r}'
        )
    return JournalHeader(
        fingerprint=values['fingerprint'],
        transitions_before=int(values['transitions_before']),
        sequences={
            (robot, session): int(number)
            for robot, session, number in json.loads(values['sequences'])
        },
    )
