# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Batches from robots into replay: in order, each transition once, then the acknowledgement."""

import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ConfigurationError
from rl_agent.spaces import Spaces
from rl_agent.transition_batch import Sender, TransitionArrays
from rl_learner.n_step import NStep
from rl_learner.replay_layout import ReplayLayout


class RowWriter(Protocol):
    """Where rows go."""

    def insert(self, rows: NDArray[np.float32]) -> None:
        """Store rows, (count, width); on return they are stored."""
        ...


@dataclass
class _Stream:
    """What has come from one session of one robot.

    Attributes:
        stored: highest number without a gap below it.
        lost: numbers that the robot itself had to drop.
        n_step: rows under way.
    """

    stored: int
    lost: int
    n_step: NStep


class ReplayBridge:
    """Keeps the order of each robot's transitions and stores each of them once.

    A batch that begins above the next expected number is not stored: the robot sends what is
    missing again, because the acknowledgement does not cover it. A batch below is a repetition.

    Attributes:
        stored: transitions stored since the start.
    """

    def __init__(
        self, spaces: Spaces, layout: ReplayLayout, writer: RowWriter, *, n_step: int, gamma: float
    ) -> None:
        """Bridge the transitions of robots of one kind.

        Args:
            spaces: of the robots.
            layout: of the rows.
            writer: into replay.
            n_step: rewards summed in a row.
            gamma: discount of that sum.
        """
        self._spaces, self._layout, self._writer = spaces, layout, writer
        self._n_step, self._gamma = n_step, gamma
        self._streams: dict[tuple[str, str], _Stream] = {}
        self.stored = 0

    @property
    def lost(self) -> int:
        """Transitions that robots had to drop from a full spool."""
        return sum(stream.lost for stream in self._streams.values())

    def receive(
        self, sender: Sender, first_sequence: int, oldest_sequence: int, rows: TransitionArrays
    ) -> int:
        """Store what is new in a batch; return the number to acknowledge.

        Args:
            sender: robot and session.
            first_sequence: number of the first row.
            oldest_sequence: the robot holds nothing older.
            rows: the transitions.

        Raises:
            ConfigurationError: the batch is from another kind of robot.
            ReplayError: replay does not take it; nothing is acknowledged.
        """
        self._check(sender, rows)
        stream = self._stream(sender, oldest_sequence)
        if oldest_sequence > stream.stored + 1:
            stream.lost += oldest_sequence - 1 - stream.stored
            stream.stored = oldest_sequence - 1
        skip = stream.stored + 1 - first_sequence
        if 0 <= skip < len(rows):
            fresh = rows[skip:]
            n_step = copy.copy(stream.n_step)  # kept as it was if replay does not take the rows
            self._writer.insert(n_step.push(fresh))
            stream.n_step = n_step
            stream.stored += len(fresh)
            self.stored += len(fresh)
        return stream.stored

    def _stream(self, sender: Sender, oldest_sequence: int) -> _Stream:
        """Return the stream of a session; a new one begins where the robot's spool begins."""
        key = (sender.robot, sender.session)
        if key not in self._streams:
            n_step = NStep(self._layout, self._n_step, self._gamma)
            self._streams[key] = _Stream(stored=oldest_sequence - 1, lost=0, n_step=n_step)
        return self._streams[key]

    def _check(self, sender: Sender, rows: TransitionArrays) -> None:
        """Raise ConfigurationError where the batch is not for this replay."""
        given = (sender.fingerprint, rows.observation.shape[1], rows.action.shape[1])
        spaces = self._spaces
        accepted = (spaces.fingerprint, spaces.observation_size, spaces.action_size)
        if given != accepted:
            raise ConfigurationError(
                f'robot {sender.robot!r}: fingerprint, observation and action size: given'
                f' {given}; accepted: {accepted}. Agent and learner need the same description'
            )
