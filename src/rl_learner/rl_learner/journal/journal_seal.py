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

"""A seal before each batch of a journal file: checksums, and where to go on after damage.

MCAP reserves the opcodes from 0x80 on for applications, and other readers skip such records. A
seal holds the CRC-32 of the message record after it, so that a flipped bit there is noticed; the
length of that record and a CRC-32 of its own, so that damage does not spread to the records
behind; and the number of transitions before and in the batch, so that those of a damaged one are
known although it cannot be read. Eight random bytes, drawn for each file and written in its
header, mark the seals: where the chain of records is broken, the next seal is searched, and no
robot can forge one inside a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import os
import struct
from typing import BinaryIO
import zlib

SEAL_OPCODE = 0x80
_MARKER_SIZE = 8
# opcode, length, marker, row, count, size, checksum of the record, checksum of the seal
_SEAL = struct.Struct('<BQ8sQIIII')
_PREFIX_SIZE = 9
_CRC = struct.Struct('<I')
SEAL_SIZE = _SEAL.size
_BODY_SIZE = SEAL_SIZE - _PREFIX_SIZE
_SEARCH_SIZE = 1 << 20


@dataclass(frozen=True)
class Seal:
    """What is known of the message record after it.

    Attributes:
        row: number of transitions of the run before the batch.
        count: number of transitions in the batch.
        size: number of bytes of the record.
        checksum: CRC-32 of the record.
    """

    row: int
    count: int
    size: int
    checksum: int


def new_marker() -> bytes:
    """Return random bytes that mark the seals of a file."""
    return os.urandom(_MARKER_SIZE)


def seal(record: bytes, row: int, count: int, marker: bytes) -> bytes:
    """Return the seal of a message record.

    Args:
        record: opcode, length and content.
        row: number of transitions of the run before the batch.
        count: number of transitions in the batch.
        marker: of the file.
    """
    size, checksum = len(record), zlib.crc32(record)
    begin = _SEAL.pack(SEAL_OPCODE, _BODY_SIZE, marker, row, count, size, checksum, 0)[
        : -_CRC.size
    ]
    return begin + _CRC.pack(zlib.crc32(begin))


def read_seal(data: bytes, marker: bytes) -> Seal | None:
    """Return the seal at the start of some bytes; None if there is none, or a damaged one."""
    if len(data) < SEAL_SIZE:
        return None
    *begin, row, count, size, checksum, own = _SEAL.unpack_from(data)
    if begin != [SEAL_OPCODE, _BODY_SIZE, marker]:
        return None
    if zlib.crc32(data[: SEAL_SIZE - _CRC.size]) != own or count > size:
        return None  # a transition takes more than a byte
    return Seal(row, count, size, checksum)


def is_vouched_for(record: bytes, damaged_seal: bytes) -> bool:
    """Return whether a damaged seal still shows that the record after it is intact.

    It does if the damage is elsewhere than in the checksum of the record; or only there, so that
    the right one makes the seal whole.
    """
    checksum = _CRC.pack(zlib.crc32(record))
    before, given, own = damaged_seal[: -2 * _CRC.size], damaged_seal[-8:-4], damaged_seal[-4:]
    return given == checksum or own == _CRC.pack(zlib.crc32(before + checksum))


def find_seal(file: BinaryIO, start: int, end: int, marker: bytes) -> tuple[int, Seal] | None:
    """Return the first seal that begins at or after `start`, with its offset; None without one."""
    for place in _occurrences(file, start + _PREFIX_SIZE, end, marker):
        file.seek(place - _PREFIX_SIZE)
        found = read_seal(file.read(SEAL_SIZE), marker)
        if found is not None:
            return place - _PREFIX_SIZE, found
    return None


def _occurrences(file: BinaryIO, start: int, end: int, wanted: bytes) -> Iterator[int]:
    """Yield the offsets of some bytes in a file."""
    while start < end:
        file.seek(start)
        part = file.read(min(end - start, _SEARCH_SIZE) + len(wanted) - 1)
        place = part.find(wanted)
        while place >= 0:
            yield start + place
            place = part.find(wanted, place + 1)
        start += _SEARCH_SIZE
