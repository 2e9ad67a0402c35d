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

"""Writes episodes atomically as a Minari dataset, for offline learning in other programs.

Minari's layout (https://minari.farama.org): T steps have T + 1 observations and T actions,
rewards, terminations and truncations. Infos have T + 1 rows, the first for the reset: the infos of
step k are in row k + 1, the stamp of observation k in row k.
"""

from collections.abc import Iterable, Iterator, Mapping
import json
import os
from pathlib import Path
import re
from typing import Any

from gymnasium.spaces import Box
import minari
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage
import numpy as np
from numpy.typing import NDArray
from rl_agent.description.robot import description_as_json, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_learner.export.dataset_folder import ExportCounts, replaced_folder
from rl_learner.journal.journal_episodes import RecordedEpisode

DATA = 'data'  # the subfolder in which Minari looks for a dataset
_METADATA_FILE = 'metadata.json'


def dataset_id(folder: Path) -> str:
    """Return Minari's name for a dataset in a folder, such as `first-v0`.

    Within Minari's own folder it includes the folders above: `pendulum/first-v0`.
    """
    root = os.environ.get('MINARI_DATASETS_PATH') or Path.home() / '.minari' / 'datasets'
    datasets, path = Path(root).absolute(), folder.absolute()
    parts = path.relative_to(datasets).parts if path.is_relative_to(datasets) else (path.name,)
    name = '/'.join(re.sub(r'[^\w-]', '-', part) for part in parts)
    return name if re.search(r'[\w-]-v\d+$', name) else f'{name}-v0'


def is_dataset(folder: Path) -> bool:
    """Return whether a folder is a dataset, which an export may replace."""
    return (folder / DATA / _METADATA_FILE).is_file()


def write_dataset(
    folder: Path,
    episodes: Iterable[RecordedEpisode],
    robot: RobotDescription,
    metadata: Mapping[str, str],
) -> ExportCounts:
    """Write a dataset; an existing one is replaced once everything is written.

    Args:
        folder: of the dataset.
        episodes: of robots with this description.
        robot: gives bounds and names of observations and actions.
        metadata: additional entries of Minari's `metadata.json`.

    Raises:
        OSError: the dataset cannot be written; an existing one is kept.
    """
    folder = folder.absolute()  # Minari would resolve a relative path twice
    metadata = {**metadata, 'id': dataset_id(folder)}
    with replaced_folder(folder) as temporary:
        return _write_files(temporary / DATA, episodes, robot, metadata)


def _write_files(
    data: Path,
    episodes: Iterable[RecordedEpisode],
    robot: RobotDescription,
    metadata: Mapping[str, str],
) -> ExportCounts:
    """Write Minari's files into a new folder; return counts."""
    spaces = Spaces(robot)
    storage = MinariStorage.new(
        data,
        observation_space=Box(spaces.observation_low, spaces.observation_high),
        action_space=Box(-1.0, 1.0, (spaces.action_size,), np.float32),
        data_format='hdf5',
    )
    storage.update_metadata(
        {
            'dataset_id': metadata['id'],
            'minari_version': minari.__version__,
            'observation_names': list(spaces.observation_names),
            'action_names': list(spaces.action_names),
            'robot': json.dumps(description_as_json(robot)),
            **{name: text for name, text in metadata.items() if name != 'id'},
        }
    )
    counts, episode_metadata = ExportCounts(), list[dict[str, Any]]()
    storage.update_episodes(_buffers(episodes, counts, episode_metadata))
    storage.update_episode_metadata(episode_metadata)
    return counts


def _buffers(
    episodes: Iterable[RecordedEpisode],
    counts: ExportCounts,
    episode_metadata: list[dict[str, Any]],
) -> Iterator[EpisodeBuffer]:
    """Yield episodes in Minari's form; add them to the counts and the metadata."""
    for episode in episodes:
        counts.add(episode)
        episode_metadata.append(
            {
                'robot': episode.sender.robot,
                'session': episode.sender.session,
                'episode': episode.number,
                'first_sequence': episode.first_sequence,
                'interrupted': episode.interrupted,
            }
        )
        yield _buffer(episode)


def _buffer(episode: RecordedEpisode) -> EpisodeBuffer:
    """Return an episode in Minari's form."""
    columns = episode.columns
    truncations = columns['truncated'] != 0
    if episode.interrupted:
        truncations[-1] = True
    return EpisodeBuffer(
        observations=np.concatenate([columns['observation'], columns['next_observation'][-1:]]),
        actions=columns['action'],
        rewards=columns['reward'],
        terminations=columns['terminated'] != 0,
        truncations=truncations,
        infos={
            'intervention': _after_reset(columns['intervention'] != 0),
            'evaluation': _after_reset(columns['evaluation'] != 0),
            'policy_version': _after_reset(columns['policy_version']),
            'step': _after_reset(columns['step']),
            # no transition holds the stamp of the last observation
            'stamp_ns': np.append(columns['stamp'], 0),
        },
    )


def _after_reset(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values of the steps, (T,), after a zero for the reset: (T + 1,)."""
    return np.concatenate([np.zeros(1, values.dtype), values])
