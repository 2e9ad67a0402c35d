# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What a run is: robot, algorithm, seed, commit. `run.json` in its folder, for all tools.

The bridge, which knows nothing of that file, has one of its own for how much it keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import datetime
import json
import logging
from pathlib import Path
import platform
import subprocess
from typing import Any

from pydantic import TypeAdapter
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
_KEEP = 'journal_keep_gb'
_GIT_WITHIN_S = 5.0


@dataclass(frozen=True)
class RunManifest:
    """What a learner trains with; written before it trains.

    Attributes:
        robot: the description, whole.
        algorithm: all options, defaults and overrides included.
        parameters: of the learner node: names, folders, seed, periods.
        starts: one for each start of the learner: when, where, which commit and session.
    """

    robot: RobotDescription
    algorithm: Algorithm
    parameters: dict[str, Any]
    starts: tuple[dict[str, str], ...] = field(default=())

    def started(self, session: str) -> 'RunManifest':
        """Return the same with one start more.

        Args:
            session: of the learner.
        """
        start = {
            'time': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
            'host': platform.node(),
            'session': session,
            'commit': git_commit(),
        }
        return replace(self, starts=(*self.starts, start))


def write_run(folder: Path, configuration: RunManifest) -> None:
    """Write `run.json`; the file appears whole or not at all.

    A run that has one already goes on with it where the disk is full; a warning says so.

    Raises:
        ConfigurationError: the disk does not take it.
    """
    content = {
        'format': _FORMAT,
        'robot': description_as_json(configuration.robot),
        'algorithm': TypeAdapter(Algorithm).dump_python(configuration.algorithm, mode='json'),
        'parameters': configuration.parameters,
        'starts': list(configuration.starts),
    }
    try:
        with atomic_file(folder / RUN_FILE) as file:
            file.write((json.dumps(content, indent=2) + '\n').encode())
    except OSError as error:
        if is_full(error) and (folder / RUN_FILE).exists():
            _LOGGER.warning('%s: this start is not in it: %s', folder / RUN_FILE, error)
            return
        raise ConfigurationError(f'{folder / RUN_FILE}: cannot be written: {error}') from error


def read_run(folder: Path) -> RunManifest:
    """Return what a run is.

    Raises:
        ConfigurationError: the folder is no run, or its file is damaged.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        lack = f'it has no {RUN_FILE}' if folder.is_dir() else 'no such folder'
        raise ConfigurationError(
            f'run: given {folder}: {lack}; accepted: the folder of a run, as'
            ' `make demo` and the learner make them'
        )
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        robot, algorithm = content['robot'], content['algorithm']
        parameters, starts = content['parameters'], content['starts']
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f'{path}: damaged: {type(error).__name__}: {error}; accepted: as the learner wrote it'
        ) from error
    return RunManifest(
        read_description(robot, f'{path}: robot'),
        build(Algorithm, algorithm, f'{path}: algorithm'),
        parameters,
        tuple(starts),
    )


def write_retention(folder: Path, keep_gb: float) -> None:
    """Write how much experience the bridge keeps, so that a run goes on with as much.

    Args:
        folder: of the run.
        keep_gb: size of the journal beyond which the oldest goes; 0: none ever.

    Raises:
        ConfigurationError: the disk does not take it.
    """
    if read_retention(folder) == keep_gb:
        return
    path = folder / BRIDGE_FILE
    try:
        with atomic_file(path) as file:
            file.write((json.dumps({_KEEP: keep_gb}) + '\n').encode())
    except OSError as error:
        raise ConfigurationError(f'{path}: cannot be written: {error}') from error


def read_retention(folder: Path) -> float | None:
    """Return how much experience a run's bridge kept last, GB; 0: all of it, None: unknown."""
    try:
        return float(json.loads((folder / BRIDGE_FILE).read_text(encoding='utf-8'))[_KEEP])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def robot_of_run(folder: Path, name: str) -> RobotDescription:
    """Return the robot of a run.

    Args:
        folder: of the run.
        name: of a description instead of the run's own; empty: that of the run.

    Raises:
        ConfigurationError: the folder does not say, and nor does the name.
    """
    if name:
        return load_robot(name)
    if not (folder / RUN_FILE).is_file():
        raise ConfigurationError(
            f'--robot: not given, and {folder} has no {RUN_FILE} to tell; accepted: the name of a'
            ' robot description, or a run whose learner was started once'
        )
    return read_run(folder).robot


def next_start(
    folder: Path,
    robot: RobotDescription,
    algorithm: Algorithm,
    parameters: Mapping[str, Any],
    session: str,
) -> RunManifest:
    """Return what `run.json` is to say as a learner starts, earlier starts included.

    Raises:
        ConfigurationError: the folder is the run of another kind of robot.
    """
    starts: tuple[dict[str, str], ...] = ()
    if (folder / RUN_FILE).exists():
        before = read_run(folder)
        refuse_other_robot(folder, before.robot, robot)
        starts = before.starts
    return RunManifest(robot, algorithm, dict(parameters), starts).started(session)


def refuse_other_robot(where: Path, of_run: RobotDescription, given: RobotDescription) -> None:
    """Do nothing where a policy for one robot fits the other.

    Raises:
        ConfigurationError: it does not.
    """
    accepted, wanted = Spaces(of_run).fingerprint, Spaces(given).fingerprint
    if accepted != wanted:
        raise ConfigurationError(
            f'robot: given {given.name!r} with fingerprint {wanted}; accepted: {of_run.name!r}'
            f' with {accepted}, whose run {where} is'
        )


def git_commit() -> str:
    """Return the commit of this source, `+changes` after it if files differ; empty: unknown."""
    try:
        result = subprocess.run(
            ['git', 'describe', '--always', '--abbrev=12', '--dirty=+changes', '--exclude=*'],
            cwd=Path(__file__).resolve().parent,
            capture_output=True,
            text=True,
            timeout=_GIT_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return result.stdout.strip() if result.returncode == 0 else ''
