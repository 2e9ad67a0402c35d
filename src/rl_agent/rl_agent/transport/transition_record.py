# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A transition as one record of fixed size, with a checksum that tells whole from torn."""

import struct
from typing import Any
import zlib

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_checks import LARGEST_FLOAT32
from rl_agent.errors import RlError
from rl_agent.transport.transition import Transition

Records = NDArray[Any]

_CHECKSUM = struct.Struct('<I')
# position, sequence, session, policy_version, stamp, episode, step, reward, four flags
_HEAD = struct.Struct('<QQ32sQqIIf4B')


class RecordLayout:
    """Where each field of a transition lies in a record.

    Attributes:
        dtype: of an array of records; `position` counts all transitions that a spool ever held,
            from 1, `sequence` those of one session.
        size: bytes of a record.
    """

    def __init__(self, observation_size: int, action_size: int) -> None:
        """Lay out records for vectors of these sizes."""
        self.observation_size, self.action_size = observation_size, action_size
        self.dtype = np.dtype(
            [
                ('position', '<u8'),
                ('sequence', '<u8'),
                ('session', 'S32'),
                ('policy_version', '<u8'),
                ('stamp', '<i8'),
                ('episode', '<u4'),
                ('step', '<u4'),
                ('reward', '<f4'),
                ('terminated', 'u1'),
                ('truncated', 'u1'),
                ('intervention', 'u1'),
                ('evaluation', 'u1'),
                ('observation', '<f4', (observation_size,)),
                ('action', '<f4', (action_size,)),
                ('next_observation', '<f4', (observation_size,)),
                ('checksum', '<u4'),
            ]
        )
        self.size = self.dtype.itemsize

    def pack(self, position: int, session: bytes, sequence: int, transition: Transition) -> bytes:
        """Return the record of a transition, `size` bytes.

        Raises:
            RlError: the reward is no finite number in float32.
            ValueError: a vector has another size than the layout.
        """
        if not abs(transition.reward) <= LARGEST_FLOAT32:  # this way round, because NaN is not
            raise RlError(
                f'reward: given {transition.reward:g}; accepted: a finite number in float32'
            )
        head = _HEAD.pack(
            position,
            sequence,
            session,
            transition.policy_version,
            transition.stamp_ns,
            transition.episode,
            transition.step,
            transition.reward,
            transition.terminated,
            transition.truncated,
            transition.intervention,
            transition.evaluation,
        )
        body = b''.join(
            (
                head,
                np.asarray(transition.observation, np.float32).tobytes(),
                np.asarray(transition.action, np.float32).tobytes(),
                np.asarray(transition.next_observation, np.float32).tobytes(),
            )
        )
        if len(body) != self.size - _CHECKSUM.size:
            raise ValueError(
                f'transition: given {np.size(transition.observation)},'
                f' {np.size(transition.action)} and {np.size(transition.next_observation)} values;'
                f' accepted: observations of {self.observation_size}, actions of'
                f' {self.action_size}'
            )
        return body + _CHECKSUM.pack(zlib.crc32(body))


def to_transition(record: Any) -> Transition:
    """Return the transition in one record."""
    return Transition(
        observation=record['observation'],
        action=record['action'],
        reward=float(record['reward']),
        next_observation=record['next_observation'],
        terminated=bool(record['terminated']),
        truncated=bool(record['truncated']),
        intervention=bool(record['intervention']),
        evaluation=bool(record['evaluation']),
        policy_version=int(record['policy_version']),
        episode=int(record['episode']),
        step=int(record['step']),
        stamp_ns=int(record['stamp']),
    )


def whole(records: Records) -> NDArray[np.bool_]:
    """Return for each record whether it was written to its end, (record,); empty ones were not."""
    data, size = memoryview(records.tobytes()), records.itemsize
    end = size - _CHECKSUM.size
    sums = records['checksum'].tolist()
    right = [
        zlib.crc32(data[number * size : number * size + end]) == checksum
        for number, checksum in enumerate(sums)
    ]
    return np.logical_and(right, records['position'] != 0)
