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

"""Reads a LeRobotDataset (v2.1 or v3.0) as transitions of a robot.

A frame with the next one is a transition; actions are in the robot's units. The last frame of an
episode has no next observation: it counts only if the task ended there, because nothing follows.
Images and further columns are left out.
"""

from collections.abc import Iterator
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as pq
from rl_agent.bounded_files import read_json_object
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition import Intervention, Sender
from rl_learner.journal.batch_codec import TransitionBatch

INFO_FILE = Path('meta') / 'info.json'
STATE, ACTION, REWARD = 'observation.state', 'action', 'next.reward'
DONE, TRUNCATED, _EPISODE = 'next.done', 'next.truncated', 'episode_index'
VERSIONS = ('v2.0', 'v2.1', 'v3.0')
_RATE_TOLERANCE = 0.01
_MOST_NAMES = 300  # characters of names in an error
_FRAMES_PER_READ, _BYTES_PER_READ = 4096, 1 << 20


def is_lerobot_dataset(path: Path) -> bool:
    """Return whether a path is the folder of such a dataset."""
    return (path / INFO_FILE).is_file()


class LeRobotRecording:
    """A dataset as a source of batches, one for each episode.

    Attributes:
        left_out: last frames of episodes, which have no next observation, in the last pass.
    """

    def __init__(self, folder: Path, robot: RobotDescription) -> None:
        """Check that the frames fit the robot.

        Args:
            folder: of the dataset.
            robot: of the run.

        Raises:
            ConfigurationError: it is of another version or rate, or its numbers are not those of
                the robot.
        """
        self._folder, self._robot, self._spaces = folder, robot, Spaces(robot)
        self._info = read_json_object(folder / INFO_FILE)
        self._where = str(folder / INFO_FILE)
        self.left_out = 0
        self._check_version()
        self._features = self._checked_features()
        self._files = sorted((folder / 'data').glob('*/*.parquet'))
        if not self._files:
            raise ConfigurationError(f'{folder}: no data/*/*.parquet; accepted: a whole dataset')
        self._sender = Sender(f'lerobot_{robot.name}', self._digest(), self._spaces.fingerprint)

    def __call__(self) -> Iterator[TransitionBatch]:
        """Yield the episodes in their order.

        Raises:
            ConfigurationError: a file is damaged.
        """
        self.left_out, number = 0, 1
        for episode, frames in enumerate(self._episodes()):
            batch = self._batch(frames, episode + 1, number)
            if batch is not None:
                number += len(batch)
                yield batch

    def _check_version(self) -> None:
        """Raise ConfigurationError for another version, or rate."""
        version = self._info.get('codebase_version')
        if version not in VERSIONS:
            raise ConfigurationError(
                f'{self._where}: codebase_version: given {str(version)[:60]!r}; accepted:'
                f' {", ".join(VERSIONS)}'
            )
        fps, rate = self._info.get('fps'), self._robot.rate_hz
        if not isinstance(fps, int | float) or abs(fps - rate) > _RATE_TOLERANCE * rate:
            raise ConfigurationError(
                f'{self._where}: fps: given {str(fps)[:60]}; accepted: {rate:g}, the rate_hz of'
                f' robot {self._robot.name!r}, because an action of another duration means'
                ' something else'
            )

    def _checked_features(self) -> dict[str, Any]:
        """Return the features, which fit the robot.

        Raises:
            ConfigurationError: they do not.
        """
        features = self._info.get('features')
        if not isinstance(features, dict):
            raise ConfigurationError(f'{self._where}: features: missing; accepted: a mapping')
        if REWARD not in features:
            raise ConfigurationError(
                f'{self._where}: features: no {REWARD}; accepted: a dataset with rewards'
            )
        self._check_names(features, STATE, self._spaces.observation_names)
        self._check_names(features, ACTION, self._spaces.action_names)
        return features

    def _check_names(self, features: dict[str, Any], name: str, accepted: tuple[str, ...]) -> None:
        """Raise ConfigurationError unless a feature has the robot's numbers in their order."""
        feature = features.get(name)
        shape = feature.get('shape') if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or shape != [len(accepted)]:
            raise ConfigurationError(
                f'{self._where}: {name}: given shape {str(shape)[:60]}; accepted:'
                f' [{len(accepted)}], the numbers of robot {self._robot.name!r}:'
                f' {", ".join(accepted)[:_MOST_NAMES]}'
            )
        names = feature.get('names')
        if isinstance(names, dict):  # as some datasets group them
            names = [item for group in names.values() for item in group]
        if isinstance(names, list) and set(names) == set(accepted) and names != list(accepted):
            raise ConfigurationError(
                f'{self._where}: {name}: given {", ".join(map(str, names))[:_MOST_NAMES]};'
                f' accepted: this order: {", ".join(accepted)[:_MOST_NAMES]}'
            )

    def _digest(self) -> str:
        """Return what tells this dataset from others, so that importing twice is harmless."""
        digest = hashlib.sha256()
        for path in (self._folder / INFO_FILE, *self._files):
            with path.open('rb') as file:
                while part := file.read(_BYTES_PER_READ):
                    digest.update(part)
        return digest.hexdigest()[:32]

    def _episodes(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the columns of each episode."""
        names = [STATE, ACTION, REWARD, _EPISODE]
        names += [name for name in (DONE, TRUNCATED) if name in self._features]
        waiting: dict[str, NDArray[Any]] | None = None
        for path in self._files:
            for columns in self._columns(path, names):
                if waiting is not None:
                    columns = {
                        name: np.concatenate([waiting[name], columns[name]]) for name in names
                    }
                edges = np.flatnonzero(np.diff(columns[_EPISODE])) + 1
                *complete, last = np.split(np.arange(len(columns[_EPISODE])), edges)
                for rows in complete:
                    yield {name: values[rows] for name, values in columns.items()}
                waiting = {name: values[last] for name, values in columns.items()}
        if waiting is not None:
            yield waiting

    def _columns(self, path: Path, names: list[str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield parts of a file, column by column.

        Raises:
            ConfigurationError: it is damaged, or lacks a column.
        """
        try:
            with pq.ParquetFile(path) as file:
                for part in file.iter_batches(_FRAMES_PER_READ, columns=names):
                    missing = [name for name in names if name not in part.schema.names]
                    if missing:
                        raise ConfigurationError(
                            f'{path}: no column {missing[0]}; accepted: the columns of info.json'
                        )
                    yield {name: self._numbers(path, name, part[name]) for name in names}
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())[:_MOST_NAMES]
            raise ConfigurationError(
                f'{path}: cannot be read: {reason}; accepted: a file as LeRobot writes it'
            ) from error

    def _numbers(self, path: Path, name: str, column: pa.Array) -> NDArray[Any]:
        """Return a column as numbers, (frame,) or (frame, number)."""
        if not isinstance(column.type, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
            values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
            return values.reshape(-1, 1) if name in (STATE, ACTION) else values
        flat = column.flatten().to_numpy(zero_copy_only=False)
        size = int(self._features[name]['shape'][0]) if name in self._features else 1
        if len(flat) != size * len(column):
            raise ConfigurationError(
                f'{path}: {name}: lists of another length than {size}; accepted: as in info.json'
            )
        numbers: NDArray[Any] = flat.reshape(-1, size) if name in (STATE, ACTION) else flat
        return numbers

    def _batch(
        self, frames: dict[str, NDArray[Any]], episode: int, first: int
    ) -> TransitionBatch | None:
        """Return an episode as transitions; None if it has none."""
        count = len(frames[_EPISODE])
        done = np.asarray(frames.get(DONE, np.zeros(count)), bool)
        truncated = np.asarray(frames.get(TRUNCATED, np.zeros(count)), bool)
        terminated = done & ~truncated
        last = count if terminated[-1] else count - 1  # nothing is known of what follows
        self.left_out += count - last
        if last == 0:
            return None
        state = np.asarray(frames[STATE], np.float32)
        ends = np.zeros(last, bool)
        ends[-1] = not terminated[last - 1]
        command = self._robot.command
        low, high = np.array(command.low), np.array(command.high)
        action = (np.asarray(frames[ACTION], np.float64) - low) / (high - low) * 2.0 - 1.0
        columns: dict[str, NDArray[Any]] = {
            'observation': state[:last],
            'action': action[:last].astype(np.float32),
            'reward': np.asarray(frames[REWARD], np.float32)[:last],
            'next_observation': np.concatenate([state[1:], state[-1:]])[:last],
            'terminated': terminated[:last].astype(np.uint8),
            'truncated': ends.astype(np.uint8),
            'intervention': np.full(last, Intervention.PERSON, np.uint8),
            'evaluation': np.zeros(last, np.uint8),
            'policy_version': np.zeros(last, np.uint64),
            'episode': np.full(last, episode, np.uint32),
            'step': np.arange(last, dtype=np.uint32),
            'stamp': (np.arange(last) / self._robot.rate_hz * 1e9).astype(np.int64),
        }
        return TransitionBatch(
            stamp=(0, 0),
            frame_id='',
            sender=self._sender,
            first_sequence=first,
            oldest_sequence=first,
            observation_size=self._spaces.sent_size,
            action_size=self._spaces.action_size,
            count=last,
            columns=columns,
        )
