# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The arguments of the launch files: names, meaning, defaults, choices.

Most are parameters of a node. Those repeat here what the node's own dataclass says, because the
Python of `ros2 launch` may lack what that one needs; a test compares the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
import math
from pathlib import Path

from rl_agent.bringup.node_specs import ParameterValue
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import default_spool_folder


@dataclass(frozen=True)
class LaunchArgument:
    """An argument of a launch file.

    Attributes:
        name: of the argument, and of the node's parameter where it is one.
        description: for `--show-args`.
        default: its type is the argument's; None: a text that must be given.
        accepted: the texts that are accepted; empty: any.
    """

    name: str
    description: str
    default: ParameterValue | None = None
    accepted: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that are accepted; empty: any."""
        return ('true', 'false') if isinstance(self.default, bool) else self.accepted

    @property
    def default_text(self) -> str | None:
        """The default as one would type it."""
        if self.default is None:
            return None
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    def value(self, text: str) -> ParameterValue:
        """Return what was typed, with the type of the default.

        `ros2 launch` refuses `name:=` with nothing after it, so two quotes stand for nothing.

        Raises:
            ConfigurationError: it is not of that type.
        """
        if isinstance(self.default, bool):
            return text == 'true'
        if isinstance(self.default, (int, float)):
            kind = type(self.default)
            try:
                number = kind(text)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                words = 'a whole number' if kind is int else 'a number'
                raise ConfigurationError(f'{self.name}: given {text!r}; accepted: {words}')
            return number
        return '' if text in ("''", '""') else text


def refuse_unknown(arguments: Sequence[LaunchArgument], words: Iterable[str]) -> None:
    """Do nothing where each word of a command line is one of the arguments.

    `ros2 launch` ignores those that no launch file declares: with `action_scal:=0.5` a robot would
    move as far as ever.

    Args:
        arguments: that there are.
        words: `name:=value`; others are not looked at.

    Raises:
        ConfigurationError: one has another name.
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


def is_asked_for(file: str, command: Sequence[str]) -> bool:
    """Return whether a command line names this launch file, and not one that includes it.

    Args:
        file: path of the launch file.
        command: `ros2 launch PACKAGE FILE ...` or `ros2 launch PATH ...`.
    """
    for before, word in zip(['', *command], command, strict=False):
        if Path(word).name == Path(file).name and (
            before in ('rl_agent', 'rl_learner')
            or (Path(word).exists() and Path(word).samefile(file))
        ):
            return True
    return False


_ROBOT = 'name of a robot description, or the path of its YAML file'

ROBOT = LaunchArgument('robot', _ROBOT)

NAMESPACE = LaunchArgument('namespace', 'of the robot in a fleet, as in robot_1; empty: none', '')

# Parameters of the agent.
AGENT = (
    LaunchArgument('robot_id', 'unique name in the fleet; empty: the namespace, or `robot`', ''),
    LaunchArgument('seed', 'of the exploration noise', 0),
    LaunchArgument('explore', 'false: every episode is deterministic', True),
    LaunchArgument('autostart', 'go to `active` by itself, without a lifecycle manager', True),
    LaunchArgument('max_steps', 'stop after so many control steps; 0: no limit', 0),
    LaunchArgument('max_episodes', 'tell each return, end after so many episodes; 0: no limit', 0),
    LaunchArgument('robot_timeout_s', 'a robot that is silent for so long is an error', 10.0),
    LaunchArgument(
        'use_sim_time',
        'false: in real time, as a robot needs; true: in lockstep with a simulation by its /clock',
        False,
    ),
    LaunchArgument('policy', 'policy file to begin with; empty: wait for the learner', ''),
    LaunchArgument(
        'action_scale',
        'makes the action box smaller, about its default pose; from above 0 to 1',
        1.0,
    ),
    LaunchArgument(
        'slew_scale', 'makes the slew limit of the description smaller; from above 0 to 1', 1.0
    ),
    LaunchArgument(
        'realtime_priority',
        'of the control thread under SCHED_FIFO, if permitted; 0: not wanted',
        60,
    ),
    LaunchArgument('control_cpu', 'processor of the control thread; -1: any', -1),
    LaunchArgument(
        'keep_awake',
        'keep the processor of the control thread busy, so that it never has to wake up: steadier,'
        ' at the price of its power; only with control_cpu',
        False,
    ),
    LaunchArgument(
        'spool_folder',
        'keeps what is not acknowledged when the agent ends, for its next start; empty: in memory'
        ' only',
        str(default_spool_folder()),
    ),
)

PYTHON = LaunchArgument(
    'python',
    "interpreter of the robot's nodes, with pydantic 2 and gymnasium; empty: that of the activated"
    ' virtual environment, if it fits, else that of ROS',
    '',
)

LOG_LEVEL = LaunchArgument(
    'log_level',
    'of the nodes',
    'info',
    ('debug', 'info', 'warn', 'error', 'fatal'),
)

RESTARTS = LaunchArgument(
    'restarts', 'how often a node that failed is started again before all is shut down', 3
)

ROBOT_LAUNCH = (ROBOT, NAMESPACE, *AGENT, PYTHON, LOG_LEVEL, RESTARTS)

# Parameters of the agent that judges a policy.
_OF_EVALUATION = ('robot_id', 'explore', 'robot_timeout_s', 'action_scale', 'slew_scale')
_OWN: dict[str, ParameterValue] = {'explore': False, 'robot_timeout_s': 60.0}

EVALUATION_AGENT = (
    LaunchArgument('policy', 'policy file to judge'),
    LaunchArgument('max_episodes', 'judge so many episodes, then end', 10),
    *(
        replace(item, default=_OWN.get(item.name, item.default))
        for item in AGENT
        if item.name in (*_OF_EVALUATION, 'realtime_priority', 'control_cpu', 'keep_awake')
    ),
)

EVALUATION_LAUNCH = (
    ROBOT,
    replace(NAMESPACE, description='of the robot, as in robot_1; empty: none, or `simulated`'),
    LaunchArgument(
        'simulated', 'start a simulated robot; false: the robot is there, and moves at once', True
    ),
    LaunchArgument('seed', 'of the simulated starts and of the exploration noise', 0),
    *EVALUATION_AGENT,
    PYTHON,
    LOG_LEVEL,
)
