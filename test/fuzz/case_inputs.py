# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Builds the inputs of known cases from the seeds of a target.

Each function takes the target's door and returns an input, or returns such a function.
"""

from collections.abc import Callable
import dataclasses
import io
from typing import Any
import zipfile
import zlib

from batches import make_batch, SPACES
from door import Door
import numpy as np
import onnx
from pendulum_robot import make_parameters
from rclpy.serialization import serialize_message
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal_header import JournalHeader
from rl_learner.journal.journal_seal import SEAL_SIZE
from rl_learner.journal.journal_units import DATA_END
from rl_learner.training import checkpoint_file
from storage_doors import JournalDoor

_FLIPPED_FROM = 300  # offset in a file


def policy_with(**fields: Any) -> Callable[[Door], bytes]:
    """Return what makes a policy message with other fields."""

    def make(door: Door) -> bytes:
        message = policy_to_message(make_parameters(6))
        for name, value in fields.items():
            setattr(message, name, value)
        data: bytes = serialize_message(message)
        return data

    return make


def batch_with(column: str, value: float) -> Callable[[Door], bytes]:
    """Return what makes a batch with another number in its second row."""

    def make(door: Door) -> bytes:
        batch = make_batch(11, 3)
        columns = {name: np.array(values) for name, values in batch.columns.items()}
        columns[column][1] = value
        return encode(dataclasses.replace(batch, columns=columns))

    return make


def batch_numbered(first: int, oldest: int, count: int) -> Callable[[Door], bytes]:
    """Return what makes a batch with other sequence numbers."""

    def make(door: Door) -> bytes:
        batch = dataclasses.replace(make_batch(1, count), first_sequence=first)
        return encode(dataclasses.replace(batch, oldest_sequence=oldest))

    return make


def serialised(message: Any) -> Callable[[Door], bytes]:
    return lambda door: serialize_message(message)


def exactly(data: bytes) -> Callable[[Door], bytes]:
    return lambda door: data


def flipped_bit(door: Door) -> bytes:
    """Return the first seed with one flipped bit."""
    data = bytearray(door.seeds[0])
    data[_FLIPPED_FROM] ^= 4
    return bytes(data)


def first_half(door: Door) -> bytes:
    """Return the first half of the first seed."""
    return door.seeds[0][: len(door.seeds[0]) // 2]


def all_ones(door: Door) -> bytes:
    """Return a message of the right size whose lengths are all 2**32 - 1."""
    return b'\0\1\0\0' + b'\xff' * (len(door.seeds[0]) - 4)


def promising_array(door: Door) -> bytes:
    """Return a policy file of 2 kB with an array that claims to have 36 GB."""
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9000000000,), }".ljust(117) + b'\n'
    array_file = b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head + bytes(64)
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(door.seeds[0])) as old, zipfile.ZipFile(content, 'w') as new:
        for name in old.namelist():
            new.writestr(name, array_file if name == 'parameters.npy' else old.read(name))
    return content.getvalue()


def large_robot(door: Door) -> bytes:
    """Return a policy file of 100 kB whose robot unpacks to 100 MB."""
    content = io.BytesIO(door.seeds[0])
    with zipfile.ZipFile(content, 'a', zipfile.ZIP_DEFLATED) as archive:
        buffer = io.BytesIO()
        np.save(buffer, np.array(' ' * 25_000_000))
        archive.writestr('robot.npy', buffer.getvalue())
    return content.getvalue()


def large_whole_number(door: Door) -> bytes:
    """Return a policy file with a bound that no array of whole numbers holds."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(door.seeds[2])) as old, zipfile.ZipFile(content, 'w') as new:
        for name in old.namelist():
            data = old.read(name)
            if name == 'header.npy':
                text = str(np.load(io.BytesIO(data))).replace(
                    '"mean_clip": 2.0', f'"mean_clip": {10**30}'
                )
                buffer = io.BytesIO()
                np.save(buffer, np.array(text))
                data = buffer.getvalue()
            new.writestr(name, data)
    return content.getvalue()


def index_beyond_64_bits(door: Door) -> bytes:
    """Return the description of a robot whose field takes rays from 0 to 3.7e32."""
    (seed,) = (item for item in door.seeds if b'0:360:15' in item)
    return seed.replace(b'0:360:15', b'0:3%s0:15' % (b'6' * 31))


