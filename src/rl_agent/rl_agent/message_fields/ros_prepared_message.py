# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A message as it travels, made once, in which only some numbers change.

To convert and serialise a message takes longer than to send it, and most of a command never
changes. So it is serialised once; where its numbers lie is found out by giving each some values.
What differs does not tell: bytes that fill a message up are whatever was in memory.
"""

from collections.abc import Callable, Sequence
import struct
from typing import Any, NamedTuple

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.array_types import Float64Array
from rl_agent.message_fields.ros_field_paths import leaves, TYPECODES
from rl_agent.message_fields.ros_field_writer import make_writer, to_boolean, Writer

_STAMP = ('header.stamp.sec', 'header.stamp.nanosec')
_NANOSECONDS = 1_000_000_000
_HEADER = 4  # bytes that name the encoding, among it the order of bytes
# values by which the place of a number is known
_PROBES = (1.0, 85.0, 42.0, 127.0, 3.0)
_TRUTHS = (1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0)


class _Place(NamedTuple):
    """Numbers of one type that lie side by side.

    Attributes:
        offset: of the first, in bytes.
        first: which of the numbers that is.
        code: of one number, see `struct`.
        length: how many.
    """

    offset: int
    first: int
    code: str
    length: int = 1

    @property
    def end(self) -> int:
        """Where the next thing begins, in bytes."""
        return self.offset + self.length * _size(self.code)


class PreparedMessage:
    """Makes serialised messages that differ in some numbers, and in the stamp of their header."""

    def __init__(
        self, message: Any, type_name: str, paths: Sequence[str], count: int, *, stamped: bool
    ) -> None:
        """Prepare.

        Args:
            message: complete but for the numbers, which are overwritten.
            type_name: its type, `package/msg/Name`.
            paths: to numbers, as for `make_writer`.
            count: how many numbers they lead to; lists are made as long as that.
            stamped: the header's stamp changes too.

        Raises:
            ConfigurationError: a path that does not lead to numbers.
        """
        write = make_writer(message, type_name, paths)
        places = _find(message, write, _codes(type_name, paths, count))
        if stamped:
            write_stamp = make_writer(message, type_name, _STAMP)
            self._stamp = _find(message, write_stamp, _codes(type_name, _STAMP, 2))[0].offset
        self._stamped, self._template = stamped, serialize_message(message)
        order = _order(self._template)
        self._packers = [
            (
                slice(place.first, place.first + place.length),
                place.offset,
                struct.Struct(f'{order}{place.length}{place.code}').pack_into,
                _converter(place.code),
            )
            for place in places
        ]
        self._pack_stamp = struct.Struct(f'{order}iI').pack_into
        self._check(message, write, count)

    def fill(self, numbers: Float64Array, stamp_ns: int = 0) -> bytes:
        """Return the serialised message with these numbers, (count,), and this stamp.

        Whole numbers are rounded, a half to the even one, and stay within what their type holds. A
        boolean is true from 0.5 on. Any thread may call this.
        """
        data, values = bytearray(self._template), numbers.tolist()
        for which, offset, pack, convert in self._packers:
            part = values[which]
            pack(data, offset, *(map(convert, part) if convert else part))
        if self._stamped:
            self._pack_stamp(data, self._stamp, *divmod(stamp_ns, _NANOSECONDS))
        return bytes(data)

    def _check(self, message: Any, write: Writer, count: int) -> None:
        """Raise RuntimeError where what is filled is not what would be serialised."""
        numbers = 1.0 + np.arange(count) % 100
        write(numbers)
        if self._stamped:
            message.header.stamp.sec, message.header.stamp.nanosec = 1, 2
        kind = type(message)
        filled = deserialize_message(self.fill(numbers, _NANOSECONDS + 2), kind)
        plain = deserialize_message(serialize_message(message), kind)
        if repr(filled) != repr(plain):  # in words, for NaN differs from itself
            raise RuntimeError(f'given {plain}; filled {filled}')


def _codes(type_name: str, paths: Sequence[str], count: int) -> list[str]:
    """Return the type of each number that the paths lead to, see `struct`."""
    found = [leaf for path in paths for _, leaf in leaves(type_name, path)]
    codes = [TYPECODES[leaf.kind] or '?' for leaf in found]
    return codes * count if len(codes) < count else codes  # one list has all the numbers


def _find(message: Any, write: Writer, codes: Sequence[str]) -> list[_Place]:
    """Return where numbers lie in a serialised message; all of them are 0 afterwards."""
    numbers = np.zeros(len(codes))
    write(numbers)
    places: list[_Place] = []
    for number, code in enumerate(codes):
        convert, seen = _converter(code) or float, []
        for probe in (*(_TRUTHS if code == '?' else _PROBES), 0.0):
            numbers[number] = probe
            write(numbers)
            data = serialize_message(message)
            seen.append((data, struct.pack(f'{_order(data)}{code}', convert(probe))))
        place = _Place(_offset(seen), number, code)
        last = places[-1] if places else None
        if last and (last.end, last.code) == (place.offset, code):
            places[-1] = last._replace(length=last.length + 1)
        else:
            places.append(place)
    return places


def _offset(seen: Sequence[tuple[bytes, bytes]]) -> int:
    """Return where one number begins in messages that differ in it alone.

    Args:
        seen: messages, each with the bytes of the number.

    Raises:
        RuntimeError: there is not exactly one such place.
    """
    length = len(seen[0][0])
    fitting = [
        offset
        for offset in range(_HEADER, length)
        if all(data.startswith(number, offset) for data, number in seen)
    ]
    if len(fitting) != 1:
        raise RuntimeError(f'{len(fitting)} places of a message hold its number {seen}')
    return fitting[0]


def _order(data: bytes) -> str:
    """Return the order of bytes that a serialised message names at its front, as for `struct`."""
    return '<' if data[1] & 1 else '>'


def _size(code: str) -> int:
    """Return the bytes of a number."""
    return struct.calcsize(f'={code}')


def _converter(code: str) -> Callable[[float], Any] | None:
    """Return what makes a float fit; None: it does."""
    if code in 'fd':
        return None
    if code == '?':
        return to_boolean
    low, high = np.iinfo(code).min, np.iinfo(code).max
    return lambda number: min(max(round(number), low), high)
