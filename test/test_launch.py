# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Launch files: arguments, interpreters, and the real thing where `launch_ros` is installed."""

import ast
from collections.abc import Mapping, Sequence
import dataclasses
from importlib.util import find_spec
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any, get_args, get_origin, Literal

import numpy as np
import pytest
from rl_agent.agent_parameters import AgentParameters
from rl_agent.errors import ConfigurationError
from rl_agent.interpreters import (
    fitting,
    folders_above,
    missing,
    robot_interpreter,
    ROBOT_NEEDS,
    ROS_VARIABLES,
    without_ros,
)
from rl_agent.launch_arguments import (
    AGENT,
    EVALUATION_LAUNCH,
    LaunchArgument,
    ROBOT,
    ROBOT_LAUNCH,
)
from rl_agent.node_specs import agent, NodeSpec, WRONG_CONFIGURATION
from rl_agent.policy import PolicyArchitecture, PolicyParameters
from rl_agent.policy_file import save_policy
from rl_agent.robot_description import load_robot
from rl_agent.spaces import Spaces
from rl_learner.demo_description import load_demo
from rl_learner.interpreters import find_venv, learner_interpreter, LEARNER_NEEDS
from rl_learner.launch_arguments import (
    ALGORITHM,
    BRIDGE,
    LEARNER,
    LEARNER_LAUNCH,
    REPLAY_PORT,
    RUN_FOLDER,
    SEED,
    SIMULATION_LAUNCH,
)
from rl_learner.learner_node import LearnerParameters
from rl_learner.node_specs import simulation_nodes
from rl_learner.ports import free_port
from rl_learner.replay_bridge_node import ReplayBridgeParameters
from rl_learner.run_folder import CHECKPOINTS, refuse_to_resume

TABLES = {
    'evaluate': EVALUATION_LAUNCH,
    'robot': ROBOT_LAUNCH,
    'learner': LEARNER_LAUNCH,
    'simulation': SIMULATION_LAUNCH,
}
STANDARD = ('use_sim_time',)  # a parameter of every node

NO_LAUNCH = (
    ''
    if find_spec('launch_ros')
    else 'launch files were not run: there is no launch_ros, which comes with a ROS 2 installation'
)
needs_launch = pytest.mark.skipif(bool(NO_LAUNCH), reason=NO_LAUNCH or 'never')


def field_of(schema: type, name: str) -> tuple[Any, str, tuple[str, ...]]:
    """Return default, description and choices of a node's parameter."""
    (item,) = (field for field in dataclasses.fields(schema) if field.name == name)
    kind, info = get_args(item.type)
    return item.default, info.description, get_args(kind) if get_origin(kind) is Literal else ()


@pytest.mark.parametrize(
    ('schema', 'item'),
    [(AgentParameters, item) for item in AGENT if item.name not in STANDARD]
    + [(LearnerParameters, item) for item in (*LEARNER, ALGORITHM, SEED, REPLAY_PORT)]
    + [(ReplayBridgeParameters, item) for item in (*BRIDGE, RUN_FOLDER, ALGORITHM)]
    + [(ReplayBridgeParameters, ALGORITHM)],
    ids=lambda value: getattr(value, 'name', getattr(value, '__name__', None)),
)
def test_an_argument_is_what_the_node_says_of_its_parameter(
    schema: type, item: LaunchArgument
) -> None:
    default, description, choices = field_of(schema, item.name)
    assert (item.default, item.description, item.accepted) == (default, description, choices)
    assert type(item.default) is type(default)


@pytest.mark.parametrize('schema', [AgentParameters, LearnerParameters, ReplayBridgeParameters])
def test_the_robot_must_be_named(schema: type) -> None:
    default, description, _ = field_of(schema, 'robot')
    assert (default, ROBOT.default) == ('', None)
    assert ROBOT.description == description


