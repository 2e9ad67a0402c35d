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

"""Finds a Python that has Reverb, see `rl_agent.bringup.interpreters`."""

from collections.abc import Iterable, Iterator, Mapping
import os
from pathlib import Path

from rl_agent.bringup.interpreters import fitting, Interpreter, ROBOT_NEEDS, without_ros
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import folders_above

LEARNER_NEEDS = (*ROBOT_NEEDS, 'rl_learner', 'torch', 'reverb', 'mcap')

_FIX = 'accepted: the .venv that `make setup` makes in the folder of this project'


def learner_interpreter(
    python: str, environment: Mapping[str, str], near: str | os.PathLike[str]
) -> Interpreter:
    """Return the interpreter of replay bridge and learner.

    Args:
        python: path or name; empty: the `.venv` of the workspace.
        environment: the variables of this process; those of its ROS are removed, unless the
            interpreter has no other ROS.
        near: a file of the workspace, or of its install folder.

    Raises:
        ConfigurationError: there is no such interpreter, or it lacks modules.
    """
    wanted = python or find_venv(near, environment)
    return fitting(wanted, (without_ros(environment), environment), LEARNER_NEEDS, _FIX)


def find_venv(near: str | os.PathLike[str], environment: Mapping[str, str]) -> str:
    """Return the interpreter in the workspace's `.venv`.

    A workspace may be this project, or have it in its `src` folder.

    Args:
        near: see `learner_interpreter`.
        environment: its COLCON_PREFIX_PATH lists install folders of workspaces.

    Raises:
        ConfigurationError: there is no `.venv`.
    """
    installs = [
        path for path in environment.get('COLCON_PREFIX_PATH', '').split(os.pathsep) if path
    ]
    here = Path.cwd() / 'file'
    for folder in _projects(folders_above([near, *installs, here])):
        python = folder / '.venv' / 'bin' / 'python'
        if os.access(python, os.X_OK):
            return str(python)
    raise ConfigurationError(
        f'python: no .venv in a folder above {Path(near).parent} or {here.parent}: run'
        ' `make setup` in the folder of this project, or name an interpreter that has Reverb:'
        ' python:=PATH'
    )


def _projects(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders that may be this project: each one, and those in its `src` folder."""
    for folder in folders:
        yield folder
        yield from sorted(path.parent for path in folder.glob('src/*/.venv'))
