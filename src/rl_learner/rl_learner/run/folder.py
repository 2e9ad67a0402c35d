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

"""The folder of a run: file names, and creation without overwriting anything."""

from collections.abc import Iterator
import contextlib
import datetime
from itertools import count
from pathlib import Path

from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import folder_name, make_private_folder

POLICY_FILE = 'policy.npz'
CHECKPOINTS = 'checkpoints'
LOGS = 'logs'
EXPERIENCE = 'experience'
DEMONSTRATIONS = 'demonstrations'  # a journal, too: what people did
VERSIONS_FILE = 'policy_versions'
TENSORBOARD = 'tensorboard'
DEMO_FILE = 'demo.json'  # options of the demo
TRAIN_FILE = 'train.json'  # options of rl_train
BRIDGE_FILE = 'bridge.json'  # retention of the bridge


def new_run_folder(folder: Path) -> Path:
    """Create the folder of a new run, which only its owner can enter.

    A folder that only has demonstrations, recorded before, is new, too.

    Raises:
        ConfigurationError: the folder exists already or cannot be created.
    """
    if _only_has_demonstrations(folder):
        return folder
    try:
        make_private_folder(folder, exist_ok=False)
    except FileExistsError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: exists already; accepted: a new name'
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f'run folder: given {folder}: {error.strerror}; accepted: a folder that can be created'
        ) from error
    return folder


def _only_has_demonstrations(folder: Path) -> bool:
    """Return whether a folder is what `rl_demonstrate` leaves."""
    if not (folder / DEMONSTRATIONS).is_dir():
        return False
    return all(
        item.name in (DEMONSTRATIONS, BRIDGE_FILE) or item.name.startswith(LOGS)
        for item in folder.iterdir()
    )


def run_folder(runs: Path, name: str | None, trained: str, seed: int) -> Path:
    """Return the folder for a new run, which does not exist yet.

    Args:
        runs: folder of all runs.
        name: of the run; None: made of what is trained, the seed and the time.
        trained: robot or task.
        seed: of the run.

    Raises:
        ConfigurationError: the name cannot be that of a folder.
    """
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S-%f')
    name = name or f'{trained}-seed{seed}-{stamp}'
    folder_name(name, '--name')
    return runs / name.replace('/', '%2F')


def open_run_folder(folder: Path) -> Path:
    """Return a run's folder, created for its owner only if it does not exist.

    Raises:
        ConfigurationError: the folder is not writable.
    """
    try:
        make_private_folder(folder)
        probe = folder / '.writable'
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder


def not_writable(folder: Path, error: OSError) -> ConfigurationError:
    """Return the error for a run's folder that cannot be used."""
    return ConfigurationError(
        f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
    )


def run_key(folder: Path) -> str:
    """Return a key that is unique to a run on this machine: device and inode of its folder.

    A relative path or a link gives the same key, a copy another one. The kernel does not reuse
    the inode while learner or bridge has a file of the folder open.

    Raises:
        ConfigurationError: the folder does not exist.
    """
    try:
        status = folder.stat()
    except OSError as error:
        raise not_writable(folder, error) from error
    return f'{status.st_dev}:{status.st_ino}'


def new_log_folder(folder: Path) -> Path:
    """Create a folder for the logs of one start of a run: `logs`, then `logs-2` and so on."""
    for logs in numbered(folder / LOGS):
        with contextlib.suppress(FileExistsError):
            logs.mkdir()
            break
    return logs


def numbered(path: Path) -> Iterator[Path]:
    """Yield a path, then the path with -2, -3 and so on appended."""
    yield path
    for number in count(2):
        yield path.with_name(f'{path.name}-{number}')


def refuse_to_resume(folder: Path) -> None:
    """Raise if a learner would resume training in a folder.

    Raises:
        ConfigurationError: the folder has checkpoints.
    """
    checkpoints = folder.expanduser() / CHECKPOINTS
    if checkpoints.is_dir() and any(checkpoints.iterdir()):
        raise ConfigurationError(
            f'resume: given false, but {checkpoints} has checkpoints; accepted: another'
            ' run_folder, or resume:=true to continue from them'
        )
