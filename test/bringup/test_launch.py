# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Launch files, run by the real `launch_ros` if it is installed.

These tests need neither Reverb nor PyTorch, so they also run on the Python of a robot; the learner
runs on the one of `.venv`.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
import os
from pathlib import Path
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from rl_agent.bringup.node_specs import agent, NodeSpec
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import WRONG_CONFIGURATION
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_learner.system.ports import free_port

LAUNCH_FILES = ('evaluate', 'gazebo', 'learner', 'robot', 'simulated_robot', 'simulation')
NO_LAUNCH = (
    ''
    if find_spec('launch_ros')
    else 'launch files were not run: there is no launch_ros, which comes with a ROS 2 installation'
)
needs_launch = pytest.mark.skipif(bool(NO_LAUNCH), reason=NO_LAUNCH or 'never')


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_a_launch_file_imports_nothing_that_a_stock_python_lacks(
    name: str, workspace: Path
) -> None:
    """`ros2 launch` may run on a Python with pydantic 1 and without torch."""
    tree = ast.parse((workspace / 'launch' / f'{name}.launch.py').read_text(encoding='utf-8'))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [module for module in modules if module and module.startswith('rl_')]
    assert len(ours) >= 3
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
    """Write a policy for the pendulum that always acts tanh(1); return its path."""
    shape = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(shape.num_parameters, np.float32)
    numbers[-1] = 1.0
    fingerprint = Spaces(load_robot('pendulum')).fingerprint
    save_policy(folder / 'policy.npz', PolicyParameters(shape, numbers, fingerprint=fingerprint))
    return folder / 'policy.npz'


def started(spec: NodeSpec, environment: dict[str, str]) -> 'subprocess.Popen[str]':
    """Start a node; its output is a pipe."""
    return subprocess.Popen(
        [sys.executable, *spec.arguments()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_repeated_signals_do_no_harm(ros_environment: dict[str, str]) -> None:
    """Terminal and launch both send a Ctrl-C; the second may come while Python exits."""
    process = started(agent('pendulum', ''), {**ros_environment, 'PYTHONUNBUFFERED': '1'})
    assert process.stdout is not None
    assert any('fingerprint' in line for line in iter(process.stdout.readline, ''))
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


def test_a_wrong_configuration_has_its_own_exit_code(
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
service = LaunchService(argv=sys.argv[2:], noninteractive=True)
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)])
)
sys.exit(service.run())
"""

# A launch file of a user that includes one of this project with the same name.
INCLUDING = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
def generate_launch_description():
    ours = IncludeLaunchDescription(
        PythonLaunchDescriptionSource({file!r}),
        launch_arguments=[('robot', LaunchConfiguration('robots'))],
    )
    return LaunchDescription([DeclareLaunchArgument('robots'), ours])
"""


_LAUNCHED: list['subprocess.Popen[str]'] = []


