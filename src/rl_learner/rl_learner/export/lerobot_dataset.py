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

"""Writes episodes atomically as a LeRobotDataset v3.0, for imitation and offline learning.

The format: https://huggingface.co/docs/lerobot/lerobot-dataset-v3. A frame is an observation with
the action taken there, in the robot's units; `next.reward`, `next.done` (the task ended) and
`next.truncated` belong to the step. There is no place for the observation after the last frame of
an episode: a reader that needs it must do without the last step of a truncated episode.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as pq
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_learner.export.dataset_folder import ExportCounts, replaced_folder
from rl_learner.journal.journal_episodes import RecordedEpisode
from rl_learner.recordings.lerobot_recording import (
    ACTION,
    DONE,
    REWARD,
    STATE,
    TRUNCATED,
    VERSIONS,
)

_DATA, _EPISODES = 'data/chunk-000/file-000.parquet', 'meta/episodes/chunk-000/file-000.parquet'
_DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
_FILE_MB = 100
_QUANTILES = {'q01': 0.01, 'q10': 0.1, 'q50': 0.5, 'q90': 0.9, 'q99': 0.99}


@dataclass(frozen=True)
class _Feature:
    """A column of the frames."""

    dtype: str
    names: list[str] | None = None

    @property
    def size(self) -> int:
        """How many numbers a frame has of it."""
        return len(self.names or ' ')

    @property
    def type(self) -> pa.DataType:
        """Its type in a table."""
        kind = {'float32': pa.float32(), 'int64': pa.int64(), 'bool': pa.bool_()}[self.dtype]
        return kind if self.names is None or self.size == 1 else pa.list_(kind, self.size)

    def array(self, values: NDArray[Any]) -> pa.Array:
        """Return its values, (frame,) or (frame, number), as a column of a table."""
        flat = np.ascontiguousarray(values, self.dtype).ravel()
        if isinstance(self.type, pa.FixedSizeListType):
            return pa.FixedSizeListArray.from_arrays(pa.array(flat), self.size)
        return pa.array(flat)

    def as_info(self) -> dict[str, Any]:
        """Return it as in info.json."""
        return {'dtype': self.dtype, 'shape': [self.size], 'names': self.names}


def write_dataset(
    folder: Path, episodes: Iterable[RecordedEpisode], robot: RobotDescription, task: str
) -> ExportCounts:
    """Write a dataset; an existing one is replaced once everything is written.

    Args:
        folder: of the dataset.
        episodes: of robots with this description.
        robot: gives names, bounds and rate.
        task: what the robot does, in words, for policies that read it.

    Raises:
        OSError: the dataset cannot be written; an existing one is kept.
    """
    with replaced_folder(folder) as temporary:
        return _Writer(temporary, robot, task).write(episodes)


class _Writer:
    """Writes the files of a new dataset."""

    def __init__(self, folder: Path, robot: RobotDescription, task: str) -> None:
        """Lay out the frames of a robot."""
        self._folder, self._robot, self._task = folder, robot, task
        spaces, command = Spaces(robot), robot.command
        self._scale = ActionScale(command.low, command.high)
        self._features = {
            STATE: _Feature('float32', list(spaces.observation_names)),
            ACTION: _Feature('float32', list(spaces.action_names)),
            REWARD: _Feature('float32'),
            DONE: _Feature('bool'),
            TRUNCATED: _Feature('bool'),
            'timestamp': _Feature('float32'),
            'frame_index': _Feature('int64'),
            'episode_index': _Feature('int64'),
            'index': _Feature('int64'),
            'task_index': _Feature('int64'),
        }
        self._stats = {name: _Statistics() for name in self._features}

    def write(self, episodes: Iterable[RecordedEpisode]) -> ExportCounts:
        """Write all files; return counts."""
        counts, rows = ExportCounts(), list[dict[str, Any]]()
        for path in (_DATA, _EPISODES):
            (self._folder / path).parent.mkdir(parents=True)
        schema = pa.schema([(name, item.type) for name, item in self._features.items()])
        with pq.ParquetWriter(self._folder / _DATA, schema, compression='snappy') as writer:
            for table, length in self._tables(episodes, counts):
                writer.write_table(table)
                rows.append(self._episode_row(len(rows), counts.transitions - length, length))
        pq.write_table(pa.Table.from_pylist(rows), self._folder / _EPISODES)
        pq.write_table(_tasks(self._task), self._folder / 'meta' / 'tasks.parquet')
        stats = {name: item.values() for name, item in self._stats.items()}
        self._write_json('stats.json', stats)
        self._write_json('info.json', self._info(counts))
        return counts

    def _tables(
        self, episodes: Iterable[RecordedEpisode], counts: ExportCounts
    ) -> Iterator[tuple[pa.Table, int]]:
        """Yield the frames of each episode and their number; add them to the counts."""
        for episode in episodes:
            columns, length = episode.columns, len(episode)
            truncated = columns['truncated'] != 0
            if episode.interrupted:
                truncated[-1] = True
            number = np.arange(length)
            values: dict[str, NDArray[Any]] = {
                STATE: columns['observation'],
                ACTION: self._scale.command(columns['action']),
                REWARD: columns['reward'],
                DONE: columns['terminated'] != 0,
                TRUNCATED: truncated,
                'timestamp': number / self._robot.rate_hz,
                'frame_index': number,
                'episode_index': np.full(length, counts.episodes),
                'index': number + counts.transitions,
                'task_index': np.zeros(length),
            }
            for name, array in values.items():
                self._stats[name].add(np.asarray(array, np.float64).reshape(length, -1))
            arrays = [self._features[name].array(array) for name, array in values.items()]
            counts.add(episode)
            yield pa.Table.from_arrays(arrays, names=list(values)), length

    def _episode_row(self, number: int, begin: int, length: int) -> dict[str, Any]:
        """Return what is said about an episode."""
        return {
            'episode_index': number,
            'tasks': [self._task],
            'length': length,
            'data/chunk_index': 0,
            'data/file_index': 0,
            'dataset_from_index': begin,
            'dataset_to_index': begin + length,
            'meta/episodes/chunk_index': 0,
            'meta/episodes/file_index': 0,
        }

    def _info(self, counts: ExportCounts) -> dict[str, Any]:
        """Return what is said about the dataset."""
        rate = self._robot.rate_hz
        return {
            'codebase_version': VERSIONS[-1],
            'robot_type': self._robot.name,
            'total_episodes': counts.episodes,
            'total_frames': counts.transitions,
            'total_tasks': 1,
            'chunks_size': 1000,
            'data_files_size_in_mb': _FILE_MB,
            'video_files_size_in_mb': 2 * _FILE_MB,
            'fps': int(rate) if rate == int(rate) else rate,
            'splits': {'train': f'0:{counts.episodes}'},
            'data_path': _DATA_PATH,
            'video_path': None,
            'features': {name: item.as_info() for name, item in self._features.items()},
        }

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a file of metadata."""
        text = json.dumps(content, indent=4)
        (self._folder / 'meta' / name).write_text(text, encoding='utf-8')