def test_the_simulation_has_the_defaults_of_the_demo() -> None:
    demo = load_demo('pendulum')
    table = {item.name: item.default for item in SIMULATION_LAUNCH}
    for name in ('robot', 'algorithm', 'warmup', 'max_steps_ahead'):
        assert table[name] == getattr(demo, name)


@pytest.mark.parametrize('table', TABLES.values(), ids=TABLES)
def test_arguments_read_like_help(table: Sequence[LaunchArgument]) -> None:
    names = [item.name for item in table]
    assert len(set(names)) == len(names)
    for item in table:
        assert item.description
        assert item.default_text is None or not item.choices or item.default_text in item.choices


@pytest.mark.parametrize(
    ('default', 'text', 'value'),
    [
        (None, 'pendulum', 'pendulum'),
        ('', '3', '3'),
        ('x', "''", ''),
        ('x', '""', ''),
        (0, '3', 3),
        (0.0, '3', 3.0),
        (True, 'false', False),
        (False, 'true', True),
    ],
)
def test_a_value_has_the_type_of_its_default(default: Any, text: str, value: Any) -> None:
    given = LaunchArgument('key', 'help', default).value(text)
    assert (given, type(given)) == (value, type(value))


@pytest.mark.parametrize(
    ('default', 'text', 'accepted'),
    [(0, '3.5', 'a whole number'), (0, 'x', 'a whole number'), (1.0, 'fast', 'a number')],
)
def test_a_value_of_another_type_is_named(default: Any, text: str, accepted: str) -> None:
    with pytest.raises(ConfigurationError, match=f"key: given '{text}'; accepted: {accepted}"):
        LaunchArgument('key', 'help', default).value(text)


def test_a_fleet_shares_its_steps_and_no_seed() -> None:
    specs = simulation_nodes(
        'pendulum', 'default', 8000, robots=3, seed=1, max_steps=1000, max_steps_ahead=64
    )
    agents = [spec for spec in specs if spec.executable == 'agent']
    assert [spec.parameters['max_steps'] for spec in agents] == [333, 333, 334]
    assert [spec.namespace for spec in agents] == ['robot_1', 'robot_2', 'robot_3']
    seeds = [spec.parameters['seed'] for spec in specs if 'seed' in spec.parameters]
    assert len(set(seeds)) == len(seeds) == 7


@pytest.mark.parametrize(('max_steps', 'shares'), [(0, [0, 0]), (1, [1, 1])])
def test_no_share_of_the_steps_becomes_no_limit(max_steps: int, shares: list[int]) -> None:
    specs = simulation_nodes(
        'pendulum', 'default', 8000, robots=2, seed=1, max_steps=max_steps, max_steps_ahead=0
    )
    agents = [spec for spec in specs if spec.executable == 'agent']
    assert [spec.parameters['max_steps'] for spec in agents] == shares


def test_checkpoints_are_not_resumed_against_ones_will(tmp_path: Path) -> None:
    refuse_to_resume(tmp_path)
    (tmp_path / CHECKPOINTS).mkdir()
    refuse_to_resume(tmp_path)
    (tmp_path / CHECKPOINTS / 'checkpoint_1.pt').touch()
    with pytest.raises(ConfigurationError, match='resume: given false'):
        refuse_to_resume(tmp_path)


def test_nothing_of_the_ros_on_this_machine_reaches_the_learner() -> None:
    sourced = dict.fromkeys(ROS_VARIABLES, '/opt/ros/jazzy')
    kept = {'ROS_DOMAIN_ID': '7', 'HOME': '/home/x', 'FASTRTPS_DEFAULT_PROFILES_FILE': 'x.xml'}
    assert without_ros({**sourced, **kept}) == kept
    for name in ('PYTHONPATH', 'LD_LIBRARY_PATH', 'AMENT_PREFIX_PATH'):
        assert name in sourced


