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

"""Reads a serialised message (CDR) in place: its arrays are views, not copies.

rclpy converts a message while it holds Python's interpreter lock. For a large one, the control
thread would wait for that.
"""

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import PolicyError

_HEADER_BYTES = 4
_ACCEPTED = 'accepted: a complete message in CDR'


class CdrReader:
    """Reads one value after the other.

    Where a message ends before a value, the value is 0, False or empty: fields that were added
    to a message type later are missing in older messages.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        """Begin after the header.

        Args:
            data: a serialised message.

        Raises:
            PolicyError: there is no header of plain CDR.
        """
        self._data = memoryview(data).cast('B')
        if len(self._data) < _HEADER_BYTES or self._data[0] != 0 or self._data[1] not in (0, 1):
            header = bytes(self._data[:_HEADER_BYTES]).hex()
            raise PolicyError(f'message: header: given {header!r}; {_ACCEPTED}')
        self._order = '<' if self._data[1] else '>'
        self._at = _HEADER_BYTES

    def number(self, kind: str) -> int | float | bool:
        """Return a number of a NumPy type, such as `u4`, `f8` or `?`."""
        values = self._take(kind, 1) if self._has_more(kind) else np.zeros(1, kind)
        value: int | float | bool = values.item()
        return value

    def text(self, longest: int) -> str:
        """Return a text of at most `longest` bytes.

        Raises:
            PolicyError: it is longer, not UTF-8 or incomplete.
        """
        size = int(self.number('u4'))
        if size > longest + 1:
            raise PolicyError(f'message: text: given {size} bytes; accepted: at most {longest}')
        try:
            return self._take('u1', size).tobytes().rstrip(b'\0').decode()
        except UnicodeDecodeError as error:
            raise PolicyError(f'message: text: given {error}; accepted: UTF-8') from error

    def array(self, kind: str, most: int) -> NDArray[np.generic]:
        """Return an array of at most `most` numbers, a view where the byte order allows.

        Raises:
            PolicyError: it has more numbers or is incomplete.
        """
        count = int(self.number('u4'))
        if count > most:
            raise PolicyError(f'message: array: given {count} numbers; accepted: at most {most}')
        values = self._take(kind, count)
        return values.astype(values.dtype.newbyteorder('='), copy=False)

    def _has_more(self, kind: str) -> bool:
        """Return whether the message goes on, apart from the alignment of a value."""
        return self._aligned(np.dtype(kind).itemsize) < len(self._data)

    def _aligned(self, size: int) -> int:
        """Return the place of the next value, which is a multiple of its size."""
        return self._at + (_HEADER_BYTES - self._at) % size

    def _take(self, kind: str, count: int) -> NDArray[np.generic]:
        """Return the next numbers, in the byte order of the message."""
        dtype = np.dtype(self._order + kind) if kind != '?' else np.dtype(kind)
        if count == 0:
            return np.zeros(0, dtype)
        start = self._aligned(dtype.itemsize)
        self._at = start + count * dtype.itemsize
        if self._at > len(self._data):
            raise PolicyError(f'message: given {len(self._data)} of {self._at} bytes; {_ACCEPTED}')
        values: NDArray[np.generic] = np.frombuffer(self._data, dtype, count, start)
        return values
