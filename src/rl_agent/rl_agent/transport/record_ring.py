# Copyright 2026 The rl_agent authors
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

"""Ring buffers of records: one in memory that outlives its process, one in a file for overflow.

In both, the record at a position is in slot `position % slots`.
"""

import mmap
import os
from pathlib import Path
import struct
import zlib

import numpy as np
from rl_agent.transport.transition_record import is_possible, RecordLayout, Records

_HEADER_SIZE = 64
_OLDEST = struct.Struct('<Q')
_FILE_HEADER = struct.Struct('<8sQQQ')  # magic, record size, slots, oldest position
_CHECKSUM = struct.Struct('<I')
_MAGIC = b'RLSPOOL1'
_MOST_SLOTS = 1 << 32


class MemoryRing:
    """A ring that a control thread may write: a write only copies into memory.

    Attributes:
        slots: number of records it holds.
        begin: lowest position it can hold.
    """

    def __init__(
        self, layout: RecordLayout, slots: int, path: Path | None = None, begin: int = 1
    ) -> None:
        """Create an empty ring.

        Args:
            layout: layout of the records.
            slots: number of records it holds.
            path: new file that keeps the ring if the process is killed; it should be on a file
                system in memory. None: the ring ends with the process.
            begin: first position that will be written.

        Raises:
            OSError: the file cannot be created.
        """
        self._layout, self.slots, self.begin = layout, slots, begin
        size = _HEADER_SIZE + slots * layout.size
        if path is None:
            self._memory = mmap.mmap(-1, size)
        else:
            self._memory = _map_new_file(path, size)
        self._records = np.frombuffer(self._memory, layout.dtype, count=slots, offset=_HEADER_SIZE)

    def write(self, position: int, record: bytes) -> None:
        """Write a record into its slot."""
        start = _HEADER_SIZE + position % self.slots * self._layout.size
        self._memory[start : start + len(record)] = record

    def read(self, start: int, stop: int) -> Records:
        """Return a copy of the records at positions from `start` to before `stop`."""
        first, last = start % self.slots, (stop - 1) % self.slots
        if last >= first:
            return self._records[first : last + 1].copy()
        return np.concatenate((self._records[first:], self._records[: last + 1]))

    def erase(self, start: int, stop: int) -> None:
        """Delete the records at positions from `start` to before `stop`."""
        for position in range(start, stop):
            self.write(position, bytes(self._layout.size))

    def note_oldest(self, position: int) -> None:
        """Record that nothing below a position is needed any more."""
        _write_oldest(self._memory, position)


class FileRing:
    """A ring in a file, which grows only as far as it is used. Its methods may wait for the disk.

    Attributes:
        slots: number of records it holds.
        oldest: nothing below this position was needed when the file was last used.
    """

    def __init__(self, path: Path, layout: RecordLayout, slots: int) -> None:
        """Open or create the file; an existing one keeps its number of slots.

        Raises:
            OSError: the file cannot be opened or created.
        """
        self._layout = layout
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o600)
        header = _read_file_header(os.pread(self._file, _HEADER_SIZE, 0), layout.size)
        self.slots, self.oldest = header or (slots, 1)
        self._header_is_valid = header is not None

    def write(self, start: int, records: Records) -> None:
        """Write records to the disk, into their slots from position `start` on.

        Raises:
            OSError: the write fails.
        """
        split = min(len(records), self.slots - start % self.slots)
        for first, part in ((start, records[:split]), (start + split, records[split:])):
            _write_all(self._file, part.tobytes(), self._offset(first))
        os.fdatasync(self._file)

    def read(self, start: int, stop: int) -> Records:
        """Return the records at positions from `start` to before `stop`.

        Raises:
            OSError: the file cannot be read or is too short.
        """
        split = min(stop, start + self.slots - start % self.slots)
        data = b''.join(
            os.pread(self._file, (end - first) * self._layout.size, self._offset(first))
            for first, end in ((start, split), (split, stop))
        )
        if len(data) != (stop - start) * self._layout.size:
            raise OSError('the spool file was truncated while in use')
        return np.frombuffer(data, self._layout.dtype)

    def erase(self, start: int, stop: int) -> None:
        """Delete the records at positions from `start` to before `stop`.

        Raises:
            OSError: the write fails.
        """
        self.write(start, np.zeros(stop - start, self._layout.dtype))

    def note_oldest(self, position: int) -> None:
        """Record that nothing below a position is needed any more.

        Raises:
            OSError: the write fails.
        """
        if position == self.oldest and self._header_is_valid:
            return
        body = _FILE_HEADER.pack(_MAGIC, self._layout.size, self.slots, position)
        header = body + _CHECKSUM.pack(zlib.crc32(body))
        _write_all(self._file, header.ljust(_HEADER_SIZE, b'\0'), 0)
        self.oldest, self._header_is_valid = position, True

    def empty(self) -> None:
        """Free the disk space."""
        if os.fstat(self._file).st_size > _HEADER_SIZE:
            os.ftruncate(self._file, _HEADER_SIZE)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _offset(self, position: int) -> int:
        """Return the file offset of a position's slot."""
        return _HEADER_SIZE + position % self.slots * self._layout.size


