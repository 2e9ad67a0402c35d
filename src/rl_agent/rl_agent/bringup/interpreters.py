# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Which Python runs a node, and with which environment variables.

`ros2 launch` runs on the Python of the ROS installation. That one may lack what a node needs, or
be too new for Reverb. What a node needs is therefore asked of the interpreter that is to run it,
before anything is started.
"""

from collections.abc import Iterable, Mapping, Sequence
import contextlib
from dataclasses import dataclass
from pathlib import Path
import shutil
import subprocess
import sys

from rl_agent.errors import ConfigurationError

# A sourced ROS installation sets them, for its own Python; another one must not see them.
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

# Modules that a node needs, for `missing`.
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

# What makes a Python that has them.
ROBOT_FIX = (
    'python3 -m venv --system-site-packages ~/rl_python && ~/rl_python/bin/pip install'
    " 'pydantic>=2' gymnasium"
)

_ASK_WITHIN_S = 60.0

# Imports what is compiled for one Python; of the others, some slow, it asks only whether they are
# there. Runs on the interpreter in question, whatever its version.
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
    """A Python that has what a node needs.

    Attributes:
        python: its path.
        environment: all variables for the node's process.
    """

    python: str
    environment: Mapping[str, str]


def without_ros(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those of a sourced ROS installation.

    What says who may hear whom (ROS_DOMAIN_ID and its like) stays.
    """
    return {name: text for name, text in environment.items() if name not in ROS_VARIABLES}


def missing(python: str, environment: Mapping[str, str], needs: Sequence[str]) -> list[str]:
    """Return which needs an interpreter lacks, in words.

    Args:
        python: its path.
        environment: all variables that it would run with.
        needs: names of modules; `name>=2` asks for a version.

    Raises:
        ConfigurationError: it does not run.
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
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(
            f'python: given {python}: does not run ({error}); accepted: the path of a Python'
        ) from error
    return answer.stdout.splitlines()


def fitting(
    python: str, environments: Iterable[Mapping[str, str]], needs: Sequence[str], fix: str
) -> Interpreter:
    """Return an interpreter with the first environment in which it has what is needed.

    Args:
        python: path or name of the interpreter.
        environments: to try in this order.
        needs: see `missing`.
        fix: what to do where something is missing, for the error text.

    Raises:
        ConfigurationError: it lacks something in each; the text is about the first.
    """
    python = str(Path(python).expanduser())
    path = shutil.which(python) or python
    lacks = []
    for environment in environments:
        lacks.append(missing(path, environment, needs))
        if not lacks[-1]:
            return Interpreter(path, {**environment, 'PYTHONUNBUFFERED': '1'})
    raise ConfigurationError(f'python: given {path}: it lacks {", ".join(lacks[0])}; {fix}')


def robot_interpreter(python: str, environment: Mapping[str, str]) -> Interpreter:
    """Return the interpreter of agents and simulated robots.

    Args:
        python: path or name; empty: that of the virtual environment that is activated, if it has
            what is needed, else the one that runs this.
        environment: the variables of this process.

    Raises:
        ConfigurationError: it lacks something; the text says what, and what to do.
    """
    activated = environment.get('VIRTUAL_ENV')
    if not python and activated:
        with contextlib.suppress(ConfigurationError):
            return robot_interpreter(str(Path(activated) / 'bin' / 'python'), environment)
    wanted = python or sys.executable
    # an environment made by `make setup` brings a ROS of its own: there, nothing of this one
    environments = (environment, without_ros(environment))
    choice = 'source ~/rl_python/bin/activate, or python:=~/rl_python/bin/python'
    fix = f'what helps: {ROBOT_FIX}, and then {choice}'
    try:
        return fitting(wanted, environments, ROBOT_NEEDS, fix)
    except ConfigurationError as error:
        if 'rl_msgs' not in str(error):
            raise
        hint = 'is the workspace built, and its install/setup.bash sourced?'
        raise ConfigurationError(f'{error}. First of all, {hint}') from None
