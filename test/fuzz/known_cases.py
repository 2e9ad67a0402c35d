# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Inputs that once did harm, here or in other software, built from the seeds of a target.

Those that `make fuzz` found are files in `corpus/`.
"""

from array import array
from collections.abc import Callable
import dataclasses
import io
import math
from typing import Any
import zipfile
import zlib

from batches import make_batch, ONE, SPACES
from door import Door
from judgement import Kind
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
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step, TransitionAck
from storage_doors import JournalDoor

_FLIPPED_FROM = 300  # offset in a file


@dataclasses.dataclass(frozen=True)
class KnownCase:
    """An input with its right answer.

    Attributes:
        target: that it is given to.
        name: what is wrong.
        answer: the right one.
        make: returns the input; takes the target's door.
    """

    target: str
    name: str
    answer: Kind
    make: Callable[[Door], bytes]


def _policy(**fields: Any) -> Callable[[Door], bytes]:
    """Return what makes a policy message with other fields."""

    def make(door: Door) -> bytes:
        message = policy_to_message(make_parameters(6))
        for name, value in fields.items():
            setattr(message, name, value)
        data: bytes = serialize_message(message)
        return data

    return make


def _batch(column: str, value: float) -> Callable[[Door], bytes]:
    """Return what makes a batch with another number in its second row."""

    def make(door: Door) -> bytes:
        batch = make_batch(11, 3)
        columns = {name: np.array(values) for name, values in batch.columns.items()}
        columns[column][1] = value
        return encode(dataclasses.replace(batch, columns=columns))

    return make


def _numbers(first: int, oldest: int, count: int) -> Callable[[Door], bytes]:
    """Return what makes a batch with other sequence numbers."""

    def make(door: Door) -> bytes:
        batch = dataclasses.replace(make_batch(1, count), first_sequence=first)
        return encode(dataclasses.replace(batch, oldest_sequence=oldest))

    return make


def _message(message: Any) -> Callable[[Door], bytes]:
    return lambda door: serialize_message(message)


def _bytes(data: bytes) -> Callable[[Door], bytes]:
    return lambda door: data


def _flipped(door: Door) -> bytes:
    """Return the first seed with one flipped bit."""
    data = bytearray(door.seeds[0])
    data[_FLIPPED_FROM] ^= 4
    return bytes(data)


def _half(door: Door) -> bytes:
    """Return the first half of the first seed."""
    return door.seeds[0][: len(door.seeds[0]) // 2]


def _all_ones(door: Door) -> bytes:
    """Return a message of the right size whose lengths are all 2**32 - 1."""
    return b'\0\1\0\0' + b'\xff' * (len(door.seeds[0]) - 4)


def _promising_array(door: Door) -> bytes:
    """Return a policy file of 2 kB with an array that claims to have 36 GB."""
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9000000000,), }".ljust(117) + b'\n'
    array_file = b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head + bytes(64)
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(door.seeds[0])) as old, zipfile.ZipFile(content, 'w') as new:
        for name in old.namelist():
            new.writestr(name, array_file if name == 'parameters.npy' else old.read(name))
    return content.getvalue()


def _large_robot(door: Door) -> bytes:
    """Return a policy file of 100 kB whose robot unpacks to 100 MB."""
    content = io.BytesIO(door.seeds[0])
    with zipfile.ZipFile(content, 'a', zipfile.ZIP_DEFLATED) as archive:
        buffer = io.BytesIO()
        np.save(buffer, np.array(' ' * 25_000_000))
        archive.writestr('robot.npy', buffer.getvalue())
    return content.getvalue()


def _onnx(change: Callable[[Any], None]) -> Callable[[Door], bytes]:
    """Return what makes an ONNX file with a change in its first constant."""

    def make(door: Door) -> bytes:
        model = onnx.load_model_from_string(door.seeds[0])
        change(model.graph.initializer[0])
        data: bytes = model.SerializeToString()
        return data

    return make


def _without_type(tensor: Any) -> None:
    tensor.ClearField('data_type')


def _without_numbers(tensor: Any) -> None:
    tensor.dims[:] = [0, 0]


def _elsewhere(tensor: Any) -> None:
    """Put the numbers of a constant into a file outside of the model's folder."""
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField('raw_data')
    entry = tensor.external_data.add()
    entry.key, entry.value = 'location', '../../../etc/passwd'


def _empty_batch(door: Door) -> bytes:
    """Return a journal of before the seals, with a batch without transitions."""
    assert isinstance(door, JournalDoor)
    batch = encode(dataclasses.replace(make_batch(5, 0), oldest_sequence=5))
    return door.file([batch], marker=b'', finished=True)


def _broken_chain(door: Door) -> bytes:
    """Return a finished journal of before the seals, whose last record has another length."""
    assert isinstance(door, JournalDoor)
    data = bytearray(door.file([encode(make_batch(1, 3))], marker=b'', finished=True))
    data[data.index(DATA_END) + 4] = 1
    return bytes(data)


