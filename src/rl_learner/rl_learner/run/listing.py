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

"""The runs in a folder, and the command that resumes one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import math
import os
from pathlib import Path
import shlex
import sys
from typing import Any

from pydantic import TypeAdapter
from rl_agent.description.robot import description_as_json
from rl_agent.errors import ConfigurationError
from rl_agent.system.atomic_file import atomic_file
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.run.episode_log import EPISODES_FILE, read_episodes
from rl_learner.run.folder import CHECKPOINTS, DEMO_FILE, TRAIN_FILE
from rl_learner.run.lock import LOCK_FILE, run_state, RunState
from rl_learner.run.manifest import (
    read_fleet_key,
    read_retention,
    read_run,
    RUN_FILE,
    RunManifest,
)
import yaml

# The learner's parameters that are also arguments of its launch file.
_LAUNCHED_WITH = (
    'robot',
    'algorithm',
    'device',
    'threads',
    'warmup',
    'updates_to_data',
    'seed',
    'replay_port',
)


OWN_FILES = 'own_files'  # of robot and algorithm, made of `run.json` for a resume


@dataclass(frozen=True)
class RunEntry:
    """A run in a list.

    Attributes:
        folder: of the run.
        robot: name of the robot.
        algorithm: name of the algorithm.
        state: of the learner.
        steps: of all robots, in finished episodes.
        best_return: highest return of a complete episode; None without one.
        checkpoints: number of checkpoints.
        bytes: size of the folder.
        started: time of the first start, ISO 8601.
        starts: number of starts of the learner.
        problem: why the rest could not be read; empty if it could.
    """

    folder: Path
    robot: str = '?'
    algorithm: str = '?'
    state: RunState = 'not started'
    steps: int = 0
    best_return: float | None = None
    checkpoints: int = 0
    bytes: int = 0
    started: str = ''
    starts: int = 0
    problem: str = ''


def is_run(folder: Path) -> bool:
    """Return whether a folder is a run, even a damaged one."""
    return any((folder / name).exists() for name in (RUN_FILE, LOCK_FILE, DEMO_FILE, TRAIN_FILE))


def list_runs(folder: Path) -> list[RunEntry]:
    """Return the runs in a folder, sorted by name.

    Raises:
        ConfigurationError: the folder does not exist.
    """
    if not folder.is_dir():
        raise ConfigurationError(f'--runs: given {folder}: no such folder; accepted: a folder')
    return [read_entry(item) for item in sorted(folder.iterdir()) if is_run(item)]


def read_entry(folder: Path) -> RunEntry:
    """Return a run's entry; damage goes into `problem`."""
    known: dict[str, Any] = {
        'state': run_state(folder),
        'bytes': _size(folder),
        'checkpoints': len(list((folder / CHECKPOINTS).glob('*.pt'))),
    }
    if known['state'] == 'not started' and not (folder / RUN_FILE).exists():
        return RunEntry(folder, **known)  # in order: only experience was imported
    try:
        run = read_run(folder)
        known['robot'] = run.robot.name
        known['algorithm'] = Path(str(run.parameters.get('algorithm', '?'))).stem
        known['starts'] = len(run.starts)
        known['started'] = str(run.starts[0].get('time', '')) if run.starts else ''
        path = folder / EPISODES_FILE
        rows = read_episodes(path) if path.exists() else []
        known['steps'] = rows[-1].total_steps if rows else 0
        returns = [row.episode_return for row in rows if row.complete]
        returns = [value for value in returns if math.isfinite(value)]  # a table of before
        known['best_return'] = max(returns, default=None)
    except ConfigurationError as error:
        known['problem'] = str(error)
    return RunEntry(folder, **known)


def resume_command(folder: Path) -> list[str]:
    """Return the command that resumes a run.

    Raises:
        ConfigurationError: the folder is no run, the run is running, or it has no checkpoint.
    """
    run = read_run(folder)
    if run_state(folder) == 'running':
        raise ConfigurationError(f'--resume: given {folder}: it is running already')
    if not any((folder / CHECKPOINTS).glob('*.pt')):
        raise ConfigurationError(
            f'--resume: given {folder}: no checkpoint in it; accepted: a run with one'
        )
    for file, module in ((DEMO_FILE, 'demo'), (TRAIN_FILE, 'train')):
        if (folder / file).is_file():
            return [sys.executable, '-m', f'rl_learner.cli.{module}', '--resume', str(folder)]
    given = {key: run.parameters[key] for key in _LAUNCHED_WITH if key in run.parameters}
    given |= _own_files(folder, run, given)
    given['run_folder'] = str(folder.absolute())
    # nothing is deleted where the retention is unknown
    given['journal_keep_gb'] = read_retention(folder) or 0
    # without its keys, a run would go on unsigned and store transitions of any sender
    keys = {
        'signing_key': run.parameters.get('signing_key', ''),
        'fleet_key': read_fleet_key(folder),
    }
    given |= {name: path for name, path in keys.items() if path}
    words = [f'{key}:={value}' for key, value in given.items()]
    return ['ros2', 'launch', 'rl_learner', 'learner.launch.py', *words]


def _own_files(folder: Path, run: RunManifest, given: Mapping[str, Any]) -> dict[str, str]:
    """Return files of robot and algorithm in the run itself, in place of those given by a path.

    A path may be relative to another folder, or on the machine that the run was copied from.

    Raises:
        ConfigurationError: they cannot be written.
    """
    contents = {
        'robot': description_as_json(run.robot),
        'algorithm': TypeAdapter(Algorithm).dump_python(run.algorithm, mode='json'),
    }
    found = {}
    for key, content in contents.items():
        name = str(given.get(key, ''))
        if not name.endswith(('.yaml', '.yml')):
            continue
        path = folder.absolute() / OWN_FILES / key / f'{Path(name).stem}.yaml'
        text = yaml.safe_dump(content, sort_keys=False)
        try:
            with atomic_file(path) as file:
                file.write(text.encode())
        except OSError as error:
            raise ConfigurationError(f'{path}: cannot be written: {error.strerror}') from error
        found[key] = str(path)
    return found


def as_shell(command: list[str]) -> str:
    """Return a command as typed in a shell."""
    return shlex.join(command)


def as_json(entry: RunEntry) -> dict[str, Any]:
    """Return an entry as values for JSON."""
    return json.loads(json.dumps(vars(entry), default=os.fspath))  # type: ignore[no-any-return]


def _size(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes."""
    total = 0
    for item in folder.rglob('*'):
        try:
            total += item.lstat().st_size
        except OSError:  # deleted in the meantime
            continue
    return total
