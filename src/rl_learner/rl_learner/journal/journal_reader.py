# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Reading the journal of a run: files in order, records up to the last whole one.

A file's name is the number of transitions in the files before it, so that the names alone say
where a transition is. A file without its end (its writer was killed, or still writes) is read up
to its last whole record.
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
_MESSAGE_HEAD = 22  # channel, sequence and two times before the message itself
_LARGEST_RECORD = 1 << 31
HOW_TO_GO_ON = 'move this file and all before it away and start the learner again'
HOW_TO_GO_ON_BEFORE = 'move this file away and start the learner again'


def bytes_of(record: McapRecord) -> bytes:
    """Return a record as it is written."""
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())


# what every file begins with; the metadata record with a `JournalHeader` follows
JOURNAL_START = MCAP0_MAGIC + bytes_of(Header(profile='ros2', library='rl_learner'))


@dataclass(frozen=True)
class JournalHeader:
    """What a file says of itself and of the files before it.

    Attributes:
        fingerprint: of the robots' observation and action layout.
        transitions_before: in all files before it, those that were deleted since included.
        sequences: robot and session to the highest number in the files before it.
    """

    fingerprint: str
    transitions_before: int
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def to_metadata(self) -> Metadata:
        """Return the record."""
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
    """A whole record.

    Attributes:
        opcode: its kind.
        body: its content.
        end: offset in the file behind it.
    """

    opcode: int
    body: bytes
    end: int


@dataclass(frozen=True)
class JournalExtent:
    """What a journal holds.

    Attributes:
        first: transitions that were deleted from its beginning.
        total: transitions of the run, the deleted ones included.
        fingerprint: of the robots; empty where there is no file.
        open_sessions: sessions in the last file; sums over n steps end with a file.
    """

    first: int = 0
    total: int = 0
    fingerprint: str = ''
    open_sessions: int = 0


def file_name(transitions_before: int) -> str:
    """Return the name of the file that begins there."""
    return f'{transitions_before:012d}.mcap'


def transitions_before(path: Path) -> int:
    """Return where a file begins, by its name."""
    return int(path.stem)


def journal_files(folder: Path) -> list[Path]:
    """Return the files of a journal, oldest first; none where there is no journal."""
    return sorted(path for path in folder.glob('*.mcap') if path.stem.isdigit())


def read_records(file: BinaryIO, end: int | None = None) -> Iterator[Record]:
    """Yield whole records from the file's position on; stops before one that is cut off.

    Args:
        file: behind the magic bytes, or where an earlier call stopped.
        end: read no further than this offset; None: the end of the file.

    Raises:
        JournalError: the disk does not give what is in it.
    """
    position = file.tell()
    if end is None:
        end = file.seek(0, io.SEEK_END)
        file.seek(position)
    while position + _PREFIX.size <= end:
        opcode, length = _PREFIX.unpack(_read(file, _PREFIX.size))
        # zeros are what a file system may leave of blocks that never reached the disk
        if opcode == 0 or length > _LARGEST_RECORD or position + _PREFIX.size + length > end:
            return
        position += _PREFIX.size + length
        yield Record(opcode, _read(file, length), position)


def _read(file: BinaryIO, count: int) -> bytes:
    """Return the next bytes of a journal file.

    Raises:
        JournalError: the disk does not give them.
    """
    try:
        return file.read(count)
    except OSError as error:
        raise JournalError(
            f'{file.name}: cannot be read: {error.strerror}; where that lasts, {HOW_TO_GO_ON}'
        ) from error


def open_journal_file(path: Path) -> tuple[BinaryIO, JournalHeader]:
    """Return an open file, behind its header, and the header.

    Raises:
        JournalError: it cannot be read, was cut off before the end of its header, or the disk
            changed that.
        ConfigurationError: it is no journal of this project.
    """
    file, header = _open(path)
    if header is None:
        file.close()
        raise JournalError(f'{path}: cut off within its header')
    return file, header


def read_header(path: Path) -> JournalHeader:
    """Return the header of a file; raises as `open_journal_file` does."""
    file, header = open_journal_file(path)
    file.close()
    return header


