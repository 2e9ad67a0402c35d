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

"""A message that is serialised once, and in which only some numbers are replaced afterwards.

Converting and serialising a message takes longer than sending it, and most of a command never
changes. The offset of each number is found by setting it to several values and searching for their
bytes. Comparing two serialised messages would not do: padding bytes have arbitrary values.
"""

from collections.abc import Callable, Mapping, Sequence
import struct
from typing import Any, NamedTuple

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.array_types import Float64Array
from rl_agent.message_fields.ros_field_paths import leaves, TYPECODES
from rl_agent.message_fields.ros_field_writer import make_writer, to_boolean, Writer

_NANOSECONDS_PER_S = 1_000_000_000
_CHECKED_NS = _NANOSECONDS_PER_S + 2
_ENCODING_BYTES = 4  # CDR header, which includes the byte order
# values by which the offset of a number is recognised
_PROBES = (1.0, 85.0, 42.0, 127.0, 3.0)
_BOOLEAN_PROBES = (1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0)


class _Block(NamedTuple):
    """Adjacent numbers of one type in a serialised message.

    Attributes:
        offset: offset of the first number, in bytes.
        first: index of the first number.
        code: type code of one number, see `struct`.
        length: how many numbers.
    """

    offset: int
    first: int
    code: str
    length: int = 1

    @property
    def end(self) -> int:
        """Offset after the last number, in bytes."""
        return self.offset + self.length * _size(self.code)