def executable(path: Path, text: str = '') -> Path:
    """Make a program that prints something."""
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nprintf "%s" "{text}"\n', encoding='utf-8')
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of which nothing is known; this process is in another."""
    (tmp_path / 'cwd').mkdir()
    monkeypatch.chdir(tmp_path / 'cwd')
    return tmp_path


LAUNCH_FILE = 'install/rl_learner/share/rl_learner/launch/learner.launch.py'


@pytest.mark.parametrize('venv', ['ws/.venv', 'ws/src/project/.venv'])
def test_the_venv_is_found_from_the_installed_launch_file(elsewhere: Path, venv: str) -> None:
    python = executable(elsewhere / venv / 'bin' / 'python')
    assert find_venv(elsewhere / 'ws' / LAUNCH_FILE, {}) == str(python)


def test_the_venv_is_found_through_a_link_to_the_source(elsewhere: Path) -> None:
    python = executable(elsewhere / 'project' / '.venv' / 'bin' / 'python')
    link = elsewhere / 'other' / 'learner.launch.py'
    link.parent.mkdir()
    link.symlink_to(elsewhere / 'project' / 'launch' / 'learner.launch.py')
    assert find_venv(link, {}) == str(python)


def test_the_venv_is_found_from_the_sourced_workspace(elsewhere: Path) -> None:
    python = executable(elsewhere / 'ws' / '.venv' / 'bin' / 'python')
    sourced = {'COLCON_PREFIX_PATH': f'/none/install:{elsewhere}/ws/install'}
    assert find_venv('/usr/share/x.launch.py', sourced) == str(python)


def test_without_a_venv_one_error_names_the_command(elsewhere: Path) -> None:
    with pytest.raises(ConfigurationError, match='make setup') as caught:
        learner_interpreter('', {}, elsewhere / 'ws' / LAUNCH_FILE)
    assert '\n' not in str(caught.value)


def test_folders_above_a_link_are_those_of_both_ends(tmp_path: Path) -> None:
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    (tmp_path / 'a' / 'link').symlink_to(tmp_path / 'b' / 'file')
    folders = folders_above([tmp_path / 'a' / 'link'])
    assert folders[0] == tmp_path / 'a'
    assert tmp_path / 'b' in folders


def test_this_interpreter_has_what_robots_and_learners_need() -> None:
    assert missing(sys.executable, os.environ, LEARNER_NEEDS) == []
    assert robot_interpreter('', os.environ).python == sys.executable


def test_what_an_interpreter_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / 'old.py').write_text('__version__ = "1.10.14"\n', encoding='utf-8')
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    needs = ('numpy', 'no_such_module', 'old>=2', 'pydantic>=2', 'no_such_other>=3')
    assert missing(sys.executable, environment, needs) == [
        'no_such_module',
        'old 2 or later (it has 1.10.14)',
        'no_such_other 3 or later',
    ]


@pytest.mark.parametrize('python', ['/no/such/python', '/bin/false'])
def test_what_does_not_run_is_no_interpreter(python: str) -> None:
    with pytest.raises(ConfigurationError, match=f'python: given {python}: does not run'):
        missing(python, os.environ, ROBOT_NEEDS)


def test_the_first_environment_that_fits_is_taken(tmp_path: Path) -> None:
    (tmp_path / 'extra.py').touch()
    bare = dict(os.environ)
    rich = {**bare, 'PYTHONPATH': str(tmp_path)}
    assert fitting(sys.executable, [bare, rich], ['yaml'], '').environment.items() >= bare.items()
    found = fitting(sys.executable, [bare, rich], ['extra'], '')
    assert found.environment['PYTHONPATH'] == str(tmp_path)
    with pytest.raises(ConfigurationError, match='it lacks extra; do this'):
        fitting(sys.executable, [bare], ['extra'], 'do this')


def test_a_robot_python_without_a_library_names_the_fix(tmp_path: Path) -> None:
    """A stand-in says what a stock Ubuntu 24.04 says."""
    lacks = 'pydantic 2 or later (it has 1.10.14)\ngymnasium\n'
    python = executable(tmp_path / 'bin' / 'python', lacks)
    with pytest.raises(ConfigurationError) as caught:
        robot_interpreter(str(python), os.environ)
    text = str(caught.value)
    assert text.startswith(
        f'python: given {python}: it lacks pydantic 2 or later (it has 1.10.14), gymnasium;'
    )
    assert 'venv --system-site-packages' in text
    assert 'sourced' not in text


@pytest.mark.parametrize('name', TABLES)
def test_a_launch_file_imports_nothing_that_a_stock_python_lacks(
    name: str, workspace: Path
) -> None:
    """`ros2 launch` may run on a Python with pydantic 1 and without torch."""
    tree = ast.parse((workspace / 'launch' / f'{name}.launch.py').read_text(encoding='utf-8'))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [module for module in modules if module and module.startswith('rl_')]
    assert len(ours) >= 4
    heavy = ('pydantic', 'gymnasium', 'rclpy', 'rl_msgs', 'torch', 'reverb')
    program = (
        f'import importlib, sys\nfor name in {ours!r}: importlib.import_module(name)\n'
        f'print(*[name for name in {heavy!r} if name in sys.modules])'
    )
    answer = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.split() == []


def policy_file(folder: Path) -> Path:
    """Write the policy of a pendulum whose action is always tanh(1); return its path."""
    shape = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(shape.num_parameters, np.float32)
    numbers[-1] = 1.0
    fingerprint = Spaces(load_robot('pendulum')).fingerprint
    save_policy(folder / 'policy.npz', PolicyParameters(shape, numbers, fingerprint=fingerprint))
    return folder / 'policy.npz'


def started(spec: NodeSpec, environment: dict[str, str]) -> 'subprocess.Popen[str]':
    """Start a node whose first words can be read."""
    return subprocess.Popen(
        [sys.executable, *spec.arguments()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_signals_without_end_are_tolerated(ros_environment: dict[str, str]) -> None:
    """A Ctrl-C comes twice, from terminal and launch: the second may meet an exiting Python."""
    process = started(agent('pendulum', ''), {**ros_environment, 'PYTHONUNBUFFERED': '1'})
    assert process.stdout is not None
    assert 'fingerprint' in process.stdout.readline()
    for _ in range(30_000):
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(0.001)
            break
        except subprocess.TimeoutExpired:
            continue
    text = process.stdout.read()
    process.stdout.close()
    assert code == 0, text


def test_a_wrong_configuration_has_an_exit_code_of_its_own(
    ros_environment: dict[str, str],
) -> None:
    process = started(agent('pendulm', ''), ros_environment)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == WRONG_CONFIGURATION == 2, text


# What follows runs the real launch: `python -c RUN FILE NAME:=VALUE ...` is `ros2 launch`.
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource
source = AnyLaunchDescriptionSource(sys.argv[1])
given = [tuple(word.split(':=', 1)) for word in sys.argv[2:]]
service = LaunchService(noninteractive=True)
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)])
)
sys.exit(service.run())
"""


