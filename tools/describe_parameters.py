# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes docs/parameters.md from the nodes: .venv/bin/python tools/describe_parameters.py.

A test compares the file with the output of this script.
"""

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin, Literal

from rl_agent.bringup.robot_parameters import (
    AgentParameters,
    GazeboRobotParameters,
    KeyboardHandParameters,
    MarkersParameters,
    ScriptedPersonParameters,
    SimulatedFleetParameters,
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
    ('rl_agent simulated_fleet', SimulatedFleetParameters),
    ('rl_agent gazebo_robot', GazeboRobotParameters),
    ('rl_agent markers', MarkersParameters),
    ('rl_agent keyboard_hand', KeyboardHandParameters),
    ('rl_agent scripted_person', ScriptedPersonParameters),
    ('rl_learner learner', LearnerParameters),
    ('rl_learner replay_bridge', ReplayBridgeParameters),
    ('rl_learner recorder', RecorderParameters),
)
_WORDS = {float: 'number', int: 'whole number', str: 'text', bool: 'true or false'}
_HEAD = """\
# Parameters of all nodes

`ros2 param describe` shows the same texts. All parameters are checked when a node starts; a value
out of range and an unknown parameter are errors. Most are read-only because networks, replay and
control loop are built from them: to change one, restart the node, which continues where it was.
`ros2 param set` may change these while a node runs; a refused value changes nothing:

- those marked **live** below; `explore` takes effect from the next episode, `max_steps` from the
  next step;
- `task.*` of the agent, the numbers of its task, such as `task.target_velocity`;
- `reset_seed` of the simulated robot, which determines its next starting states.

`use_sim_time` of the agent chooses between real time (false, the default) and lockstep with a
simulation. `tools/describe_parameters.py` generates this file.
"""


def document() -> str:
    """Return the whole file."""
    return '\n'.join([_HEAD, *(_section(*node) for node in _NODES)])


def _section(node: str, schema: Any) -> str:
    """Return the section of a node: heading and table."""
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
    """Return the bounds of a value in words, or an empty string."""
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
