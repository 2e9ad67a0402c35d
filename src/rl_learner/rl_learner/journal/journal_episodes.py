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

"""Assembles episodes from the interleaved batches of robots."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_columns import COLUMNS
from rl_learner.journal.batch_codec import TransitionBatch

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class RecordedEpisode:
    """Consecutive transitions of one episode of one robot.

    Attributes:
        sender: robot, session and fingerprint.
        number: number of the episode within the session.
        first_sequence: number of the first transition within the session.
        columns: by the names of `transition_columns.COLUMNS`; one row for each transition.
        interrupted: no end was recorded, because the robot went silent or transitions were lost.
    """

    sender: Sender
    number: int
    first_sequence: int
    columns: Columns
    interrupted: bool

    def __len__(self) -> int:
        """Return the number of transitions."""
        return len(self.columns['reward'])


def split_episodes(batches: Iterable[TransitionBatch]) -> Iterator[RecordedEpisode]:
    """Yield episodes in the order in which they ended; those without an end come last.

    An episode with missing transitions is split at each gap.

    Args:
        batches: batches of any robots; those of a session are in order, without repetitions.
    """
    open_episodes: dict[tuple[str, str], _OpenEpisode] = {}
    for batch in batches:
        key = (batch.sender.robot, batch.sender.session)
        for start, end in _segments(batch.columns):
            rows = {name: values[start:end] for name, values in batch.columns.items()}
            current = open_episodes.get(key)
            if current is not None and not current.continues_with(
                batch.first_sequence + start, rows
            ):
                yield open_episodes.pop(key).finish(interrupted=True)
            if key not in open_episodes:
                open_episodes[key] = _OpenEpisode(batch.sender, batch.first_sequence + start)
            open_episodes[key].add(rows)
            if rows['terminated'][-1] or rows['truncated'][-1]:
                yield open_episodes.pop(key).finish(interrupted=False)
    for left in open_episodes.values():
        yield left.finish(interrupted=True)


class _OpenEpisode:
    """An episode without its end so far."""

    def __init__(self, sender: Sender, first_sequence: int) -> None:
        """Start without transitions."""
        self._sender, self._first = sender, first_sequence
        self._next = first_sequence
        self._parts: list[Columns] = []

    def continues_with(self, sequence: int, rows: Columns) -> bool:
        """Return whether rows that start at this number follow directly."""
        same_episode = rows['episode'][0] == self._parts[-1]['episode'][-1]
        return bool(sequence == self._next and same_episode)

    def add(self, rows: Columns) -> None:
        """Append transitions."""
        self._parts.append(rows)
        self._next += len(rows['reward'])

    def finish(self, *, interrupted: bool) -> RecordedEpisode:
        """Return the episode."""
        columns = {
            column.name: np.concatenate([part[column.name] for part in self._parts])
            for column in COLUMNS
        }
        number = int(columns['episode'][0])
        return RecordedEpisode(self._sender, number, self._first, columns, interrupted)


def _segments(columns: Columns) -> Iterator[tuple[int, int]]:
    """Yield start and end of the rows of each episode in a batch."""
    count = len(columns['reward'])
    if not count:
        return
    ended = (columns['terminated'][:-1] != 0) | (columns['truncated'][:-1] != 0)
    borders = np.flatnonzero(ended | (np.diff(columns['episode'].astype(np.int64)) != 0)) + 1
    edges = [0, *borders.tolist(), count]
    yield from itertools.pairwise(edges)