@pytest.fixture(autouse=True)
def _end_launched_processes() -> Iterator[None]:
    """Leave no nodes behind if a test fails."""
    yield
    while _LAUNCHED:
        process = _LAUNCHED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def launched(file: Path, environment: Mapping[str, str], *words: str) -> 'subprocess.Popen[str]':
    """Start a launch file in a new session."""
    process = subprocess.Popen(
        [sys.executable, '-c', RUN, str(file), *words],
        env={**environment, 'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    _LAUNCHED.append(process)
    return process


@needs_launch
@pytest.mark.parametrize(
    ('name', 'words', 'error'),
    [
        ('robot', [], "missing required argument 'robot'"),
        ('robot', ['robot:=pendulum', 'explore:=perhaps'], 'provided value "perhaps"'),
        (
            'robot',
            ['robot:=pendulum', 'action_scal:=0.5'],
            "action_scal: no such argument (did you mean 'action_scale'?); accepted: act",
        ),
        ('learner', ['robot:=pendulum', 'robots:=2'], "no such argument (did you mean 'robot'?)"),
        ('robot', ['robot:=pendulum', 'seed:=x'], "seed: given 'x'; accepted: a whole number"),
        ('robot', ['robot:=pendulm'], "did you mean 'pendulum'?"),
        ('robot', ['robot:=pendulum', 'python:=/no/python'], '/no/python: does not run'),
        ('robot', ['robot:=pendulum', 'action_scale:=1.5'], 'action_scale: given 1.5; accepted'),
        ('robot', ['robot:=pendulum', 'policy:=/no/x.npz'], 'policy: given /no/x.npz: '),
        ('learner', ['robot:=pendulum', 'python:=/no/python'], '/no/python: does not run'),
        ('evaluate', ['robot:=pendulum'], "missing required argument 'policy'"),
        (
            'evaluate',
            ['robot:=pendulum', f'policy:={__file__}', 'max_episodes:=0'],
            'max_episodes: given 0; accepted: at least 1',
        ),
        ('simulation', ['robots:=0'], 'robots: given 0; accepted: at least 1'),
    ],
)
def test_a_wrong_argument_is_named_and_launch_fails(
    name: str, words: list[str], error: str, ros_environment: dict[str, str], workspace: Path
) -> None:
    process = launched(workspace / 'launch' / f'{name}.launch.py', ros_environment, *words)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error in text
    assert 'Traceback' not in text


@needs_launch
def test_a_file_that_includes_another_may_have_other_arguments(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / 'robot.launch.py'
    theirs.write_text(
        INCLUDING.format(file=str(workspace / 'launch' / 'robot.launch.py')), encoding='utf-8'
    )
    process = launched(theirs, ros_environment, 'robots:=pendulm')
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "given 'pendulm' (did you mean 'pendulum'?)" in text
    assert 'no such argument' not in text


@needs_launch
def test_a_simulation_learns_and_ends_cleanly(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    words = (
        f'robots:=2 warmup:=100 threads:=1 replay_port:={free_port()} run_folder:={tmp_path}'
    ).split()
    file = workspace / 'launch' / 'simulation.launch.py'
    process = launched(file, ros_environment, *words, 'max_steps:=400')
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        text = ''.join(lines)
        if 'Reverb answers' in text and text.count('fingerprint') == 2:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does; launch sends another one
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, ''.join(lines) + rest
    assert rest.count('process has finished cleanly') == 7, ''.join(lines) + rest


@needs_launch
@pytest.mark.timeout(180)
def test_a_policy_is_evaluated_and_the_launch_ends(
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
def test_a_robot_moves_with_a_policy_file_and_no_learner(
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


def killed_at(process: 'subprocess.Popen[str]', node: str, word: str) -> str:
    """Kill a node at its next line with a word; return the output of launch until then."""
    assert process.stdout is not None
    lines, pid = [], 0
    for line in process.stdout:
        lines.append(line)
        if started_as := re.search(rf'\[{node}-\d+\]: process started with pid \[(\d+)', line):
            pid = int(started_as[1])
        if pid and word in line:
            os.kill(pid, signal.SIGKILL)
            return ''.join(lines)
    pytest.fail(''.join(lines))


@needs_launch
def test_an_agent_is_restarted_as_often_as_allowed(
    ros_environment: dict[str, str], workspace: Path
) -> None:
    words = ('robot:=pendulum', 'restarts:=1', 'robot_timeout_s:=100', "spool_folder:=''")
    process = launched(workspace / 'launch' / 'robot.launch.py', ros_environment, *words)
    text = killed_at(process, 'agent', 'fingerprint') + killed_at(process, 'agent', 'fingerprint')
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 1, text + rest
    assert text.count('process started') == 2
    assert 'process started' not in rest
    assert 'agent failed with exit code -9: shutting down' in rest


@needs_launch
def test_everything_ends_with_the_simulated_robot(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path
) -> None:
    words = ('robot:=pendulum', f'policy:={policy_file(tmp_path)}', 'max_episodes:=100000')
    process = launched(workspace / 'launch' / 'evaluate.launch.py', ros_environment, *words)
    text = killed_at(process, 'simulated_simulated_robot', 'episode 1:')
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 1, text + rest
    assert 'simulated_simulated_robot failed with exit code -9: shutting down' in rest
    assert rest.count('process has finished cleanly') == 1, text + rest


@needs_launch
def test_the_action_of_a_node_starts_it() -> None:
    from rl_agent.bringup.interpreters import Interpreter
    from rl_agent.bringup.launch_group import Group, Starter

    spec = agent('pendulum', 'robot_1', seed=3)
    group = Group(True, 'warn', 1, params_file='p.yaml')
    action = Starter(spec, Interpreter('/usr/bin/python3', {'A': 'b'}), group, 1).action()
    words = [''.join(part.text for part in word if hasattr(part, 'text')) for word in action.cmd]
    runner = 'rl_agent.bringup.node_process'
    assert words[:4] == ['/usr/bin/python3', '-m', runner, 'rl_agent.nodes.agent_node']
    parameters = ' '.join(spec.parameter_arguments())
    assert f'--log-level warn --params-file p.yaml {parameters}' in ' '.join(words)
