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

"""The header of a journal file: reads it and tells truncated from corrupted ones.

A file has its header twice, with a checksum in each: as MCAP metadata, for everyone, and once more
as the last record before the batches. Files of before the checksums have it once.
"""

from dataclasses import dataclass, field, replace
import io
import json
from pathlib import Path
import struct
from typing import BinaryIO
import zlib

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Metadata
from mcap.writer import MCAP0_MAGIC
from rl_agent.bounded_files import parse_json
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.journal_records import (
    Damage,
    JOURNAL_START,
    MOVE_THIS_AWAY,
    read_records,
    record_bytes,
    RECORD_PREFIX,
)

METADATA_NAME = 'rl_journal'
FORMAT_OF_BEFORE, FORMAT = '1', '2'
COPY_OPCODE = 0x81  # MCAP reserves the opcodes from 0x80 on for applications
_COPY_LABEL = b'\xffrl_journal copy\xff'  # in no name, because 0xff is not UTF-8
_MOST_HEAD_BYTES = 4 << 20
_CHECKSUM = 'crc32'
_CRC_SIZE = 4
_NUMBERS_END = 1 << 63


@dataclass(frozen=True)
class JournalHeader:
    """Metadata of a file.

    Attributes:
        fingerprint: fingerprint of the robots' observation and action layout.
        transitions_before: number of transitions in earlier files, including deleted ones.
        sequences: (robot, session) to the highest number in earlier files.
        marker: random bytes that mark the seals of the file; empty in files of before them.
        damage: what was found damaged in the header, if anything.
    """

    fingerprint: str
    transitions_before: int
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    marker: bytes = b''
    damage: Damage | None = field(default=None, compare=False)

    def to_metadata(self) -> Metadata:
        """Return the header as a metadata record."""
        rows = [[robot, session, number] for (robot, session), number in self.sequences.items()]
        values = {
            'format': FORMAT if self.marker else FORMAT_OF_BEFORE,
            'fingerprint': self.fingerprint,
            'transitions_before': str(self.transitions_before),
            'sequences': json.dumps(rows),
        }
        if self.marker:
            values['marker'] = self.marker.hex()
            values[_CHECKSUM] = _checksum(values)
        return Metadata(name=METADATA_NAME, metadata=values)


def copy_of_header(header: JournalHeader, before: bytes) -> bytes:
    """Return the record that repeats a header.

    Args:
        header: with a marker.
        before: all bytes of the file before the record; it holds their checksum.
    """
    body = _COPY_LABEL + record_bytes(header.to_metadata())[RECORD_PREFIX.size :]
    record = RECORD_PREFIX.pack(COPY_OPCODE, len(body) + _CRC_SIZE) + body
    return record + zlib.crc32(before + record).to_bytes(_CRC_SIZE, 'little')


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
    """Return the header at the start of a file, or its copy; None if the file ends within it."""
    header: JournalHeader | None = None
    failure: Exception | None = None
    try:
        header = _read_first_header(file, path)
    except (ConfigurationError, JournalError) as error:
        failure = error
    if header is not None and not header.marker:
        return header
    after_first = file.tell()
    copied, end, is_intact = _read_copy(file, path)
    if header is None and copied is None:
        if failure is not None:
            raise failure
        return None
    file.seek(after_first if copied is None else end)
    if not is_intact:
        damage = Damage(path, 0, file.tell(), 'the header is damaged; its other copy is used')
        return replace(header or copied or JournalHeader('', 0), damage=damage)
    return header or copied


def _read_copy(file: BinaryIO, path: Path) -> tuple[JournalHeader | None, int, bool]:
    """Return the second header, its end, and whether all bytes up to there are as written.

    Without a second header the end is 0.
    """
    file.seek(0)
    head = file.read(_MOST_HEAD_BYTES)
    place = head.find(_COPY_LABEL)
    if place < RECORD_PREFIX.size:
        return None, 0, False
    _, length = RECORD_PREFIX.unpack_from(head, place - RECORD_PREFIX.size)
    end = place + length
    if length > len(head) or end > len(head):
        return None, 0, False
    try:
        header = _parse_header(head[place + len(_COPY_LABEL) : end - _CRC_SIZE], path)
    except (ConfigurationError, JournalError):
        return None, 0, False
    crc = zlib.crc32(head[: end - _CRC_SIZE]).to_bytes(_CRC_SIZE, 'little')
    return header, end, crc == head[end - _CRC_SIZE : end]


def _read_first_header(file: BinaryIO, path: Path) -> JournalHeader | None:
    """Return the header in the metadata; None if the file ends within it."""
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
    prefix, body = file.read(RECORD_PREFIX.size), file.read(len(name) + 4)
    if len(prefix) < RECORD_PREFIX.size:
        return True
    opcode, length = RECORD_PREFIX.unpack(prefix)
    if opcode != Opcode.METADATA or not name.startswith(body[: len(name)]):
        return False
    rest = body[len(name) :]
    return len(rest) < 4 or len(body) + int.from_bytes(rest, 'little') == length


def _parse_header(body: bytes, path: Path) -> JournalHeader:
    """Return the header in a metadata record."""
    try:
        record = Metadata.read(ReadDataStream(io.BytesIO(body)))
        if record_bytes(record)[RECORD_PREFIX.size :] != body:
            raise ValueError(f'{len(body)} bytes do not decode to themselves')
        return _header_of(record, path)
    except (McapError, struct.error, KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f'{path}: its header is corrupted: {type(error).__name__}: {error}'
        ) from error


def _header_of(record: Metadata, path: Path) -> JournalHeader:
    """Return the header in a parsed metadata record."""
    values = record.metadata
    if record.name != METADATA_NAME or values.get('format') not in (FORMAT_OF_BEFORE, FORMAT):
        raise ConfigurationError(
            f'{path}: given {record.name!r}, format {values.get("format")!r};'
            f' accepted: {METADATA_NAME!r}, format {FORMAT_OF_BEFORE!r} or {FORMAT!r}'
        )
    marker = b''
    if values['format'] == FORMAT:
        if values.pop(_CHECKSUM) != _checksum(values):
            raise ValueError('the checksum does not fit')
        marker = bytes.fromhex(values['marker'])
    return JournalHeader(
        fingerprint=values['fingerprint'],
        transitions_before=_count_of(values['transitions_before']),
        sequences=_sequences_of(values['sequences']),
        marker=marker,
    )


def _sequences_of(text: str) -> dict[tuple[str, str], int]:
    """Return the highest number of each session; raise ValueError or TypeError if damaged."""
    try:
        rows = parse_json(text, 'sequences')
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
    sequences: dict[tuple[str, str], int] = {}
    for robot, session, number in rows:
        if type(number) is not int or not 0 <= number < _NUMBERS_END:
            raise ValueError(f'sequences: given {str(number)[:60]!r}')
        sequences[str(robot), str(session)] = number
    return sequences


def _count_of(text: str) -> int:
    """Return a number of transitions; raise ValueError if it cannot be one."""
    number = int(text)
    if not 0 <= number < _NUMBERS_END:
        raise ValueError(f'transitions_before: given {text[:60]!r}')
    return number


def _checksum(values: dict[str, str]) -> str:
    """Return the checksum of the other values of a header."""
    return f'{zlib.crc32(json.dumps(values).encode()):08x}'