def read_batches(path: Path) -> Iterator[TransitionBatch]:
    """Yield the batches of one file, up to the last whole one.

    Raises:
        JournalError: the file cannot be read.
        ConfigurationError: it is no journal, or holds a batch that is none.
    """
    file, _ = open_journal_file(path)
    with file:
        for record in read_records(file):
            if record.opcode == Opcode.MESSAGE:
                yield batch_of(record, path)


def read_journal(folder: Path) -> Iterator[TransitionBatch]:
    """Yield all batches of a journal in the order in which they were stored."""
    for path in journal_files(folder):
        yield from read_batches(path)


def batch_of(record: Record, path: Path) -> TransitionBatch:
    """Return the batch in a message record of a file.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return decode(record.body[_MESSAGE_HEAD:])
    except ConfigurationError as error:
        raise ConfigurationError(
            f'{path}, the record that ends at byte {record.end}: {error}; where the disk has'
            f' changed it, {HOW_TO_GO_ON}'
        ) from error


def journal_extent(folder: Path) -> JournalExtent:
    """Return what the journal in a folder holds; reads no more than the last file.

    Raises:
        JournalError: that file cannot be read, or the disk changed it.
        ConfigurationError: it is no journal.
    """
    files = journal_files(folder)
    # its writer was killed before the header was whole: nothing is in it
    while files and not is_begun(files[-1]):
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


def is_begun(path: Path) -> bool:
    """Return whether the newest file has its whole header; one that has not holds nothing.

    Its writer was killed, or has taken it away since the folder was listed.

    Raises:
        JournalError: the file may hold something: it cannot be read, or the disk changed it.
        ConfigurationError: it is no journal.
    """
    try:
        file, header = _open(path)
    except JournalError as error:
        if isinstance(error.__cause__, FileNotFoundError) and not path.is_symlink():
            return False
        raise JournalError(
            f'{error}; accepted: the file as it was written; where it is lost,'
            f' {HOW_TO_GO_ON_BEFORE}'
        ) from error
    file.close()
    return header is not None


def is_changed(path: Path) -> bool:
    """Return whether a file has its end, and a record that the disk changed hides it."""
    file, _ = open_journal_file(path)
    with file:
        if any(record.opcode == Opcode.DATA_END for record in read_records(file)):
            return False
        file.seek(-len(MCAP0_MAGIC), io.SEEK_END)
        return file.read() == MCAP0_MAGIC


def _open(path: Path) -> tuple[BinaryIO, JournalHeader | None]:
    """Return an open file, behind its header, and the header; None: cut off before its end."""
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
    """Return the header at the start of a file; None: the file ends within it."""
    magic = file.read(len(MCAP0_MAGIC))
    if not MCAP0_MAGIC.startswith(magic):
        raise ConfigurationError(f'{path}: given {magic!r}; accepted: an MCAP file')
    end = file.tell()
    for record in read_records(file):
        if record.opcode == Opcode.METADATA:
            # the position is behind the record, where the next call reads on
            return _parse_header(record.body, path)
        if record.opcode == Opcode.MESSAGE:
            raise ConfigurationError(
                f'{path}: accepted: a journal; this MCAP file is of something else'
            )
        end = record.end
    if _is_cut_off(file, end):
        return None
    raise JournalError(f'{path}: the disk has changed its header')


def _is_cut_off(file: BinaryIO, end: int) -> bool:
    """Return whether a file ends within the header that its writer began.

    A length that the disk has changed leads beyond the end, too. But then the record is not the
    one that belongs there, or contradicts itself: metadata say their length twice.

    Args:
        file: that has no whole metadata record.
        end: offset behind its last whole record.
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
        if bytes_of(record)[_PREFIX.size :] != body:
            raise ValueError(f'{len(body)} bytes are not what they say')
        return _header_of(record, path)
    except (McapError, struct.error, KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f'{path}: the disk has changed its header: {type(error).__name__}: {error}'
        ) from error


def _header_of(record: Metadata, path: Path) -> JournalHeader:
    """Return the header that a metadata record is."""
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
