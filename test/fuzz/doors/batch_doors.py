# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Transitions at the learner machine and acknowledgements at a robot."""

from collections.abc import Sequence
import dataclasses
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from batches import make_batch, ONE, SPACES
from door import Door, Ear, RefusedError
import numpy as np
from odd_values import odd_float, odd_integer, odd_text
from plain_transition import plain_transition
from rclpy.serialization import serialize_message
from rl_agent.errors import ConfigurationError
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_topics import TRANSITIONS_ACK
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, FleetKeys, TRANSITIONS
from rl_agent.transport.ros_uplink import Connection, Uplink
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_checks import check_numbers, find_bad_rows
from rl_learner.journal.batch_codec import count_of, decode, encode, TransitionBatch
from rl_learner.journal.replay_bridge import Acknowledgement, ReplayBridge
from rl_msgs.msg import TransitionAck

KEYS = FleetKeys([bytes(range(32))])
_ENCODING = slice(2, 4)  # options that no code covers
_STORED = 10  # the last number of the robot's session in the journal
_ROBOT = (ONE.robot, ONE.session)


@cache
def batches() -> list[TransitionBatch]:
    """Return batches that a bridge takes in."""
    other = dataclasses.replace(ONE, robot='robot_2', session='b')
    return [
        make_batch(11, 3),
        make_batch(9, 4),
        make_batch(1, 2, sender=other),
        make_batch(50, 1, oldest=50, sender=other),
        make_batch(11, 1, truncated_at=11),
    ]


def break_batch(batch: TransitionBatch, rng: Random) -> TransitionBatch:
    """Return a batch with one to three wrong values, whose bytes are a batch nevertheless."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        change = rng.randrange(5)
        if change == 0:
            number = odd_integer(rng)
            batch = (
                dataclasses.replace(batch, first_sequence=number)
                if rng.random() < 0.5
                else dataclasses.replace(batch, oldest_sequence=number)
            )
        elif change == 1:
            name = rng.choice(('robot', 'session', 'fingerprint'))
            sender = dataclasses.replace(batch.sender, **{name: odd_text(rng)})
            batch = dataclasses.replace(batch, sender=sender)
        elif change == 2:
            batch = _with_count(batch, rng.choice((0, 1, 2)))
        elif len(batch):
            batch = dataclasses.replace(batch, columns=_with_odd_value(batch, rng))
    return batch


def _with_count(batch: TransitionBatch, count: int) -> TransitionBatch:
    columns = {name: values[:count] for name, values in batch.columns.items()}
    count = len(columns['reward'])
    return dataclasses.replace(batch, columns=columns, count=count)


def _with_odd_value(batch: TransitionBatch, rng: Random) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Return the columns with one wrong value."""
    columns = {name: np.array(values) for name, values in batch.columns.items()}
    column = columns[rng.choice(list(columns))].reshape(len(batch), -1)
    place = rng.randrange(column.shape[0]), rng.randrange(column.shape[1])
    if column.dtype.kind == 'f':
        column[place] = odd_float(rng)
    else:
        bits = 8 * column.dtype.itemsize
        column[place] = odd_integer(rng, bits - (column.dtype.kind == 'i'))
    return columns


