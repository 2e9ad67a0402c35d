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

"""The arguments of the launch files: names, descriptions, defaults, choices.

Most are made from the dataclasses of the nodes' parameters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
import math
from pathlib import Path
from typing import Any, get_args, get_origin, Literal

from rl_agent.bringup.node_specs import ParameterValue, SIMULATION_STARTS_WITHIN_S
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.errors import ConfigurationError
from rl_agent.system.configuration_files import find_file

_BOOLEANS = ('true', 'false', 'True', 'False')
# Arguments that name a file which must exist.
_FILES = ('policy', 'trusted_keys', 'fleet_key', 'signing_key', 'params_file')


@dataclass(frozen=True)
class LaunchArgument:
    """An argument of a launch file.

    Attributes:
        name: of the argument, and of the node's parameter if there is one.
        description: for `--show-args`.
        default: has the type of the argument; None: a text without a default.
        accepted: accepted texts; empty: any.
    """

    name: str
    description: str
    default: ParameterValue | None = None
    accepted: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The accepted texts, also of a bool in both spellings of ROS 2; empty: any."""
        return (
            ('true', 'false', 'True', 'False') if isinstance(self.default, bool) else self.accepted
        )

    @property
    def default_text(self) -> str | None:
        """The default as one types it."""
        if self.default is None:
            return None
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    def value(self, text: str) -> ParameterValue:
        """Return the value of a text, with the type of the default.

        `ros2 launch` refuses `name:=` with nothing after it, so two quotes mean an empty text.

        Raises:
            ConfigurationError: the text has another type.
        """
        if isinstance(self.default, bool):
            return text.lower() == 'true'
        if isinstance(self.default, (int, float)):
            kind = type(self.default)
            try:
                number = kind(text)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                accepted = 'a whole number' if kind is int else 'a number'
                raise ConfigurationError(f'{self.name}: given {text!r}; accepted: {accepted}')
            return number
        return '' if text in ("''", '""') else text


def refuse_unknown(arguments: Sequence[LaunchArgument], words: Iterable[str]) -> None:
    """Refuse unknown arguments on a command line.

    `ros2 launch` ignores them: with `action_scal:=0.5` a robot would move with the full scale.

    Args:
        arguments: the known ones.
        words: of the command line; those without `:=` are ignored.

    Raises:
        ConfigurationError: there is no argument of this name.
    """
    names = [item.name for item in arguments]
    for name in (word.partition(':=')[0] for word in words if ':=' in word):
        if name not in names:
            meant = ''.join(
                f' (did you mean {like!r}?)' for like in get_close_matches(name, names)[:1]
            )
            raise ConfigurationError(
                f'{name}: no such argument{meant}; accepted: {", ".join(sorted(names))}'
            )


def check_files(given: Mapping[str, Any]) -> None:
    """Check that the robot, the algorithm and all files exist, before anything is started.

    Args:
        given: values of the arguments of a launch file.

    Raises:
        ConfigurationError: one does not; the text lists the names.
    """
    for name, folder in (('robot', 'robots'), ('algorithm', 'algorithms')):
        if name in given:
            find_file(folder, given[name])
    for name in _FILES:
        path = given.get(name)
        if path and not Path(path).expanduser().is_file():
            raise ConfigurationError(f'{name}: given {path}: no such file')


def is_started_by(command: Sequence[str], file: str) -> bool:
    """Return whether a command line starts this launch file, not one that includes it.

    Args:
        command: `ros2 launch PACKAGE FILE ...` or `ros2 launch PATH ...`.
        file: path of the launch file.
    """
    for before, word in zip(['', *command], command, strict=False):
        if Path(word).name == Path(file).name and (
            before in ('rl_agent', 'rl_learner')
            or (Path(word).exists() and Path(word).samefile(file))
        ):
            return True
    return False


def parameter_arguments(schema: Any, *, but: Iterable[str] = ()) -> tuple[LaunchArgument, ...]:
    """Return an argument for each parameter of a node.

    Args:
        schema: dataclass of the node's parameters.
        but: parameters without an argument.
    """
    arguments = []
    for item in fields(schema):
        if item.name not in but:
            default: Any = item.default
            choices = get_args(item.type) if get_origin(item.type) is Literal else ()
            description = item.metadata['description']
            arguments.append(LaunchArgument(item.name, description, default, choices))
    return tuple(arguments)


_AGENT = {item.name: item for item in parameter_arguments(AgentParameters)}

ROBOT = replace(_AGENT['robot'], default=None)