class _Statistics:
    """Statistics of a column, of all frames."""

    def __init__(self) -> None:
        """Begin without frames."""
        self._parts: list[NDArray[np.float32]] = []

    def add(self, values: NDArray[np.float64]) -> None:
        """Add frames, (frame, number)."""
        self._parts.append(values.astype(np.float32))

    def values(self) -> dict[str, list[float]]:
        """Return the statistics by their names, each a list with one item for each number."""
        if not self._parts:
            return {'count': [0]}
        frames = np.concatenate(self._parts).astype(np.float64)
        quantiles = np.quantile(frames, list(_QUANTILES.values()), axis=0)
        return {
            'min': frames.min(axis=0).tolist(),
            'max': frames.max(axis=0).tolist(),
            'mean': frames.mean(axis=0).tolist(),
            'std': frames.std(axis=0).tolist(),
            'count': [len(frames)],
            **{name: row.tolist() for name, row in zip(_QUANTILES, quantiles, strict=True)},
        }


def _tasks(task: str) -> pa.Table:
    """Return the table of tasks, whose index is the text, as pandas reads it."""
    index = '__index_level_0__'
    described = {
        'index_columns': [index],
        'column_indexes': [
            {
                'name': None,
                'field_name': None,
                'pandas_type': 'unicode',
                'numpy_type': 'object',
                'metadata': {'encoding': 'UTF-8'},
            }
        ],
        'columns': [
            {
                'name': name,
                'field_name': name or index,
                'pandas_type': kind,
                'numpy_type': numpy_type,
                'metadata': None,
            }
            for name, kind, numpy_type in (
                ('task_index', 'int64', 'int64'),
                (None, 'unicode', 'object'),
            )
        ],
        'creator': {'library': 'pyarrow', 'version': pa.__version__},
        'pandas_version': '2.0.0',
    }
    table = pa.table({'task_index': pa.array([0], pa.int64()), index: [task]})
    return table.replace_schema_metadata({'pandas': json.dumps(described)})