def launched(file: Path, environment: Mapping[str, str], *words: str) -> 'subprocess.Popen[str]':
    """Start a launch file in a session of its own."""
    return subprocess.Popen(
        [sys.executable, '-c', RUN, str(file), *words],
        env={**environment, 'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@needs_launch
@pytest.mark.parametrize(
    ('name', 'words', 'error'),
    [
        ('robot', [], "missing required argument 'robot'"),
        ('robot', ['robot:=pendulum', 'explore:=perhaps'], 'provided value "perhaps"'),
        ('robot', ['robot:=pendulum', 'seed:=x'], "seed: given 'x'; accepted: a whole number"),
        ('robot', ['robot:=pendulm'], "did you mean 'pendulum'?"),
        ('robot', ['robot:=pendulum', 'python:=/no/python'], '/no/python: does not run'),
        ('robot', ['robot:=pendulum', 'action_scale:=1.5'], 'action_scale: given 1.5; accepted'),
        ('robot', ['robot:=pendulum', 'policy:=/no/x.npz'], 'policy: given /no/x.npz: '),
        ('learner', ['robot:=pendulum', 'python:=/no/python'], '/no/python: does not run'),
        ('evaluate', ['robot:=pendulum'], "missing required argument 'policy'"),
        (
            'evaluate',
            ['robot:=pendulum', 'policy:=x', 'max_episodes:=0'],
            'max_episodes: given 0; accepted: at least 1',
        ),
        ('simulation', ['robots:=0'], 'robots: given 0; accepted: at least 1'),
    ],
)
def test_a_mistake_is_named_and_launch_fails(
    name: str, words: list[str], error: str, ros_environment: dict[str, str], workspace: Path
) -> None:
    process = launched(workspace / 'launch' / f'{name}.launch.py', ros_environment, *words)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error in text
    assert 'Traceback' not in text


@needs_launch
def test_a_simulation_learns_and_ends_cleanly(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    words = (
        f'robots:=2 warmup:=100 threads:=1 replay_port:={free_port()} run_folder:={tmp_path}'
    ).split()
    file = workspace / 'launch' / 'simulation.launch.py'
    process = launched(
        file, ros_environment, *words, 'max_steps:=400', f'python:={sys.executable}'
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        text = ''.join(lines)
        if 'Reverb answers' in text and text.count('fingerprint') == 2:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does; launch sends a second one
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, ''.join(lines) + rest
    assert rest.count('process has finished cleanly') == 7, ''.join(lines) + rest


@needs_launch
@pytest.mark.timeout(180)
def test_a_policy_is_judged_and_the_launch_ends(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    words = ('robot:=pendulum', f'policy:={policy_file(tmp_path)}', 'max_episodes:=3')
    process = launched(workspace / 'launch' / 'evaluate.launch.py', ros_environment, *words)
    text, _ = process.communicate(timeout=150)
    assert process.returncode == 0, text
    lines = [line for line in text.splitlines() if ', 200 steps, time limit, determ' in line]
    assert len(lines) == 3, text
    assert '3 episodes: mean return -' in text
    assert text.count('process has finished cleanly') == 2, text


@needs_launch
@pytest.mark.timeout(180)
def test_a_robot_moves_by_a_policy_file_without_a_learner(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    body = NodeSpec(
        'rl_agent', 'simulated_robot', 'alone', {'robot': 'pendulum', 'real_time': True}
    )
    robot = started(body, ros_environment)
    words = ('robot:=pendulum', 'namespace:=alone', f'policy:={policy_file(tmp_path)}')
    limits = ('action_scale:=0.5', 'max_episodes:=1', 'spool_folder:=', 'explore:=false')
    file = workspace / 'launch' / 'robot.launch.py'
    try:
        process = launched(file, ros_environment, *words, *limits)
        text, _ = process.communicate(timeout=150)
    finally:
        robot.terminate()
        robot.communicate(timeout=60)
    assert process.returncode == 0, text
    assert '1 episode: mean return -' in text


@needs_launch
def test_a_node_becomes_the_action_that_starts_it() -> None:
    from rl_agent.interpreters import Interpreter
    from rl_agent.launch_nodes import Starter

    spec = agent('pendulum', 'robot_1', seed=3)
    action = Starter(spec, Interpreter('/usr/bin/python3', {'A': 'b'}), 'warn', 1).action()
    words = [''.join(part.text for part in word if hasattr(part, 'text')) for word in action.cmd]
    assert words[:3] == ['/usr/bin/python3', '-m', 'rl_agent.agent_node']
    assert ' '.join(spec.parameter_arguments()) in ' '.join(words)
