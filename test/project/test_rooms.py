# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Allowed imports: robots need no learner, plain modules no ROS, rooms nothing above them."""

import ast
from functools import cache
from pathlib import Path
import subprocess
import sys

SOURCES = Path(__file__).resolve().parents[2] / 'src'
MODULES = sorted(
    path
    for package in ('rl_agent', 'rl_learner')
    for path in (SOURCES / package / package).rglob('*.py')
)
ROBOT_MODULES = [path for path in MODULES if path.is_relative_to(SOURCES / 'rl_agent')]
HEAVY = ('torch', 'reverb', 'tensorflow')
TIMEOUT_S = 60.0
WIDEST_ROOM = 13
# From the top down: a room, or a module next to the rooms, imports only from lower floors.
FLOORS = {
    'rl_agent': (
        'nodes',
        'control health robot_check robot_draft ros_env',
        'robot_survey',
        'policy robot_interface simulation display',
        'environment gazebo',
        'teaching',
        'safety message_fields robot_model simulated_models',
        'gymnasium_tasks',
        'cameras',
        'description',
        'tasks transport command_hooks',
        'ros plugins entry_points',
        'bringup configuration security',
        'system real_time event_log array_checks message_checks bounded_files quaternion'
        ' name_prefix validation_words',
        'errors array_types',
    ),
    'rl_learner': (
        'cli',
        'demo one_process',
        'evaluation',
        'nodes export planning entry_points',
        'recordings monitoring training bringup',
        'run fast_path vision',
        'journal actor_critic',
        'layers normalisation optimisation',
        'replay',
        'distributed frames',
        'system',
    ),
}
FLOOR_OF = {
    f'{package}.{room}': number
    for package, floors in FLOORS.items()
    for number, rooms in enumerate(floors)
    for room in rooms.split()
}
# Where torch may be imported: rooms, and single modules of other rooms.
TORCH = (
    'rl_learner.actor_critic',
    'rl_learner.distributed',
    'rl_learner.export.sb3_file',
    'rl_learner.export.torchscript_file',
    'rl_learner.fast_path',
    'rl_learner.layers',
    'rl_learner.nodes.learner_node',
    'rl_learner.nodes.learner_worker',
    'rl_learner.normalisation.observation_statistics',
    'rl_learner.optimisation',
    'rl_learner.planning.update_speed',
    'rl_learner.training',
    'rl_learner.vision',
)


def module_name(path: Path) -> str:
    """Return the dotted name of a module of either package."""
    parts = path.relative_to(SOURCES).with_suffix('').parts[1:]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def room_of(name: str) -> str:
    """Return the room of a module, or the module itself if it is next to the rooms."""
    return '.'.join(name.split('.')[:2])


def may_use_ros(path: Path) -> bool:
    return path.name.endswith('_node.py') or path.name.startswith('ros_')


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the dotted names that a module imports, anywhere in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            names |= {f'{node.module}.{item.name}' for item in node.names}
    return frozenset(names)


def imports(path: Path, package: str) -> bool:
    """Return whether a module imports a package, or a part of it."""
    return any(name == package or name.startswith(f'{package}.') for name in imported(path))


def loaded_by(modules: list[str], suspects: tuple[str, ...]) -> set[str]:
    """Return the suspects that a new interpreter has loaded after importing some modules."""
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


def test_the_helpers_find_modules_and_imports() -> None:
    names = [module_name(path) for path in MODULES]
    for name in (
        'rl_agent',
        'rl_agent.simulated_models.pendulum',
        'rl_learner.nodes.learner_node',
        'rl_learner.nodes.learner_worker',
    ):
        assert name in names
    agent_status = SOURCES / 'rl_agent' / 'rl_agent' / 'control' / 'ros_agent_status.py'
    assert may_use_ros(agent_status)
    assert imports(agent_status, 'rl_msgs.msg')
    assert not imports(agent_status, 'rl_learner')


def test_plain_modules_of_the_robot_need_neither_ros_nor_learner() -> None:
    plain = [module_name(path) for path in ROBOT_MODULES if not may_use_ros(path)]
    assert loaded_by(plain, ('rclpy', 'rl_msgs', 'rl_learner', *HEAVY)) == set()


def test_the_agent_needs_no_learner() -> None:
    nodes = [module_name(path) for path in ROBOT_MODULES if may_use_ros(path)]
    assert loaded_by(nodes, ('rclpy', 'rl_learner', *HEAVY)) == {'rclpy'}


def test_only_nodes_and_ros_modules_import_ros() -> None:
    assert not [
        f'{path} imports {package}'
        for path in MODULES
        for package in ('rclpy', 'rl_msgs')
        if imports(path, package) and not may_use_ros(path)
    ]


def test_a_missing_rl_msgs_is_explained_wherever_it_is_imported_first() -> None:
    """Sorted imports load modules of `rl_agent` before `rl_msgs`."""
    guard = 'rl_agent.ros.ros_require_rl_msgs'
    assert not [
        f'{path} lacks {guard}'
        for path in MODULES
        if imports(path, 'rl_msgs') and not imports(path, guard) and module_name(path) != guard
    ]


def test_the_robot_never_imports_the_learner() -> None:
    assert not [
        f'{path} imports {package}'
        for path in ROBOT_MODULES
        for package in ('rl_learner', *HEAVY)
        if imports(path, package)
    ]


def test_only_the_replay_room_imports_reverb() -> None:
    room = SOURCES / 'rl_learner' / 'rl_learner' / 'replay'
    assert not [
        f'{path} imports {package}'
        for path in MODULES
        for package in ('reverb', 'tensorflow', 'rl_learner.replay.reverb_import')
        if path.parent != room and imports(path, package)
    ]


def test_torch_stays_in_the_rooms_that_train() -> None:
    assert not [
        f'{path} imports torch'
        for path in MODULES
        if imports(path, 'torch')
        and not any(f'{module_name(path)}.'.startswith(f'{place}.') for place in TORCH)
    ]


def test_imports_run_downwards_only() -> None:
    upwards = []
    for path in MODULES:
        room = room_of(module_name(path))
        package = f'{room.split(".")[0]}.'
        for name in imported(path):
            other = room_of(name)
            if other not in FLOOR_OF or other == room or not other.startswith(package):
                continue
            if FLOOR_OF[room] >= FLOOR_OF[other]:
                upwards.append(f'{path} imports {name}')
    assert not upwards


def test_every_room_has_a_floor_and_every_floor_has_a_room() -> None:
    rooms = {room_of(module_name(path)) for path in MODULES} - {'rl_agent', 'rl_learner'}
    assert rooms == set(FLOOR_OF)


def test_no_room_is_crowded() -> None:
    rooms = {path.parent for path in MODULES}
    crowded = {str(room): len(list(room.glob('*.py'))) - 1 for room in rooms}  # but __init__.py
    assert max(crowded.values()) <= WIDEST_ROOM, crowded


def test_the_init_of_a_room_has_a_docstring_and_no_imports() -> None:
    """So a module can be imported on a Python that lacks the libraries of the others."""
    public = ('tasks', 'simulated_models')  # users find classes there by name
    for path in MODULES:
        if path.name == '__init__.py' and path.parent.name not in public:
            (docstring,) = ast.parse(path.read_text(encoding='utf-8')).body
            assert isinstance(docstring, ast.Expr), path
            assert isinstance(docstring.value, ast.Constant), path
            assert len(str(docstring.value.value)) > len('Room.'), path
