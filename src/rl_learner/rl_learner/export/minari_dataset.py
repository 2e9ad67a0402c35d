# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Episodes as a Minari dataset, for offline learning elsewhere; it appears whole or not at all.

Minari's layout (https://minari.farama.org): T steps have T + 1 observations and T actions,
rewards, terminations and truncations. Infos have T + 1 rows, the first of them for the reset; so
what belongs to step k is in row k + 1, and the stamp of observation k in row k.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
import shutil
import tempfile
from typing import Any

from gymnasium.spaces import Box
import minari
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage
import numpy as np
from numpy.typing import NDArray
from rl_agent.description.robot import description_as_json, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_learner.journal.journal_episodes import RecordedEpisode

DATA = 'data'  # Minari looks for it in a dataset's folder
_METADATA_FILE = 'metadata.json'


@dataclass
class ExportCounts:
    """What was written.

    Attributes:
        episodes: all of them.
        transitions: in all of them.
        interrupted: episodes without a recorded end; they end as truncated.
        robots: names.
    """

    episodes: int = 0
    transitions: int = 0
    interrupted: int = 0
    robots: set[str] = field(default_factory=set)


def dataset_id(folder: Path) -> str:
    """Return the name by which Minari knows a dataset in this folder, such as `first-v0`.

    In Minari's own folder the folders on the way are part of it: `pendulum/first-v0`.
    """
    root = os.environ.get('MINARI_DATASETS_PATH') or Path.home() / '.minari' / 'datasets'
    above, path = Path(root).absolute(), folder.absolute()
    parts = path.relative_to(above).parts if path.is_relative_to(above) else (path.name,)
    name = '/'.join(re.sub(r'[^\w-]', '-', part) for part in parts)
    return name if re.search(r'[\w-]-v\d+$', name) else f'{name}-v0'


def is_dataset(folder: Path) -> bool:
    """Return whether a folder holds a dataset and may be replaced by one."""
    return (folder / DATA / _METADATA_FILE).is_file()


def write_dataset(
    folder: Path,
    episodes: Iterable[RecordedEpisode],
    robot: RobotDescription,
    metadata: Mapping[str, str],
) -> ExportCounts:
    """Write episodes as they come; a dataset that was there is replaced at the very end.

    Args:
        folder: of the dataset.
        episodes: of robots of this description.
        robot: gives bounds and names of observations and actions.
        metadata: more to say in Minari's `metadata.json`.

    Raises:
        OSError: the disk does not take it; what was there stays.
    """
    folder = folder.absolute()  # Minari takes the way from its folder twice otherwise
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f'.{folder.name}.', dir=folder.parent))
    try:
        counts = _write(temporary / DATA, episodes, robot, {**metadata, 'id': dataset_id(folder)})
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return counts


def _write(
    data: Path,
    episodes: Iterable[RecordedEpisode],
    robot: RobotDescription,
    metadata: Mapping[str, str],
) -> ExportCounts:
    """Write Minari's files into a new folder."""
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
    counts, about = ExportCounts(), list[dict[str, Any]]()
    storage.update_episodes(_counted(episodes, counts, about))
    storage.update_episode_metadata(about)
    return counts


def _counted(
    episodes: Iterable[RecordedEpisode], counts: ExportCounts, about: list[dict[str, Any]]
) -> Iterator[EpisodeBuffer]:
    """Yield Minari's episodes; count them, and keep what is to be said of each."""
    for episode in episodes:
        counts.episodes += 1
        counts.transitions += len(episode)
        counts.interrupted += episode.interrupted
        counts.robots.add(episode.sender.robot)
        about.append(
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
    """Return an episode as Minari takes it."""
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
    """Return one value for each step, (T,), behind a zero for the reset: (T + 1,)."""
    return np.concatenate([np.zeros(1, values.dtype), values])