def _far_seal(door: Door) -> bytes:
    """Return a journal with damaged bytes before a seal that claims 2**40 transitions there."""
    assert isinstance(door, JournalDoor)
    marker = b'\x91far\x00\xfe\x02\x01'
    batch = encode(make_batch(1, 3))
    header = JournalHeader(SPACES.fingerprint, 2**40, {}, marker)
    sealed = door.file([batch], header=header, finished=False)
    whole = door.file([], header=dataclasses.replace(header, transitions_before=0), finished=False)
    record = sealed[sealed.index(b'\x80' + (SEAL_SIZE - 9).to_bytes(8, 'little')) :]
    return whole + bytes(100) + record


def _spool(place: int, numbers: bytes) -> Callable[[Door], bytes]:
    """Return what makes the file of a spool whose header has other numbers, well sealed."""

    def make(door: Door) -> bytes:
        data = bytearray(door.seeds[1])
        data[1 + place : 1 + place + len(numbers)] = numbers
        data[33:37] = zlib.crc32(data[1:33]).to_bytes(4, 'little')
        return bytes(data)

    return make


def _checkpoint(change: Callable[[dict[str, Any]], object]) -> Callable[[Door], bytes]:
    """Return what makes a checkpoint with the right hash of a changed state."""

    def make(door: Door) -> bytes:
        state = checkpoint_file.decode(door.seeds[0])
        change(state)
        return checkpoint_file.encode(state)

    return make


_STEP = {
    'observation_names': ['x', 'y'],
    'observation': [1.0, 2.0],
    'action_names': ['a'],
    'action_wanted': [0.1],
    'action_executed': [0.1],
    'reward_names': ['r'],
    'reward_parts': [1.0],
}
_BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(9 * [f"*{before}"])}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)
# foxglove/mcap#1198: text right after the magic bytes is taken as a length of 8e18 bytes
_GARBAGE_MCAP = b"\x89MCAP0\r\n\0\0\0C{'format': 'h264', 'width': 'x"

