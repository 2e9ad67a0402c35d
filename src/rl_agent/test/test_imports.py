# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Who may import whom: robots need no learner, plain modules need no ROS."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

SOURCES = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ('rl_agent', 'rl_learner')
    for path in (SOURCES / package / package).rglob('*.py')
)
ROBOT_MODULES = [path for path in MODULES if path.is_relative_to(SOURCES / 'rl_agent')]
HEAVY = ('torch', 'reverb', 'tensorflow')
TIMEOUT_S = 60.0


def module_name(path: Path) -> str:
    """Return the dotted name of a module of either package."""
    parts = path.relative_to(SOURCES).with_suffix('').parts[1:]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def may_use_ros(path: Path) -> bool:
    return path.name.endswith('_node.py') or path.name.startswith('ros_')


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of whatever a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            yield from (f'{node.module}.{item.name}' for item in node.names)


def imports(path: Path, package: str) -> bool:
    """Return whether a module imports a package, or something out of it."""
    return any(name == package or name.startswith(f'{package}.') for name in imported(path))


def loaded_by(modules: list[str], suspects: tuple[str, ...]) -> set[str]:
    """Return which suspects a fresh interpreter has loaded after importing some modules."""
    program = (
        f'import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n'
        f'print(*[name for name in {suspects!r} if name in sys.modules])'
    )
    result = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_this_test_looks_at_something() -> None:
    names = [module_name(path) for path in MODULES]
    for name in (
        'rl_agent',
        'rl_agent.simulated_models.pendulum',
        'rl_learner.nodes.learner_node',
    ):
        assert name in names
    agent_node = SOURCES / 'rl_agent' / 'rl_agent' / 'nodes' / 'agent_node.py'
    assert may_use_ros(agent_node)
    assert imports(agent_node, 'rl_msgs.msg')
    assert not imports(agent_node, 'rl_learner')


def test_plain_modules_of_the_robot_need_neither_ros_nor_learner() -> None:
    plain = [module_name(path) for path in ROBOT_MODULES if not may_use_ros(path)]
    assert loaded_by(plain, ('rclpy', 'rl_msgs', 'rl_learner', *HEAVY)) == set()


def test_the_agent_needs_no_learner() -> None:
    nodes = [module_name(path) for path in ROBOT_MODULES if may_use_ros(path)]
    assert loaded_by(nodes, ('rclpy', 'rl_learner', *HEAVY)) == {'rclpy'}


@pytest.mark.parametrize('path', MODULES, ids=module_name)
def test_only_nodes_and_ros_modules_import_rclpy(path: Path) -> None:
    assert may_use_ros(path) or not imports(path, 'rclpy')


@pytest.mark.parametrize('path', ROBOT_MODULES, ids=module_name)
def test_the_robot_never_imports_the_learner(path: Path) -> None:
    for package in ('rl_learner', *HEAVY):
        assert not imports(path, package)


@pytest.mark.parametrize('path', MODULES, ids=module_name)
def test_only_the_replay_room_imports_reverb(path: Path) -> None:
    if path.parent == SOURCES / 'rl_learner' / 'rl_learner' / 'replay':
        return
    for package in ('reverb', 'tensorflow', 'rl_learner.replay.reverb_import'):
        assert not imports(path, package)
