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

"""A transition as a record of fixed size, with a checksum that reveals torn writes."""

from operator import itemgetter
import struct
from typing import Any
import zlib

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_checks import LARGEST_FLOAT32
from rl_agent.errors import RlError
from rl_agent.transport.transition import Transition
from rl_agent.transport.transition_columns import COLUMNS

Records = NDArray[Any]

_CHECKSUM = struct.Struct('<I')
_NUMBERS_END = 1 << 62  # no robot counts that far, and sums of two such numbers fit into 64 bits
_VECTORS = [column for column in COLUMNS if column.size_field]
# the widest first, integers before floats: the order of the records on disk
_NUMBERS = sorted(
    (column for column in COLUMNS if not column.size_field),
    key=lambda column: (-column.dtype.itemsize, column.dtype.kind == 'f'),
)
# position, sequence, session, then the numbers
_HEAD = struct.Struct('<QQ32s' + ''.join(column.code for column in _NUMBERS))
_FLOAT32 = np.dtype(np.float32)
_numbers_of = itemgetter(*(column.attribute for column in _NUMBERS))
_vectors_of = itemgetter(*(column.attribute for column in _VECTORS))


class RecordLayout:
    """The position of each field of a transition in a record.

    Attributes:
        dtype: type of a record; `position` counts all transitions that the spool ever held, from
            1, `sequence` those of one session.
        size: bytes per record.
    """

    def __init__(self, observation_size: int, action_size: int) -> None:
        """Lay out records for vectors of these sizes."""
        self.observation_size, self.action_size = observation_size, action_size
        sizes = {'observation_size': observation_size, 'action_size': action_size}
        self.dtype = np.dtype(
            [
                ('position', '<u8'),
                ('sequence', '<u8'),
                ('session', 'S32'),
                *((column.name, column.dtype) for column in _NUMBERS),
                *((item.name, item.dtype, (sizes[item.size_field],)) for item in _VECTORS),
                ('checksum', '<u4'),
            ]
        )
        self.size = self.dtype.itemsize

    def pack(self, position: int, session: bytes, sequence: int, transition: Transition) -> bytes:
        """Return the record of a transition, `size` bytes.

        Raises:
            RlError: the reward is not finite in float32.
            ValueError: a vector does not have the size in the layout.
        """
        if not abs(transition.reward) <= LARGEST_FLOAT32:  # also true for NaN
            raise RlError(
                f'reward: given {transition.reward:g}; accepted: a finite number in float32'
            )
        values = vars(transition)
        body = _HEAD.pack(position, sequence, session, *_numbers_of(values))
        for vector in _vectors_of(values):
            body += np.asarray(vector, _FLOAT32).tobytes()
        if len(body) != self.size - _CHECKSUM.size:
            raise ValueError(
                f'transition: given {np.size(transition.observation)},'
                f' {np.size(transition.action)} and {np.size(transition.next_observation)} values;'
                f' accepted: observations of {self.observation_size}, actions of'
                f' {self.action_size}'
            )
        return body + _CHECKSUM.pack(zlib.crc32(body))


def is_possible(number: Any) -> Any:
    """Return whether a position or sequence number, or each of an array, can be one."""
    return (number >= 1) & (number < _NUMBERS_END)


def to_transition(record: Any) -> Transition:
    """Return the transition in one record."""
    values: dict[str, Any] = {column.attribute: record[column.name] for column in _VECTORS}
    for column in _NUMBERS:
        number = record[column.name].item()
        values[column.attribute] = column.kind(number) if column.kind else number
    return Transition(**values)


def intact(records: Records) -> NDArray[np.bool_]:
    """Return which records were completely written, (record,); empty ones were not.

    One with a number that no spool reaches was not written by one.
    """
    data, size = memoryview(records.tobytes()), records.itemsize
    end = size - _CHECKSUM.size
    sums = records['checksum'].tolist()
    valid = np.array(
        [
            zlib.crc32(data[number * size : number * size + end]) == checksum
            for number, checksum in enumerate(sums)
        ],
        np.bool_,
    )
    for name in ('position', 'sequence'):
        valid &= is_possible(records[name])
    return valid
