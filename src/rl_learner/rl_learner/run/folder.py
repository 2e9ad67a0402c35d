# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The folder of a run: what lies where, and making it without overwriting anything."""

from collections.abc import Iterator
import contextlib
from itertools import count
from pathlib import Path

from rl_agent.errors import ConfigurationError

POLICY_FILE = 'policy.npz'
CHECKPOINTS = 'checkpoints'
LOGS = 'logs'
EXPERIENCE = 'experience'
VERSIONS_FILE = 'policy_versions'
TENSORBOARD = 'tensorboard'
DEMO_FILE = 'demo.json'  # how a demo was started
BRIDGE_FILE = 'bridge.json'  # how much experience the bridge keeps


def new_run_folder(folder: Path) -> Path:
    """Make the folder of a new run.

    Raises:
        ConfigurationError: it exists already, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: exists already; accepted: a new name'
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: {error.strerror}; accepted: one that can be made'
        ) from error
    return folder


def open_run_folder(folder: Path) -> Path:
    """Return a run's folder, made if it is not there.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / '.writable'
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
        ) from error
    return folder


def run_key(folder: Path) -> str:
    """Return what tells a run from all others on this machine: device and number of its folder.

    The same by a relative path or a link, and another one for a copy. While learner or bridge has
    a file of the folder open, no other folder is given that number.

    Raises:
        ConfigurationError: there is no such folder.
    """
    try:
        status = folder.stat()
    except OSError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
        ) from error
    return f'{status.st_dev}:{status.st_ino}'


def new_log_folder(folder: Path) -> Path:
    """Make a folder for the logs of one start of a run: `logs`, then `logs-2` and so on."""
    for logs in numbered(folder / LOGS):
        with contextlib.suppress(FileExistsError):
            logs.mkdir()
            break
    return logs


def numbered(path: Path) -> Iterator[Path]:
    """Yield a path, then the same with -2, -3 and so on at its end."""
    yield path
    for number in count(2):
        yield path.with_name(f'{path.name}-{number}')


def refuse_to_resume(folder: Path) -> None:
    """Do nothing where training would begin anew.

    Raises:
        ConfigurationError: the folder has checkpoints to go on from.
    """
    checkpoints = folder.expanduser() / CHECKPOINTS
    if checkpoints.is_dir() and any(checkpoints.iterdir()):
        raise ConfigurationError(
            f'resume: given false, but {checkpoints} has checkpoints; accepted: another'
            ' run_folder, or resume:=true to go on from them'
        )