class _Log:
    """Keeps what the bridge stores."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def append(
        self, messages: Sequence[bytes], transitions: int, sequences: dict[tuple[str, str], int]
    ) -> None:
        """Store a group."""
        assert transitions == sum(map(count_of, messages))
        assert all(0 <= number < 2**63 for number in sequences.values())
        self.messages += messages


class BatchDoor(Door):
    """A batch of anybody, at a bridge that knows a robot."""

    def __init__(self, folder: Path, *, sealed: bool = False) -> None:
        """Begin; sealed: the bridge has a key, whose code all seeds carry."""
        self._sealed = sealed
        data = [encode(batch) for batch in batches()]
        data.append(encode(make_batch(_STORED + 1, 3)))
        *self.seeds, self._next = (
            [KEYS.seal(item, TRANSITIONS) for item in data] if sealed else data
        )

    def broken(self, rng: Random) -> bytes | None:
        """Return a batch with wrong values; without the key, nobody can make its code."""
        return None if self._sealed else encode(break_batch(rng.choice(batches()), rng))

    def give(self, data: bytes) -> None:
        """Let the batch arrive, then one of the robot that was known before."""
        log = _Log()
        check = (lambda given: KEYS.check(given, TRANSITIONS)) if self._sealed else None
        bridge = ReplayBridge(SPACES, log, {_ROBOT: _STORED}, check)
        refusal = ''
        try:
            repeated = bridge.receive(data)
        except ConfigurationError as error:
            refusal, repeated = str(error), None
        acknowledged, _ = bridge.commit()
        self._check(log, [*acknowledged, *([repeated] if repeated else [])])
        if not refusal:
            assert not self._sealed or self._is_a_seed(data), 'a changed batch was stored'
            if bridge.counts.refused_transitions:
                reports = bridge.events.take_reports()
                raise RefusedError(' '.join(report.text for report in reports))
            return
        assert bridge.counts.refused == 1
        assert not log.messages, 'of a refused batch something was stored'
        self._check_next_batch(bridge)
        raise RefusedError(refusal)

    def _check(self, log: _Log, acknowledged: Sequence[Acknowledgement]) -> None:
        """Check that only good rows are stored, and only what was stored is acknowledged."""
        for message in log.messages:
            batch = decode(message)
            assert find_bad_rows(batch.columns) is None
            check_numbers(batch.first_sequence, batch.oldest_sequence, len(batch))
            assert batch.sender.fingerprint == SPACES.fingerprint
            assert batch.transitions.observation.shape == (len(batch), SPACES.observation_size)
        for item in acknowledged:
            assert 0 <= item.sequence < 2**63

    def _check_next_batch(self, bridge: ReplayBridge) -> None:
        """Check that a refused batch moves no number: the robot's next one is stored."""
        assert bridge.receive(self._next) is None
        acknowledged, _ = bridge.commit()
        assert acknowledged == [Acknowledgement(*_ROBOT, _STORED + 3)]
        assert bridge.counts.lost == bridge.counts.duplicate == 0

    def _is_a_seed(self, data: bytes) -> bool:
        """Return whether only bytes without meaning differ from a seed."""
        same = bytearray(data)
        same[_ENCODING] = self.seeds[0][_ENCODING]
        return bytes(same) in self.seeds


class AcknowledgementDoor(Door):
    """An acknowledgement of anybody, at a robot that has sent a part of its transitions."""

    _SENT, _APPENDED = 12, 17
    _FORMER = 'former'  # a session that the spool does not hold

    def __init__(self, folder: Path, *, sealed: bool = False) -> None:
        """Begin; sealed: the robot has a key, whose code all seeds carry."""
        self._keys = KEYS if sealed else None
        messages = [
            TransitionAck(robot='r', session=session, sequence=number)
            for session, number in (('s', 0), ('s', 1), ('s', 3), (self._FORMER, 3))
        ]
        self.seeds = [self._sealed(serialize_message(message)) for message in messages]

    def broken(self, rng: Random) -> bytes | None:
        """Return an acknowledgement of another number, robot or session."""
        if self._keys is not None:
            return None
        message = TransitionAck(
            robot=rng.choice(('r', 'r', 'r', odd_text(rng))),
            session=rng.choice(('s', 's', self._FORMER, odd_text(rng))),
            sequence=odd_integer(rng),
        )
        data: bytes = serialize_message(message)
        return data

    def give(self, data: bytes) -> None:
        """Let the acknowledgement arrive."""
        spool, ear, events = Spool(100, 's'), Ear(), EventLog()
        node: Any = ear
        connection = Connection(node, keys=self._keys, events=events, polled=True)
        sender = Sender('r', 's', 'f')
        uplink = Uplink(node, spool, sender, 1.0, connection, events=events, polled=True)
        for number in range(self._APPENDED):
            spool.append(plain_transition(3, reward=float(number)))
            if number == self._SENT - 1:
                uplink.send()
        assert spool.unsent == self._APPENDED - self._SENT
        ear.callbacks[TRANSITIONS_ACK](data)
        assert spool.pending >= self._APPENDED - self._SENT, 'dropped, but never sent'
        if self._keys is not None:
            untouched = spool.pending == self._APPENDED
            assert untouched or self._is_a_seed(data), 'a changed acknowledgement was obeyed'
        reports = events.take_reports()
        if reports:
            assert spool.pending == self._APPENDED, 'refused, and obeyed'
            raise RefusedError(' '.join(report.text for report in reports))

    def _sealed(self, data: bytes) -> bytes:
        return data if self._keys is None else self._keys.seal(data, ACKNOWLEDGEMENT)

    def _is_a_seed(self, data: bytes) -> bool:
        """Return whether only bytes without meaning differ from a seed."""
        same = bytearray(data)
        same[_ENCODING] = self.seeds[0][_ENCODING]
        return bytes(same) in self.seeds
