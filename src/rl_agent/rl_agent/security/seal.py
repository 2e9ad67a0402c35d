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

"""Signatures and authentication codes as the last field of a serialised message.

A seal covers the bytes themselves, so that it is checked before anything parses them and no field
can be left out. The last field of such a message is `uint8[]`: four bytes of length, which end on
a multiple of four, then the id of the key and the signature or code. Without a key it is empty.
"""

from hashlib import blake2b
import struct

KEY_ID_SIZE = 8
_ENCODING = slice(0, 2)  # the two bytes behind it are options that a middleware may set
_CONTENT = 4  # offset of the first field
_LENGTH = struct.Struct('<I')


def key_id(key: bytes, kind: bytes) -> bytes:
    """Return the id of a key, (8,); it does not reveal the key.

    Args:
        key: its bytes.
        kind: of key, at most 16 bytes; the same bytes as another kind have another id.
    """
    return blake2b(key, digest_size=KEY_ID_SIZE, person=kind).digest()


def unsealed(data: bytes) -> bytes:
    """Return a serialised message without its empty last field.

    Raises:
        ValueError: that field is not empty.
    """
    if data[-_LENGTH.size :] != bytes(_LENGTH.size):
        raise ValueError('the last field is not empty; accepted: a message without seal')
    return data[: -_LENGTH.size]


def sealed(content: bytes, seal: bytes) -> bytes:
    """Return a serialised message with its seal."""
    return b''.join((content, _LENGTH.pack(len(seal)), seal))


def split(data: bytes | memoryview, size: int) -> tuple[bytes | memoryview, bytes]:
    """Return content and seal of a serialised message; an empty seal where it has none.

    Args:
        data: the message.
        size: of a seal, bytes.
    """
    start = len(data) - size - _LENGTH.size
    if start < _CONTENT or data[start : start + _LENGTH.size] != _LENGTH.pack(size):
        return data, b''
    return data[:start], bytes(data[start + _LENGTH.size :])


def digest(content: bytes | memoryview, message: bytes, size: int, key: bytes = b'') -> bytes:
    """Return the BLAKE2b digest of a message's content, with a key its authentication code.

    Args:
        content: serialised message without its seal.
        message: kind of message, at most 16 bytes: a code for one kind is none for another.
        size: of the digest, bytes.
        key: at most 64 bytes; empty: none.
    """
    state = blake2b(digest_size=size, key=key, person=message)
    view = memoryview(content)
    state.update(view[_ENCODING])
    state.update(view[_CONTENT:])
    return state.digest()