KNOWN_CASES = (
    # policies: sizes that overflow, endless layers, a deviation without reciprocal
    KnownCase(
        'policy_message',
        'sizes whose product wraps in 64 bits',
        'refused',
        _policy(
            hidden_sizes=array('I', [2**32 - 1, 2**32 - 6, 1, 3]), parameters=array('f', [0.0] * 4)
        ),
    ),
    KnownCase(
        'policy_message',
        '100,000 layers',
        'refused',
        _policy(hidden_sizes=array('I', [1] * 100_000)),
    ),
    KnownCase(
        'policy_message',
        'deviation 1e-45',
        'refused',
        _policy(
            observation_mean=array('f', [0.0] * 3), observation_std=array('f', [1.0, 1e-45, 1.0])
        ),
    ),
    KnownCase('signed_policy', 'unsigned version 2**63', 'refused', _policy(version=2**63)),
    # transitions and acknowledgements
    KnownCase('transition_batch', 'reward NaN', 'refused', _batch('reward', math.nan)),
    KnownCase('transition_batch', 'reward 3e38', 'refused', _batch('reward', 3e38)),
    KnownCase('transition_batch', 'action 1e30', 'refused', _batch('action', 1e30)),
    KnownCase('transition_batch', 'oldest 0', 'refused', _numbers(5, 0, 1)),
    KnownCase('transition_batch', 'empty, far ahead', 'refused', _numbers(10**6, 10**6, 0)),
    KnownCase('transition_batch', 'beyond 2**63', 'refused', _numbers(2**63 - 2, 1, 3)),
    KnownCase(
        'sealed_batch',
        'without code',
        'refused',
        lambda door: encode(make_batch(11, 3, sender=ONE)),
    ),
    KnownCase(
        'acknowledgement',
        'never sent',
        'refused',
        _message(TransitionAck(robot='r', session='s', sequence=2**63)),
    ),
    # files
    KnownCase('journal', 'flipped bit', 'taken', _flipped),
    KnownCase('checkpoint', 'flipped bit', 'refused', _flipped),
    KnownCase('robot_yaml', 'alias within itself', 'refused', _bytes(b'a: &a [*a]')),
    KnownCase('robot_yaml', 'alias bomb', 'refused', _bytes(_BOMB.encode())),
    KnownCase('robot_yaml', 'depth 20,000', 'refused', _bytes(b'a: ' + b'[' * 20_000)),
    KnownCase('replay_json', 'no object', 'refused', _bytes(b'[1, 2]')),
    KnownCase('run_json', 'depth 100,000', 'refused', _bytes(b'[' * 100_000)),
    # listeners
    KnownCase('agent_status', 'lengths', 'refused', _message(AgentStatus(event_names=['a']))),
    KnownCase(
        'step', 'lengths', 'refused', _message(Step(**{**_STEP, 'action_wanted': [0.1, 0.2]}))
    ),
    KnownCase('learner_status', 'lengths', 'refused', _message(LearnerStatus(metric_names=['x']))),
    KnownCase('episode', 'infinite', 'refused', _message(Episode(episode_return=math.inf))),
    KnownCase('episode', '4 billion steps', 'refused', _message(Episode(steps=4_000_000_000))),
    # found by `make fuzz`
    KnownCase('bridge_json', 'negative', 'refused', _bytes(b'{"journal_keep_gb": -1}')),
    KnownCase(
        'bridge_json', 'no float', 'refused', _bytes(b'{"journal_keep_gb": 1%s}' % (b'0' * 400))
    ),
    KnownCase(
        'demo_json',
        'list as name',
        'refused',
        _bytes(b'{"robot": "pendulum", "algorithm": ["sac"], "seed": 1, "robots": 2, "steps": 5}'),
    ),
    KnownCase('policy_versions', 'negative', 'refused', _bytes(b'-9223372036854775809')),
    KnownCase('journal', 'empty batch', 'taken', _empty_batch),
    KnownCase('journal', 'broken chain at its end', 'taken', _broken_chain),
    KnownCase('journal', 'seal far ahead', 'taken', _far_seal),
    KnownCase('spool', 'slots 2**62', 'taken', _spool(16, (2**62).to_bytes(8, 'little'))),
    KnownCase('spool', 'oldest 2**64 - 1', 'taken', _spool(24, b'\xff' * 8)),
    KnownCase('spool', 'oldest 2**62 - 1', 'taken', _spool(24, b'\xff' * 7 + b'\x3f')),
    KnownCase(
        'checkpoint_content', 'no networks', 'refused', _checkpoint(lambda state: state.clear())
    ),
    KnownCase(
        'checkpoint_content',
        'random state no tensor',
        'refused',
        _checkpoint(lambda state: state['update'].update(random_state=3)),
    ),
    KnownCase(
        'checkpoint_content',
        'not finite',
        'refused',
        _checkpoint(lambda state: state['update']['networks']['actor'].fill_(math.nan)),
    ),
    KnownCase(
        'torchscript',
        'zip of a later version',
        'refused',
        lambda door: door.seeds[0].replace(b'PK\1\2\0\0\0\0', b'PK\1\2\0\0\x5b\0'),
    ),
    KnownCase('onnx', 'shape without numbers', 'refused', _onnx(_without_numbers)),
    KnownCase('bag_of_robot_topics', 'no message', 'taken', _bytes(b's\0\1\0\0\xff\xff')),
    KnownCase(
        'robot_yaml',
        '3000 mistakes',
        'refused',
        _bytes(b'observation: [%s]' % b', '.join([b'{x: 1}'] * 3000)),
    ),
    # ros2/rmw_implementation#174, ros2/rmw_fastrtps#828: lengths of 2**32 - 1 end a node
    KnownCase('policy_message', 'all bytes 255', 'refused', _all_ones),
    KnownCase('transition_batch', 'all bytes 255', 'refused', _all_ones),
    KnownCase('acknowledgement', 'all bytes 255', 'taken', _all_ones),  # of another robot
    KnownCase('agent_status', 'all bytes 255', 'refused', _all_ones),
    KnownCase(
        'quadruped_topics', 'all bytes 255', 'refused', lambda door: b'\0' + _all_ones(door)
    ),
    # ros2/rcl#553 and #815: a description without its structure aborts the process
    KnownCase('robot_yaml', 'three colons', 'refused', _bytes(b'malformed:::\n')),
    KnownCase('robot_yaml', 'one number', 'refused', _bytes(b'joints: 17\n')),
    # foxglove/mcap#1198 and #1220: garbage and truncated files ask for exabytes
    KnownCase('bag_mcap', 'garbage', 'refused', _bytes(_GARBAGE_MCAP)),
    KnownCase('bag_mcap', 'truncated', 'refused', _half),
    KnownCase('journal', 'garbage', 'refused', _bytes(_GARBAGE_MCAP)),
    # keras-team/keras#23016: a header promises far more than the file has
    KnownCase('policy_file', 'array of 36 GB', 'refused', _promising_array),
    KnownCase('policy_file', 'robot of 100 MB', 'refused', _large_robot),
    # microsoft/onnxruntime#4349: a type is missing; onnx/onnx#7717: a constant in another file
    KnownCase('onnx', 'no type', 'refused', _onnx(_without_type)),
    KnownCase('onnx', 'constant elsewhere', 'refused', _onnx(_elsewhere)),
    # pytorch/pytorch#74798, ultralytics/ultralytics#25428: truncated and empty models
    KnownCase('checkpoint', 'truncated', 'refused', _half),
    KnownCase('checkpoint', 'empty', 'refused', _bytes(b'')),
    KnownCase('checkpoint_content', 'truncated', 'refused', _half),
    KnownCase('torchscript', 'truncated', 'refused', _half),
)
