# Copyright 2026 The rl_agent authors
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

"""Finds the Python that runs a node, and its environment variables.

`ros2 launch` runs on the Python of the ROS installation, which may lack what a node needs, or be
too new for Reverb. So the interpreter that will run a node is asked for the modules before
anything is started.
"""

from collections.abc import Iterable, Mapping, Sequence
import contextlib
from dataclasses import dataclass
from pathlib import Path
import shutil
import subprocess
import sys

from rl_agent.errors import ConfigurationError

# Set by a sourced ROS installation for its own Python; another Python must not see them.
ROS_VARIABLES = (
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE',
    'AMENT_PREFIX_PATH',
    'CMAKE_PREFIX_PATH',
    'COLCON_PREFIX_PATH',
    'LD_LIBRARY_PATH',
    'PYTHONHOME',
    'PYTHONPATH',
    'RMW_IMPLEMENTATION',
    'ROS_DISTRO',
    'ROS_PYTHON_VERSION',
    'ROS_VERSION',
    'VIRTUAL_ENV',
)

# Modules that the robot's nodes need, for `missing`.
ROBOT_NEEDS = (
    'rclpy',
    'rl_msgs.msg',
    'rl_agent',
    'numpy',
    'yaml',
    'typing_extensions',
    'pydantic>=2',
    'gymnasium',
)

# A Python with these modules, and the commands that make it.
_ROBOT_VENV = '~/rl_python'
ROBOT_PYTHON = f'{_ROBOT_VENV}/bin/python'
ROBOT_FIX = (
    f'python3 -m venv --system-site-packages {_ROBOT_VENV} && {_ROBOT_VENV}/bin/pip install'
    " 'pydantic>=2' gymnasium"
)

_ASK_WITHIN_S = 60.0

# Runs on the interpreter in question, whatever its version. It imports the modules that are
# compiled for one Python; of the others, which may be slow to import, it checks the presence.
_QUESTION = """
import importlib, importlib.util, sys
for need in sys.argv[1:]:
    name, _, version = need.partition('>=')
    try:
        if version or name in ('rclpy', 'rl_msgs.msg', 'numpy'):
            module = importlib.import_module(name)
            found = module.__version__ if version else ''
            if version and int(found.split('.')[0]) < int(version):
                print(name + ' ' + version + ' or later (it has ' + found + ')')
        elif importlib.util.find_spec(name) is None:
            print(name)
    except ImportError:
        print(need.replace('>=', ' ') + (' or later' if version else ''))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that has the modules of a node.

    Attributes:
        python: path of the interpreter.
        environment: all variables of the node's process.
    """

    python: str
    environment: Mapping[str, str]


def without_ros(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those of a sourced ROS installation.

    Those of the network, such as ROS_DOMAIN_ID, stay.
    """
    return {name: text for name, text in environment.items() if name not in ROS_VARIABLES}


def missing(python: str, environment: Mapping[str, str], needs: Sequence[str]) -> list[str]:
    """Return the modules that an interpreter lacks, in words.

    Args:
        python: path of the interpreter.
        environment: all variables of its process.
        needs: names of modules; `name>=2` asks for a version.

    Raises:
        ConfigurationError: the interpreter does not run.
    """
    try:
        answer = subprocess.run(
            [python, '-c', _QUESTION, *needs],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_WITHIN_S,
            check=True,
            start_new_session=True,  # a Ctrl-C is for launch, which then stops
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(
            f'python: given {python}: does not run ({error}); accepted: the path of a Python'
        ) from error
    return answer.stdout.splitlines()


def fitting(
    python: str, environments: Iterable[Mapping[str, str]], needs: Sequence[str], fix: str
) -> Interpreter:
    """Return an interpreter with the first environment in which it lacks nothing.

    Args:
        python: path or name of the interpreter.
        environments: tried in this order.
        needs: see `missing`.
        fix: the remedy, for the error text.

    Raises:
        ConfigurationError: a module is missing in every environment; the text lists those that
            are missing in the first.
    """
    python = str(Path(python).expanduser())
    path = shutil.which(python) or python
    missed = []
    for environment in environments:
        missed.append(missing(path, environment, needs))
        if not missed[-1]:
            return Interpreter(path, {**environment, 'PYTHONUNBUFFERED': '1'})
    raise ConfigurationError(f'python: given {path}: it lacks {", ".join(missed[0])}; {fix}')


def robot_interpreter(python: str, environment: Mapping[str, str]) -> Interpreter:
    """Return the interpreter of agents and simulated robots.

    Args:
        python: path or name; empty: that of the activated virtual environment if it lacks
            nothing, otherwise the one that runs this code.
        environment: the variables of this process.

    Raises:
        ConfigurationError: it lacks modules; the text names them and the remedy.
    """
    activated = environment.get('VIRTUAL_ENV')
    if not python and activated:
        with contextlib.suppress(ConfigurationError):
            return robot_interpreter(str(Path(activated) / 'bin' / 'python'), environment)
    wanted = python or sys.executable
    # an environment made by `make setup` has its own ROS, and must not see the sourced one
    environments = (environment, without_ros(environment))
    choice = f'source {_ROBOT_VENV}/bin/activate, or python:={ROBOT_PYTHON}'
    fix = f'what helps: {ROBOT_FIX}, and then {choice}'
    try:
        return fitting(wanted, environments, ROBOT_NEEDS, fix)
    except ConfigurationError as error:
        if 'rl_msgs' not in str(error):
            raise
        hint = 'is the workspace built, and its install/setup.bash sourced?'
        raise ConfigurationError(f'{error}. First of all, {hint}') from None