def long_path(door: Door) -> bytes:
    """Return a world whose model has a path that no file system takes."""
    uri = b'<include><uri>%s</uri></include></world>' % (b'x' * 300)
    return door.seeds[1].replace(b'</world>', uri)


def negative_number(door: Door) -> bytes:
    """Return a journal of before the checksums whose header has a negative number."""
    assert isinstance(door, JournalDoor)
    header = JournalHeader(SPACES.fingerprint, 0, {('robot_1', 'session_a'): -3})
    return door.file([], header=header, finished=True)


def onnx_with(change: Callable[[Any], None]) -> Callable[[Door], bytes]:
    """Return what makes an ONNX file with a change in its first constant."""

    def make(door: Door) -> bytes:
        model = onnx.load_model_from_string(door.seeds[0])
        change(model.graph.initializer[0])
        data: bytes = model.SerializeToString()
        return data

    return make


def without_type(tensor: Any) -> None:
    tensor.ClearField('data_type')


def without_numbers(tensor: Any) -> None:
    tensor.dims[:] = [0, 0]


def elsewhere(tensor: Any) -> None:
    """Put the numbers of a constant into a file outside of the model's folder."""
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField('raw_data')
    entry = tensor.external_data.add()
    entry.key, entry.value = 'location', '../../../etc/passwd'


def empty_batch(door: Door) -> bytes:
    """Return a journal of before the seals, with a batch without transitions."""
    assert isinstance(door, JournalDoor)
    batch = encode(dataclasses.replace(make_batch(5, 0), oldest_sequence=5))
    return door.file([batch], marker=b'', finished=True)


def impossible_numbers(door: Door) -> bytes:
    """Return a journal of before the check of numbers, with a batch that begins at 2**64 - 1."""
    assert isinstance(door, JournalDoor)
    batch = dataclasses.replace(make_batch(1, 3), first_sequence=2**64 - 1)
    return door.file([encode(batch)], marker=b'', finished=True)


def broken_chain(door: Door) -> bytes:
    """Return a finished journal of before the seals, whose last record has another length."""
    assert isinstance(door, JournalDoor)
    data = bytearray(door.file([encode(make_batch(1, 3))], marker=b'', finished=True))
    data[data.index(DATA_END) + 4] = 1
    return bytes(data)


def far_seal(door: Door) -> bytes:
    """Return a journal with damaged bytes before a seal that claims 2**40 transitions there."""
    assert isinstance(door, JournalDoor)
    marker = b'\x91far\x00\xfe\x02\x01'
    batch = encode(make_batch(1, 3))
    header = JournalHeader(SPACES.fingerprint, 2**40, {}, marker)
    sealed = door.file([batch], header=header, finished=False)
    whole = door.file([], header=dataclasses.replace(header, transitions_before=0), finished=False)
    record = sealed[sealed.index(b'\x80' + (SEAL_SIZE - 9).to_bytes(8, 'little')) :]
    return whole + bytes(100) + record


def spool_with(place: int, numbers: bytes) -> Callable[[Door], bytes]:
    """Return what makes the file of a spool whose header has other numbers, well sealed."""

    def make(door: Door) -> bytes:
        data = bytearray(door.seeds[1])
        data[1 + place : 1 + place + len(numbers)] = numbers
        data[33:37] = zlib.crc32(data[1:33]).to_bytes(4, 'little')
        return bytes(data)

    return make


def checkpoint_with(change: Callable[[dict[str, Any]], object]) -> Callable[[Door], bytes]:
    """Return what makes a checkpoint with the right hash of a changed state."""

    def make(door: Door) -> bytes:
        state = checkpoint_file.decode(door.seeds[0])
        change(state)
        return checkpoint_file.encode(state)

    return make


STEP = {
    'observation_names': ['x', 'y'],
    'observation': [1.0, 2.0],
    'action_names': ['a'],
    'action_wanted': [0.1],
    'action_executed': [0.1],
    'reward_names': ['r'],
    'reward_parts': [1.0],
}
BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(9 * [f"*{before}"])}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)
# foxglove/mcap#1198: text right after the magic bytes is taken as a length of 8e18 bytes
GARBAGE_MCAP = b"\x89MCAP0\r\n\0\0\0C{'format': 'h264', 'width': 'x"
