# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Breaks the bytes of a message or file."""

from collections.abc import Callable, Sequence
from random import Random

from odd_values import odd_integer

MOST_BYTES = 1 << 17
_HEAD_BYTES = 256  # where lengths, magic bytes and versions are
_ALIGNMENT = 4
_TOKENS = (
    b'\0',
    b'\xff' * 4,
    b'\xff' * 8,
    b'\x00\x00\xc0\x7f',  # NaN in float32
    b'\x00\x00\x80\xff',  # negative infinity
    b'\x00\x00\x00\x00\x00\x00\xf8\x7f',  # NaN in float64
    b'\xed\xa0\x80',  # half of a surrogate pair, which is not UTF-8
    b'{',
    b'[[',
    b'"',
    b'\n',
    b': ',
    b'- ',
    b'&a ',
    b'*a',
    b'1e999',
    b'.nan',
    b'null',
    b'../',
)

_Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def mutate(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Return some bytes with one or several changes.

    Args:
        data: valid, or broken already.
        rng: decides what happens.
        others: inputs to take parts from.
    """
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        rng.choice(_CHANGES)(content, rng, others)
    return bytes(content[:MOST_BYTES])


def _place(content: bytearray, rng: Random) -> int:
    """Return an offset, often in the head and often aligned."""
    most = len(content)
    if most > _HEAD_BYTES and rng.random() < 0.5:
        most = _HEAD_BYTES
    place = rng.randrange(most + 1)
    return place - place % _ALIGNMENT if rng.random() < 0.5 else place


def _length(rng: Random) -> int:
    """Return a number of bytes, mostly small."""
    return rng.choice((1, 1, 2, 4, 4, 8, 16, 64, 256, 4096))


def _flip(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    if content:
        content[_place(content, rng) % len(content)] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    if content:
        content[_place(content, rng) % len(content)] = rng.randrange(256)


def _integer(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """Put an extreme integer where a length or count may be."""
    size = rng.choice((1, 2, 4, 4, 8, 8))
    place = _place(content, rng)
    number = odd_integer(rng, 8 * size).to_bytes(size, 'little')
    content[place : place + size] = number if rng.random() < 0.75 else number[::-1]


def _step(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """Change an integer by a little."""
    place = _place(content, rng)
    number = int.from_bytes(content[place : place + 4], 'little') + rng.choice((-8, -1, 1, 4, 8))
    content[place : place + 4] = (number % 2**32).to_bytes(4, 'little')


def _cut(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    del content[_place(content, rng) :]


def _remove(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    place = _place(content, rng)
    del content[place : place + _length(rng)]


def _repeat(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    place = _place(content, rng)
    part = content[place : place + _length(rng)]
    content[place:place] = part * rng.choice((1, 1, 2, 30))


def _insert(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    place = _place(content, rng)
    content[place:place] = rng.choice(_TOKENS)


def _overwrite(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    place, token = _place(content, rng), rng.choice(_TOKENS)
    content[place : place + len(token)] = token


def _splice(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    """Take a part, or all that follows, from another input."""
    if not others:
        return
    other = rng.choice(others)
    place, start = _place(content, rng), _place(bytearray(other), rng)
    if rng.random() < 0.5:
        content[place:] = other[start:]
    else:
        size = _length(rng)
        content[place : place + size] = other[start : start + size]


def _swap(content: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    first, second, size = _place(content, rng), _place(content, rng), _length(rng)
    one, two = content[first : first + size], content[second : second + size]
    content[second : second + size] = one
    content[first : first + size] = two


_CHANGES: tuple[_Change, ...] = (
    _flip,
    _flip,
    _set,
    _integer,
    _integer,
    _step,
    _cut,
    _remove,
    _repeat,
    _insert,
    _overwrite,
    _splice,
    _swap,
)
