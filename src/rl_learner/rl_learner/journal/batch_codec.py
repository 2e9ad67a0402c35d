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

"""Encodes and decodes serialised `rl_msgs/msg/TransitionBatch` messages (CDR) without ROS.

The journal stores the bytes from the network, so reading it needs no ROS. The layout is plain CDR
(XCDR version 1, little-endian), as every ROS 2 middleware sends it: each number is aligned to its
own size, counted from the end of the four encoding bytes; a string is its length including the
terminating zero, then its bytes; an array is its length, then its values.

Large observations are stored once: `next_observation` may have only the rows that do not lead to
the row after them, see `leads_on`; that of the others is the observation of the row after them.
"""

from collections.abc import Iterator, Mapping
import dataclasses
from dataclasses import dataclass
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_checks import good_runs
from rl_agent.transport.transition_columns import COLUMNS, leads_on
from rl_learner.replay.transition_arrays import TransitionArrays

TYPE_NAME = 'rl_msgs/msg/TransitionBatch'

_SEPARATOR = '=' * 80
# with the messages it contains, as rosbag2 writes it
MESSAGE_DEFINITION = f"""\
std_msgs/Header header
string robot
string session
string fingerprint
uint64 first_sequence
uint64 oldest_sequence
uint32 count
uint32 observation_size
uint32 action_size
{chr(10).join(f'{column.type}[] {column.name}' for column in COLUMNS)}
uint8[] mac

{_SEPARATOR}
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id

{_SEPARATOR}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""

_LITTLE_ENDIAN = b'\x00\x01'
_ENCODING_BYTES = 4  # identifier and options at the start
_NUMBERS = struct.Struct('<QQIII')
_LENGTH = struct.Struct('<I')
_STAMP = struct.Struct('<iI')
_DTYPES = {column.name: (column.dtype, column.size_field) for column in COLUMNS}
_NEXT = 'next_observation'
_IN_REPLAY = {item.name for item in dataclasses.fields(TransitionArrays)}
_REPLAYED = [(column.name, column.is_flag) for column in COLUMNS if column.name in _IN_REPLAY]


@dataclass(frozen=True, eq=False)
class TransitionBatch:
    """A batch as sent by a robot.

    Attributes:
        stamp: seconds and nanoseconds of the header, by the robot's clock.
        frame_id: frame of the header.
        sender: robot, session and fingerprint.
        first_sequence: number of the first row.
        oldest_sequence: the robot held nothing older.
        observation_size: length of an observation.
        action_size: length of an action.
        count: number of transitions.
        columns: by the names of `transition_columns.COLUMNS`, (count, size) for vectors and
            (count,) for numbers.
        end: offset of the end of the last column in the bytes that were decoded; 0: there were
            none.
    """

    stamp: tuple[int, int]
    frame_id: str
    sender: Sender
    first_sequence: int
    oldest_sequence: int
    observation_size: int
    action_size: int
    count: int
    columns: Mapping[str, NDArray[Any]]
    end: int = 0

    def __len__(self) -> int:
        """Return the number of transitions."""
        return self.count

    @property
    def last_sequence(self) -> int:
        """Number of the last row."""
        return self.first_sequence + len(self) - 1

    @property
    def transitions(self) -> TransitionArrays:
        """The columns that replay needs."""
        columns = self.columns
        return TransitionArrays(
            **{
                name: columns[name] != 0 if is_flag else columns[name]
                for name, is_flag in _REPLAYED
            }
        )

    def part(self, start: int, stop: int) -> 'TransitionBatch':
        """Return the batch of only some of its rows."""
        return dataclasses.replace(
            self,
            first_sequence=self.first_sequence + start,
            count=stop - start,
            columns={name: values[start:stop] for name, values in self.columns.items()},
        )

    def without(self, is_bad: NDArray[np.bool_]) -> list['TransitionBatch']:
        """Return the batches of the rows between the bad ones, (count,)."""
        return [self.part(start, stop) for start, stop in good_runs(is_bad)]


class _Columns(Mapping[str, NDArray[Any]]):
    """Views into a serialised batch, created on access.

    Attributes:
        places: type, offset and shape of each column.
        is_short: `next_observation` has only the rows that do not lead to the row after them.
    """

    def __init__(self, data: bytes) -> None:
        """Start without columns."""
        self._data = data
        self.places: dict[str, tuple[np.dtype[Any], int, tuple[int, ...]]] = {}
        self.is_short = False

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column."""
        values = self._stored(name)
        if not self.is_short or name != _NEXT:
            return values
        leads, whole = leads_on(self), self._stored('observation').copy()
        whole[:-1] = whole[1:]
        whole[~leads] = values
        return whole

    def _stored(self, name: str) -> NDArray[Any]:
        """Return a column as it is in the bytes."""
        dtype, position, shape = self.places[name]
        return np.ndarray(shape, dtype, self._data, position)

    def check_short(self) -> None:
        """Raise struct.error unless a short column has as many rows as it needs.

        Its length alone does not tell that.
        """
        given, needed = len(self._stored(_NEXT)), int(np.count_nonzero(~leads_on(self)))
        if given != needed:
            raise struct.error(f'{_NEXT}: given {given} rows; accepted: all, or {needed}')

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self.places)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.places)


def decode(data: bytes) -> TransitionBatch:
    """Return the batch in serialised bytes; its columns are views into them.

    Raises:
        ConfigurationError: the bytes are not a batch, or an array does not have the given size.
    """
    try:
        return _decode(data)
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise ConfigurationError(
            f'TransitionBatch of {len(data)} bytes: {error}; accepted: one in little-endian CDR'
        ) from error


