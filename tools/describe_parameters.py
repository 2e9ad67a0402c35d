# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes docs/parameters.md from the nodes: .venv/bin/python tools/describe_parameters.py.

A test compares the file with what this makes, so that no parameter lacks its line.
"""

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin, Literal

from rl_agent.bringup.robot_parameters import (
    AgentParameters,
    GazeboRobotParameters,
    SimulatedRobotParameters,
)
from rl_learner.bringup.parameters import (
    LearnerParameters,
    RecorderParameters,
    ReplayBridgeParameters,
)

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
    lines = [f'## {node}', '', '| parameter | value | default | meaning |', '|---|---|---|---|']
    for item in dataclasses.fields(schema):
        words = ' '.join([_kind(item.type), *filter(None, [_bounds(item.metadata)])])
        live = '**live**: ' if item.metadata['live'] else ''
        meaning = live + item.metadata['description'].replace('|', '\\|')
        lines.append(f'| `{item.name}` | {words} | {_default(item)} | {meaning} |')
    return '\n'.join([*lines, ''])


def _kind(kind: Any) -> str:
    """Return a type in plain words."""
    if get_origin(kind) is Literal:
        return ', '.join(f'`{choice}`' for choice in get_args(kind))
    return _WORDS[kind]


def _bounds(metadata: Mapping[str, Any]) -> str:
    """Return the bounds of a value in words; empty if there are none."""
    signs = {'gt': '>', 'ge': '>=', 'le': '<='}
    return ', '.join(
        f'{sign} {metadata[name]:,}' for name, sign in signs.items() if name in metadata
    )


def _default(item: Any) -> str:
    """Return a default as one types it; the spool folder without the user's own variables."""
    if item.name == 'spool_folder':
        return '`~/.local/state/rl_agent/spool`'
    if item.default in ('', ()):
        return 'empty'
    text = str(item.default)
    return f'`{text.lower() if isinstance(item.default, bool) else text}`'


if __name__ == '__main__':
    FILE.write_text(document(), encoding='utf-8')