class _StampWriter:
    """Writes the time of sending to a stamp or a number of a serialised message."""

    def __init__(self, message: Any, type_name: str, path: str, unit_ns: int) -> None:
        """Find the place; `unit_ns` is 0 for a stamp."""
        paths = [path] if unit_ns else [f'{path}.sec', f'{path}.nanosec']
        self._unit_ns = unit_ns
        self.write = make_writer(message, type_name, paths)
        codes = type_codes(type_name, paths, len(paths))
        self._offset = _find_blocks(message, self.write, codes)[0].offset
        order = _byte_order(serialize_message(message))
        self._is_float = codes[0] in 'fd'
        self._pack = struct.Struct(order + ''.join(codes)).pack_into

    def numbers(self, stamp_ns: int) -> Sequence[float]:
        """Return a time as it is written."""
        if not self._unit_ns:
            return divmod(stamp_ns, _NANOSECONDS_PER_S)
        if self._is_float:
            return [stamp_ns / self._unit_ns]
        return [stamp_ns // self._unit_ns]

    def pack(self, data: bytearray, stamp_ns: int) -> None:
        """Write a time into a serialised message."""
        self._pack(data, self._offset, *self.numbers(stamp_ns))


class PreparedMessage:
    """Makes serialised messages that differ only in some numbers and in the time of sending."""

    def __init__(
        self,
        message: Any,
        type_name: str,
        paths: Sequence[str],
        count: int,
        stamps: Mapping[str, int] | None = None,
    ) -> None:
        """Serialise the message and find its numbers.

        Args:
            message: complete message; its numbers are overwritten.
            type_name: its type, `package/msg/Name`.
            paths: paths of the numbers, as for `make_writer`.
            count: how many numbers they lead to; the length of a list.
            stamps: paths with the time of sending to nanoseconds per unit; 0: a stamp.

        Raises:
            ConfigurationError: a path does not lead to numbers.
        """
        write = make_writer(message, type_name, paths)
        blocks = _find_blocks(message, write, type_codes(type_name, paths, count))
        self._template = serialize_message(message)
        order = _byte_order(self._template)
        self._packers = [
            (
                slice(block.first, block.first + block.length),
                block.offset,
                struct.Struct(f'{order}{block.length}{block.code}').pack_into,
                _converter(block.code),
            )
            for block in blocks
        ]
        self._stamps = [
            _StampWriter(message, type_name, path, unit) for path, unit in (stamps or {}).items()
        ]
        self._template = serialize_message(message)
        self._check(message, write, count)

    @property
    def is_stamped(self) -> bool:
        """Whether the message has the time of sending."""
        return bool(self._stamps)

    def fill(self, numbers: Float64Array, stamp_ns: int = 0) -> bytes:
        """Return the serialised message with these numbers, (count,), and this stamp.

        Integers are rounded half to even and clipped to the range of their type; booleans follow
        `to_boolean`. Any thread may call this.
        """
        data, values = bytearray(self._template), numbers.tolist()
        for which, offset, pack, convert in self._packers:
            part = values[which]
            pack(data, offset, *(map(convert, part) if convert else part))
        for stamp in self._stamps:
            stamp.pack(data, stamp_ns)
        return bytes(data)

    def _check(self, message: Any, write: Writer, count: int) -> None:
        """Raise RuntimeError if a filled message differs from a serialised one."""
        numbers = 1.0 + np.arange(count) % 100
        write(numbers)
        for stamp in self._stamps:
            stamp.write(np.array(stamp.numbers(_CHECKED_NS)))
        kind = type(message)
        filled = deserialize_message(self.fill(numbers, _CHECKED_NS), kind)
        plain = deserialize_message(serialize_message(message), kind)
        if repr(filled) != repr(plain):  # as text, because NaN differs from itself
            raise RuntimeError(f'given {plain}; filled {filled}')


def type_codes(type_name: str, paths: Sequence[str], count: int) -> list[str]:
    """Return the type code of each number at the paths, see `struct`."""
    found = [leaf for path in paths for _, leaf in leaves(type_name, path)]
    codes = [TYPECODES[leaf.kind] or '?' for leaf in found]
    return codes * count if len(codes) < count else codes  # one list holds all numbers


def _find_blocks(message: Any, write: Writer, codes: Sequence[str]) -> list[_Block]:
    """Return where numbers are in a serialised message; sets all of them to 0."""
    numbers = np.zeros(len(codes))
    write(numbers)
    blocks: list[_Block] = []
    for index, code in enumerate(codes):
        convert, samples = _converter(code) or float, []
        for probe in (*(_BOOLEAN_PROBES if code == '?' else _PROBES), 0.0):
            numbers[index] = probe
            write(numbers)
            data = serialize_message(message)
            samples.append((data, struct.pack(f'{_byte_order(data)}{code}', convert(probe))))
        block = _Block(_find_offset(samples), index, code)
        last = blocks[-1] if blocks else None
        if last and (last.end, last.code) == (block.offset, code):
            blocks[-1] = last._replace(length=last.length + 1)
        else:
            blocks.append(block)
    return blocks


def _find_offset(samples: Sequence[tuple[bytes, bytes]]) -> int:
    """Return the offset of a number in serialised messages that differ only in this number.

    Args:
        samples: messages, each with the bytes of the number.

    Raises:
        RuntimeError: there is not exactly one such offset.
    """
    length = len(samples[0][0])
    offsets = [
        offset
        for offset in range(_ENCODING_BYTES, length)
        if all(data.startswith(number, offset) for data, number in samples)
    ]
    if len(offsets) != 1:
        raise RuntimeError(f'given {samples}: the number occurs {len(offsets)} times; accepted: 1')
    return offsets[0]


def _byte_order(data: bytes) -> str:
    """Return the byte order of a serialised message, as `struct` writes it."""
    return '<' if data[1] & 1 else '>'


def _size(code: str) -> int:
    """Return the size of a number, in bytes."""
    return struct.calcsize(f'={code}')


def _converter(code: str) -> Callable[[float], Any] | None:
    """Return a function that converts a float to a type; None if no conversion is needed."""
    if code in 'fd':
        return None
    if code == '?':
        return to_boolean
    low, high = np.iinfo(code).min, np.iinfo(code).max
    return lambda number: min(max(round(number), low), high)
