# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Recordings that `rl_import` reads: bags of transitions, and of a robot's own topics."""

from functools import partial
from pathlib import Path
from random import Random
import shutil
from typing import Any

from batch_doors import batches, break_batch
from batches import SPACES
from description_doors import ROBOT
from door import Door, RefusedError
import numpy as np
from odd_values import break_tree
from rl_agent.transport.transition_checks import find_bad_rows
from rl_learner.journal.batch_codec import decode, encode, MESSAGE_DEFINITION, TYPE_NAME
from rl_learner.journal.journal_reader import read_journal
from rl_learner.recordings.importer import batches_of, import_batches
from rl_learner.recordings.recording_reader import topics_of
from rl_learner.recordings.ros_raw_recording import RawOptions, RawRecording
from rl_learner.run.folder import EXPERIENCE
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
import yaml

_TYPES = get_typestore(Stores.ROS2_HUMBLE)
_STATE, _COMMAND = 'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64MultiArray'
_PERIOD_NS = 50_000_000


class BagDoor(Door):
    """A bag of transitions: its only file, which is imported into a run."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Begin.

        Args:
            folder: for bags and runs.
            kind: MCAP or SQLITE3.
        """
        self._folder, self._kind = folder, kind
        self._suffix = '.mcap' if kind == 'MCAP' else '.db3'
        self.seeds = [self._bag([encode(batch) for batch in batches()[:3]])]

    def broken(self, rng: Random) -> bytes | None:
        """Return an intact bag of wrong batches."""
        messages = [encode(batch) for batch in batches()[: rng.randrange(1, 4)]]
        place = rng.randrange(len(messages))
        messages[place] = encode(break_batch(batches()[place], rng))
        return self._bag(messages)

    def give(self, data: bytes) -> None:
        """Import the bag into a new run."""
        path = self._folder / f'given{self._suffix}'
        path.write_bytes(data)
        run = self._folder / 'run'
        shutil.rmtree(run, ignore_errors=True)
        topics_of(path)
        counts = import_batches(run, [partial(batches_of, path)], SPACES)
        for batch in read_journal(run / EXPERIENCE):
            assert find_bad_rows(batch.columns) is None, 'a bad row was stored'
        if counts.refused or counts.batches_refused:
            raise RefusedError(f'{counts.refused}, {counts.batches_refused} refused')

    def _bag(self, messages: list[bytes]) -> bytes:
        """Return the file of a bag."""
        path = self._folder / 'bag'
        shutil.rmtree(path, ignore_errors=True)
        writer = Writer(path, version=9, storage_plugin=StoragePlugin[self._kind])
        with writer:
            connection = writer.add_connection(
                '/transitions', TYPE_NAME, msgdef=MESSAGE_DEFINITION, rihs01='RIHS01_' + '0' * 64
            )
            for number, message in enumerate(messages):
                writer.write(connection, 1000 * number, message)
        return next(path.glob(f'*{self._suffix}')).read_bytes()


class MetadataDoor(Door):
    """The `metadata.yaml` of a bag."""

    def __init__(self, folder: Path) -> None:
        """Begin with a bag of transitions."""
        maker = BagDoor(folder, 'MCAP')
        self._bag = folder / 'bag'
        self.seeds = [(self._bag / 'metadata.yaml').read_bytes()]
        self._tree = yaml.safe_load(self.seeds[0])
        del maker

    def broken(self, rng: Random) -> bytes | None:
        """Return metadata with wrong values."""
        return yaml.safe_dump(break_tree(self._tree, rng)).encode(errors='surrogatepass')

    def give(self, data: bytes) -> None:
        """Read the bag."""
        (self._bag / 'metadata.yaml').write_bytes(data)
        topics_of(self._bag)
        assert all(len(batch) for batch in batches_of(self._bag))


class RawDoor(Door):
    """A message of a robot's own topics in a bag: of its sensor or its command.

    The first byte says which; the messages around it are valid.
    """

    def __init__(self, folder: Path) -> None:
        """Begin with states and commands of the pendulum."""
        self._folder = folder
        self._states = [self._state(0.1 * number) for number in range(6)]
        layout = _TYPES.types['std_msgs/msg/MultiArrayLayout']([], 0)
        self._command = bytes(
            _TYPES.serialize_cdr(_TYPES.types[_COMMAND](layout, np.array([0.5])), _COMMAND)
        )
        self.seeds = [b's' + self._states[2], b'c' + self._command]

    def give(self, data: bytes) -> None:
        """Rebuild the transitions of the recording."""
        path = self._folder / 'bag'
        shutil.rmtree(path, ignore_errors=True)
        with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            states = writer.add_connection('/joint_states', _STATE, typestore=_TYPES)
            commands = writer.add_connection(
                '/effort_controller/commands', _COMMAND, typestore=_TYPES
            )
            for number, state in enumerate(self._states):
                given = number == 2
                is_state, is_command = data[:1] == b's' and given, data[:1] == b'c' and given
                writer.write(states, number * _PERIOD_NS, data[1:] if is_state else state)
                writer.write(
                    commands,
                    number * _PERIOD_NS + 1_000_000,
                    data[1:] if is_command else self._command,
                )
        recording = RawRecording(path, ROBOT, RawOptions())
        for batch in recording():
            decode(encode(batch))

    def _state(self, position: float) -> bytes:
        """Return the state of the joint."""
        of = _TYPES.types
        message: Any = of[_STATE](
            header=of['std_msgs/msg/Header'](of['builtin_interfaces/msg/Time'](1, 2), ''),
            name=['pivot'],
            position=np.array([position]),
            velocity=np.array([0.5]),
            effort=np.array([]),
        )
        return bytes(_TYPES.serialize_cdr(message, _STATE))