def read_memory_ring(path: Path, layout: RecordLayout) -> tuple[Records, int]:
    """Return all slots of a `MemoryRing` that another process left, and its oldest position.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    return _slots_of(data, layout), _read_oldest(data)


def read_file_ring(path: Path, layout: RecordLayout) -> Records:
    """Return all slots of a `FileRing`.

    Raises:
        OSError: the file cannot be read.
    """
    if path.stat().st_size <= _HEADER_SIZE:
        return np.empty(0, layout.dtype)
    return _slots_of(np.memmap(path, np.uint8, mode='r'), layout)


def is_truncated(path: Path, layout: RecordLayout) -> bool:
    """Return whether the file of a ring ends within its header or within a record.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    complete = size >= _HEADER_SIZE and (size - _HEADER_SIZE) % layout.size == 0
    return size > 0 and not complete


def _slots_of(data: 'bytes | Records', layout: RecordLayout) -> Records:
    """Return the complete records after a header."""
    count = max(0, len(data) - _HEADER_SIZE) // layout.size
    if not count:
        return np.empty(0, layout.dtype)
    return np.frombuffer(data, layout.dtype, count=count, offset=_HEADER_SIZE)


def _map_new_file(path: Path, size: int) -> mmap.mmap:
    """Return a new file mapped into memory, with all pages allocated."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(path, flags, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
        populate = getattr(mmap, 'MAP_POPULATE', 0)
        return mmap.mmap(file, size, flags=mmap.MAP_SHARED | populate)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)


def _write_oldest(memory: mmap.mmap, position: int) -> None:
    """Write a position and its checksum at the start of a ring."""
    body = _OLDEST.pack(position)
    memory[: len(body) + _CHECKSUM.size] = body + _CHECKSUM.pack(zlib.crc32(body))


def _read_oldest(data: bytes) -> int:
    """Return the position at the start of a ring; 1 if damaged, because all may be needed."""
    body, checksum = data[: _OLDEST.size], data[_OLDEST.size : _OLDEST.size + _CHECKSUM.size]
    if len(checksum) < _CHECKSUM.size or _CHECKSUM.unpack(checksum)[0] != zlib.crc32(body):
        return 1
    oldest = int(_OLDEST.unpack(body)[0])
    return oldest if is_possible(oldest) else 1


def _read_file_header(data: bytes, record_size: int) -> tuple[int, int] | None:
    """Return slots and oldest position; None if the file is new, damaged or in another format."""
    body, checksum = data[: _FILE_HEADER.size], data[_FILE_HEADER.size :][: _CHECKSUM.size]
    if len(checksum) < _CHECKSUM.size or _CHECKSUM.unpack(checksum)[0] != zlib.crc32(body):
        return None
    magic, size, slots, oldest = _FILE_HEADER.unpack(body)
    if magic != _MAGIC or size != record_size or not 1 <= slots <= _MOST_SLOTS:
        return None
    return int(slots), int(oldest) if is_possible(oldest) else 1


def _write_all(file: int, data: bytes, offset: int) -> None:
    """Write all bytes at an offset, in as many calls as it takes."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
