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

"""`run.json`: the robot, algorithm, parameters and commits of a run, for all tools.

The bridge does not write that file; it keeps its retention and its key's path in `bridge.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import datetime
import json
import logging
import math
from pathlib import Path
import platform
import subprocess
from typing import Any

from pydantic import TypeAdapter
from rl_agent.bounded_files import read_json_object
from rl_agent.configuration import build
from rl_agent.description.robot import (
    description_as_json,
    load_robot,
    read_description,
    RobotDescription,
)
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.system.atomic_file import atomic_file
from rl_agent.system.disk_space import is_full
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.run.folder import BRIDGE_FILE

_LOGGER = logging.getLogger(__name__)
RUN_FILE = 'run.json'
_FORMAT = 1
_RETENTION_KEY, _FLEET_KEY = 'journal_keep_gb', 'fleet_key'
_GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class RunManifest:
    """What a learner trains with, written before training begins.

    Attributes:
        robot: the complete description.
        algorithm: all options, including defaults and overrides.
        parameters: of the learner node: names, folders, seed, periods.
        starts: time, host, session and commit of each start of the learner.
    """

    robot: RobotDescription
    algorithm: Algorithm
    parameters: dict[str, Any]
    starts: tuple[dict[str, str], ...] = field(default=())

    def with_start(self, session: str) -> 'RunManifest':
        """Return the manifest with a start of a learner session added."""
        start = {
            'time': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
            'host': platform.node(),
            'session': session,
            'commit': git_commit(),
        }
        return replace(self, starts=(*self.starts, start))


def write_run(folder: Path, manifest: RunManifest) -> None:
    """Write `run.json` atomically.

    On a full disk, a run that has the file already keeps it, with a warning.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    content = {
        'format': _FORMAT,
        'robot': description_as_json(manifest.robot),
        'algorithm': TypeAdapter(Algorithm).dump_python(manifest.algorithm, mode='json'),
        'parameters': manifest.parameters,
        'starts': list(manifest.starts),
    }
    try:
        with atomic_file(folder / RUN_FILE) as file:
            file.write((json.dumps(content, indent=2) + '\n').encode())
    except OSError as error:
        if is_full(error) and (folder / RUN_FILE).exists():
            _LOGGER.warning('%s: this start is not recorded: %s', folder / RUN_FILE, error)
            return
        raise ConfigurationError(f'{folder / RUN_FILE}: cannot be written: {error}') from error


def read_run(folder: Path) -> RunManifest:
    """Return the manifest of a run.

    Raises:
        ConfigurationError: the folder is no run, or its manifest is damaged.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        reason = f'it has no {RUN_FILE}' if folder.is_dir() else 'no such folder'
        raise ConfigurationError(
            f'run: given {folder}: {reason}; accepted: the folder of a run, as created'
            ' by `make demo` and the learner'
        )
    try:
        content = read_json_object(path)
        robot, algorithm = content['robot'], content['algorithm']
        parameters, starts = dict(content['parameters']), tuple(map(dict, content['starts']))
    except (ConfigurationError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f'{path}: damaged: {type(error).__name__}: {error}; accepted: as the learner wrote it'
        ) from error
    return RunManifest(
        read_description(robot, f'{path}: robot'),
        build(Algorithm, algorithm, f'{path}: algorithm'),
        parameters,
        starts,
    )


def write_retention(folder: Path, keep_gb: float, fleet_key: str = '') -> None:
    """Write retention and key file of the bridge, for the command that resumes the run.

    Args:
        folder: of the run.
        keep_gb: size of the journal above which the oldest files are deleted; 0: no limit.
        fleet_key: file of the key that authenticates transitions; empty: none.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    fleet_key = str(Path(fleet_key).expanduser().absolute()) if fleet_key else ''
    if (read_retention(folder), read_fleet_key(folder)) == (keep_gb, fleet_key):
        return
    content = {_RETENTION_KEY: keep_gb, **({_FLEET_KEY: fleet_key} if fleet_key else {})}
    path = folder / BRIDGE_FILE
    try:
        with atomic_file(path) as file:
            file.write((json.dumps(content) + '\n').encode())
    except OSError as error:
        raise ConfigurationError(f'{path}: cannot be written: {error}') from error


def read_retention(folder: Path) -> float | None:
    """Return the last retention of a run's bridge in GB; 0: no limit, None: unknown."""
    try:
        keep_gb = float(read_json_object(folder / BRIDGE_FILE)[_RETENTION_KEY])
    except (ConfigurationError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return keep_gb if 0.0 <= keep_gb < math.inf else None


def read_fleet_key(folder: Path) -> str:
    """Return the key file of a run's bridge; empty: none."""
    try:
        path = read_json_object(folder / BRIDGE_FILE).get(_FLEET_KEY, '')
    except ConfigurationError:
        return ''
    return path if isinstance(path, str) and path.isprintable() else ''


def robot_of_run(folder: Path, name: str) -> RobotDescription:
    """Return the robot of a run.

    Args:
        folder: of the run.
        name: of a description to use instead of the run's; empty: the run's.

    Raises:
        ConfigurationError: no name is given and the folder has no manifest.
    """
    if name:
        return load_robot(name)
    if not (folder / RUN_FILE).is_file():
        raise ConfigurationError(
            f'--robot: not given, and {folder} has no {RUN_FILE}; accepted: the name of a robot'
            ' description, or a run with a learner that was started once'
        )
    return read_run(folder).robot


def next_start(
    folder: Path,
    robot: RobotDescription,
    algorithm: Algorithm,
    parameters: Mapping[str, Any],
    session: str,
) -> RunManifest:
    """Return the manifest for a starting learner, including earlier starts.

    Raises:
        ConfigurationError: the run trains another kind of robot.
    """
    starts: tuple[dict[str, str], ...] = ()
    if (folder / RUN_FILE).exists():
        before = read_run(folder)
        refuse_other_robot(folder, before.robot, robot)
        starts = before.starts
    return RunManifest(robot, algorithm, dict(parameters), starts).with_start(session)


def refuse_other_robot(folder: Path, accepted: RobotDescription, given: RobotDescription) -> None:
    """Raise if a policy for the run's robot does not fit a given robot.

    Raises:
        ConfigurationError: the fingerprints differ.
    """
    accepted_fingerprint, fingerprint = Spaces(accepted).fingerprint, Spaces(given).fingerprint
    if fingerprint != accepted_fingerprint:
        raise ConfigurationError(
            f'robot: given {given.name!r} with fingerprint {fingerprint}; accepted:'
            f' {accepted.name!r} with {accepted_fingerprint}, the robot of the run {folder}'
        )


def git_commit() -> str:
    """Return the commit of this source, with `+changes` if files differ; empty if unknown."""
    try:
        result = subprocess.run(
            ['git', 'describe', '--always', '--abbrev=12', '--dirty=+changes', '--exclude=*'],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return result.stdout.strip() if result.returncode == 0 else ''
