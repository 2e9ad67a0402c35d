# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Every interface of rl_msgs is generated, and its messages arrive bit for bit."""

import importlib
from pathlib import Path
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_msgs.msg import TransitionBatch

TEST = Path(__file__).resolve().parents[1]
INTERFACES = sorted((TEST.parent / 'src' / 'rl_msgs').glob('*/*.[ms][sr][gv]'))

COUNT = 64
ROW_SIZES = {'observation': 46, 'next_observation': 46, 'action': 12}
DTYPES = {
    'sequence<float>': np.float32,
    'sequence<uint8>': np.uint8,
    'sequence<uint32>': np.uint32,
    'sequence<uint64>': np.uint64,
    'sequence<int64>': np.int64,
}
# Quiet and signalling NaN with payloads, smallest and largest denormal, -0.0, both infinities.
SPECIAL_FLOATS = np.array(
    [
        0x7FC12345,
        0xFFC54321,
        0x7F812345,
        0xFF801234,
        0x00000001,
        0x807FFFFF,
        0x80000000,
        0x7F800000,
        0xFF800000,
    ],
    np.uint32,
)


@pytest.mark.parametrize('file', INTERFACES, ids=lambda file: file.stem)
def test_every_interface_file_was_generated(file: Path) -> None:
    module = importlib.import_module(f'rl_msgs.{file.parent.name}')
    interface = getattr(module, file.stem)
    (interface.Request if file.suffix == '.srv' else interface)()


def random_batch() -> dict[str, NDArray[Any]]:
    """Return every array of a batch, filled with random bits."""
    random = np.random.default_rng(7)
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind in TransitionBatch.get_fields_and_field_types().items():
        if kind.startswith('sequence'):
            dtype = np.dtype(DTYPES[kind])
            size = COUNT * ROW_SIZES.get(name, 1)
            arrays[name] = np.frombuffer(random.bytes(size * dtype.itemsize), dtype).copy()
            if dtype == np.float32:
                arrays[name].view(np.uint32)[: len(SPECIAL_FLOATS)] = SPECIAL_FLOATS
    return arrays


def test_a_batch_arrives_bit_exact_in_another_process(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    arrays = random_batch()
    scalars = {
        'robot': 'räf',
        'session': 'a' * 32,
        'fingerprint': '0123456789abcdef',
        'first_sequence': np.uint64(2**64 - 1),
        'count': np.uint32(COUNT),
        'observation_size': np.uint32(ROW_SIZES['observation']),
        'action_size': np.uint32(ROW_SIZES['action']),
    }
    sent, received = tmp_path / 'sent.npz', tmp_path / 'received.npz'
    np.savez(sent, **arrays, **{name: np.array(value) for name, value in scalars.items()})

    processes = [
        subprocess.Popen([sys.executable, TEST / 'helpers' / script, file], env=ros_environment)
        for script, file in (('receive_batch.py', received), ('publish_batch.py', sent))
    ]
    try:
        assert [process.wait(timeout=60) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()

    arrived = np.load(received)
    assert arrays['observation'].size == 64 * 46
    assert arrays['action'].size == 64 * 12
    for name, values in arrays.items():
        assert arrived[name].tobytes() == values.tobytes(), name
    for name, scalar in scalars.items():
        assert arrived[name].item() == scalar, name