def count_of(data: bytes) -> int:
    """Return the number of transitions in a serialised batch, without reading its arrays.

    Raises:
        ConfigurationError: the bytes end before it.
    """
    try:
        return int(_read_head(data)[2][2])
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise ConfigurationError(f'TransitionBatch of {len(data)} bytes: {error}') from error


def encode(batch: TransitionBatch, *, short: bool = False) -> bytes:
    """Return the serialised bytes of a batch.

    Args:
        batch: to serialise.
        short: leave out each next observation that is the observation of the row after it.
    """
    columns = _short(batch.columns) if short else batch.columns
    data = bytearray(_LITTLE_ENDIAN + b'\x00\x00')
    data += _STAMP.pack(*batch.stamp)
    sender = batch.sender
    for text in (batch.frame_id, sender.robot, sender.session, sender.fingerprint):
        raw = text.encode() + b'\x00'
        _align(data, 4)
        data += _LENGTH.pack(len(raw)) + raw
    _align(data, 8)
    data += _NUMBERS.pack(
        batch.first_sequence,
        batch.oldest_sequence,
        len(batch),
        batch.observation_size,
        batch.action_size,
    )
    for name, (dtype, _) in _DTYPES.items():
        values = np.ascontiguousarray(columns[name], dtype)
        _align(data, 4)
        data += _LENGTH.pack(values.size)
        if values.size:
            _align(data, dtype.itemsize)
            data += values.tobytes()
    return _without_mac(data)


def _short(columns: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    """Return the columns with a short `next_observation`; as they are if that would lose any."""
    leads, after = leads_on(columns), columns[_NEXT]
    if not np.array_equal(after[leads], columns['observation'][1:][leads[:-1]]):
        return columns
    return {**columns, _NEXT: after[~leads]}


def stored(data: bytes, batch: TransitionBatch) -> bytes:
    """Return the bytes of a batch that is to be stored.

    The authentication code is left out, as it was checked. A batch from a robot whose messages
    lack that field gets it, empty, so that a journal holds messages of one kind.

    Args:
        data: from which the batch was decoded.
        batch: with transitions.
    """
    return _without_mac(bytearray(memoryview(data)[: batch.end]))


def _decode(data: bytes) -> TransitionBatch:
    """Return the batch; raise errors of several types if the bytes are not a batch."""
    stamp, texts, numbers, position = _read_head(data)
    first, oldest, count, observation_size, action_size = numbers
    widths = {'observation_size': observation_size, 'action_size': action_size}
    columns = _Columns(data)
    for name, (dtype, size) in _DTYPES.items():
        width = widths[size] if size else 1
        shape = (count, width) if size else (count,)
        if not count:  # middlewares align empty arrays differently
            columns.places[name] = (dtype, 0, shape)
            continue
        position += -(position - _ENCODING_BYTES) % 4
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        if length != count * width:
            if name != _NEXT or length > count * width or length % width:
                wanted = ' x '.join(map(str, shape))
                raise struct.error(f'{name}: given {length} values for {wanted}')
            columns.is_short, shape = True, (length // width, width)
        if length:
            position += -(position - _ENCODING_BYTES) % dtype.itemsize
        columns.places[name] = (dtype, position, shape)
        position += length * dtype.itemsize
    if position > len(data):
        raise struct.error('an array ends after the message')
    if columns.is_short:
        columns.check_short()
    _check_mac(data, position)
    return TransitionBatch(
        stamp=stamp,
        frame_id=texts[0],
        sender=Sender(*texts[1:]),
        first_sequence=first,
        oldest_sequence=oldest,
        observation_size=observation_size,
        action_size=action_size,
        count=count,
        columns=columns,
        end=position,
    )


def _check_mac(data: bytes, position: int) -> None:
    """Raise struct.error if the field after the last column, at `position`, is not complete."""
    if position == len(data):
        return  # of a robot from before that field
    position += -(position - _ENCODING_BYTES) % 4
    (length,) = _LENGTH.unpack_from(data, position)
    if position + _LENGTH.size + length > len(data):
        raise struct.error('mac ends after the message')


def _without_mac(data: bytearray) -> bytes:
    """Return a serialised batch that ends with the last column, with an empty `mac` added."""
    _align(data, 4)
    return bytes(data + _LENGTH.pack(0))


def _read_head(data: bytes) -> tuple[tuple[int, int], list[str], tuple[int, ...], int]:
    """Return stamp, texts and numbers of a batch, and the offset of its first array."""
    if data[:2] != _LITTLE_ENDIAN:
        raise struct.error(f'encoding {data[:2]!r}')
    stamp = _STAMP.unpack_from(data, _ENCODING_BYTES)
    position = _ENCODING_BYTES + _STAMP.size
    texts = []
    for _ in range(4):
        position += -(position - _ENCODING_BYTES) % 4
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size + length
        if position > len(data):
            raise struct.error('a string ends after the message')
        texts.append(data[position - length : position - 1].decode())
    position += -(position - _ENCODING_BYTES) % 8
    return stamp, texts, _NUMBERS.unpack_from(data, position), position + _NUMBERS.size


def _align(data: bytearray, size: int) -> None:
    """Pad to a multiple of `size`, counted from the end of the encoding bytes."""
    data += bytes(-(len(data) - _ENCODING_BYTES) % size)
