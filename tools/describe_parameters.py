# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes docs/parameters.md from the nodes: .venv/bin/python tools/describe_parameters.py.

A test compares the file with what this makes, so that no parameter lacks its line.
"""

import dataclasses
from pathlib import Path
import types
from typing import Any, get_args, get_origin, get_type_hints, Literal, Tuple, Union

import annotated_types
from rl_agent.nodes.agent_parameters import AgentParameters
from rl_agent.nodes.gazebo_robot_node import GazeboRobotParameters
from rl_agent.nodes.simulated_robot_node import SimulatedRobotParameters
from rl_agent.ros.common_parameters import LIVE
from rl_learner.nodes.learner_node import LearnerParameters
from rl_learner.nodes.recorder_node import RecorderParameters
from rl_learner.nodes.replay_bridge_node import ReplayBridgeParameters

FILE = Path(__file__).resolve().parents[1] / 'docs' / 'parameters.md'
_NODES = (
    ('rl_agent agent', AgentParameters),
    ('rl_agent simulated_robot', SimulatedRobotParameters),
    ('rl_agent gazebo_robot', GazeboRobotParameters),
    ('rl_learner learner', LearnerParameters),
    ('rl_learner replay_bridge', ReplayBridgeParameters),
    ('rl_learner recorder', RecorderParameters),
)
_WORDS = {float: 'number', int: 'whole number', str: 'text', bool: 'true or false'}
_HEAD = """\
# Parameters of all nodes

As `ros2 param describe` shows them. They are checked together when a node starts; a value out of
range and a parameter that does not exist are errors. Most are read-only, because networks, replay
and control loop are built from them: to change one, start the node again, which goes on where it
was. These may change while a node runs, by `ros2 param set`; a refused value changes nothing:

- those marked **live** below; `explore` and `max_steps` count from the next episode or step on;
- `task.*` of the agent, the numbers of its task, as `task.target_velocity`;
- `reset_seed` of the simulated robot: the next starting states follow from it.

`use_sim_time` of the agent chooses between real time (false, the default) and lockstep with a
simulation. This file is made by `tools/describe_parameters.py`.
"""


def document() -> str:
    """Return the whole file."""
    return '\n'.join([_HEAD, *(_section(*node) for node in _NODES)])


def _section(node: str, schema: Any) -> str:
    """Return heading and table of a node."""
    hints = get_type_hints(schema, include_extras=True)
    lines = [f'## {node}', '', '| parameter | value | default | meaning |', '|---|---|---|---|']
    for item in dataclasses.fields(schema):
        kind, info = get_args(hints[item.name])[:2]
        words = ' '.join([_kind(kind), *filter(None, [_bounds(info)])])
        live = '**live**: ' if info.json_schema_extra == LIVE else ''
        meaning = live + info.description.replace('|', '\\|')
        lines.append(f'| `{item.name}` | {words} | {_default(item)} | {meaning} |')
    return '\n'.join([*lines, ''])


def _kind(kind: Any) -> str:
    """Return a type as people call it."""
    if get_origin(kind) is Literal:
        return ', '.join(f'`{choice}`' for choice in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return ' or '.join(_kind(arg) for arg in get_args(kind) if arg is not type(None))
    if get_origin(kind) in (list, tuple, Tuple):
        return f'list of {_kind(get_args(kind)[0])}'
    return _WORDS[kind]


def _bounds(info: Any) -> str:
    """Return the bounds of a value in words; empty if there are none."""
    signs = (
        (annotated_types.Gt, '>', 'gt'),
        (annotated_types.Ge, '>=', 'ge'),
        (annotated_types.Lt, '<', 'lt'),
        (annotated_types.Le, '<=', 'le'),
    )
    return ', '.join(
        f'{sign} {getattr(item, name):,}'
        for item in info.metadata
        for kind, sign, name in signs
        if isinstance(item, kind)
    )


def _default(item: Any) -> str:
    """Return a default as one would type it; that of a folder does not depend on who asks."""
    if item.name == 'spool_folder':
        return '`~/.local/state/rl_agent/spool`'
    if item.default in ('', ()):
        return 'empty'
    text = str(item.default)
    return f'`{text.lower() if isinstance(item.default, bool) else text}`'


if __name__ == '__main__':
    FILE.write_text(document(), encoding='utf-8')