NAMESPACE = LaunchArgument(
    'namespace', 'namespace of the robot in a fleet, as in robot_1; empty: none', ''
)

# Parameters of the agent.
AGENT = (
    *parameter_arguments(AgentParameters, but=('robot', 'max_steps_ahead', 'send_period_s')),
    LaunchArgument(
        'use_sim_time',
        'false: in real time, as a robot needs; true: in lockstep with a simulation by its /clock',
        False,
    ),
)

PYTHON = LaunchArgument(
    'python',
    "interpreter of the robot's nodes, with pydantic 2 and gymnasium; empty: that of the activated"
    ' virtual environment if it has them, otherwise that of ROS',
    '',
)

LOG_LEVEL = LaunchArgument(
    'log_level',
    'log level of the nodes',
    'info',
    ('debug', 'info', 'warn', 'error', 'fatal'),
)

RESTARTS = LaunchArgument(
    'restarts',
    'how often a node that failed is restarted before its launch file ends; -1: for ever',
    3,
)

USE_RESPAWN = LaunchArgument(
    'use_respawn', 'restart a node that failed for ever, as restarts:=-1 does', False
)

SHUTDOWN = LaunchArgument(
    'shutdown',
    'what ends with a node that is not restarted: true: everything; false: the nodes of this'
    ' launch file; auto: false if another launch file includes it, otherwise true',
    'auto',
    ('auto', 'true', 'false'),
)

PARAMS_FILE = LaunchArgument(
    'params_file',
    'YAML file of ROS parameters; arguments that differ from their defaults replace its values',
    '',
)

# What every launch file with restarts takes.
ENDS = (LOG_LEVEL, RESTARTS, USE_RESPAWN, SHUTDOWN)

ROBOT_LAUNCH = (ROBOT, NAMESPACE, *AGENT, PARAMS_FILE, PYTHON, *ENDS)

SIMULATED_ROBOT_LAUNCH = (
    ROBOT,
    NAMESPACE,
    LaunchArgument(
        'real_time',
        'true: time passes by itself, for robot.launch.py; false: with each command, for an agent'
        ' with use_sim_time:=true',
        True,
    ),
    LaunchArgument('seed', 'seed of the starting states', 0),
    PYTHON,
    LOG_LEVEL,
    SHUTDOWN,
)

_OWN_DEFAULTS: dict[str, ParameterValue] = {
    'explore': False,
    'robot_timeout_s': SIMULATION_STARTS_WITHIN_S,
}

# Parameters of the agent that evaluates a policy.
EVALUATION_AGENT = (
    LaunchArgument('policy', 'policy file to evaluate'),
    LaunchArgument('max_episodes', 'end after this many episodes', 10),
    *(
        replace(_AGENT[name], default=_OWN_DEFAULTS.get(name, _AGENT[name].default))
        for name in (
            'robot_id',
            'prefix',
            'explore',
            'robot_timeout_s',
            'action_scale',
            'slew_scale',
            'realtime_priority',
            'control_cpu',
            'keep_awake',
        )
    ),
)

# Parameters of the agent that a person drives.
DEMONSTRATION_AGENT = (
    LaunchArgument('max_episodes', 'end after so many episodes that are kept; 0: no limit', 0),
    *(
        _AGENT[name]
        for name in (
            'only_successes',
            'robot_id',
            'prefix',
            'robot_timeout_s',
            'fleet_key',
            'action_scale',
            'slew_scale',
            'realtime_priority',
            'control_cpu',
            'keep_awake',
        )
    ),
)

DEMONSTRATION_LAUNCH = (
    ROBOT,
    NAMESPACE,
    LaunchArgument('agent', 'false: only store, with the agent on another machine', True),
    LaunchArgument(
        'run_folder',
        'store the demonstrations in this run on this machine, which needs rl_learner; empty: the'
        ' learner machine stores them, with agent:=false there',
        '',
    ),
    *DEMONSTRATION_AGENT,
    PYTHON,
    LOG_LEVEL,
    SHUTDOWN,
)

EVALUATION_LAUNCH = (
    ROBOT,
    replace(
        NAMESPACE, description='namespace of the robot, as in robot_1; empty: none, or `simulated`'
    ),
    LaunchArgument(
        'simulated',
        'start a simulated robot; false: the robot is running already, and moves at once',
        True,
    ),
    LaunchArgument(
        'seed', 'seed of the starting states in simulation and of the exploration noise', 0
    ),
    *EVALUATION_AGENT,
    PYTHON,
    LOG_LEVEL,
    SHUTDOWN,
)
