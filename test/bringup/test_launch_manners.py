# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Launch files as parts of a robot's own bringup, run by the real `launch_ros` if there is one."""

import os
from pathlib import Path
import re
import signal
import subprocess

import pytest
from rl_learner.system.ports import free_port
from test_launch import launched, needs_launch, policy_file

pytestmark = [needs_launch, pytest.mark.timeout(900)]
WITHIN_S = 850

# The bringup of a user: another node of the robot, and a launch file of this project.
BRINGUP = """
from launch import LaunchDescription
from launch.actions import ExecuteProcess, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import PushRosNamespace, SetParameter, SetRemap
def generate_launch_description():
    ours = IncludeLaunchDescription(
        PythonLaunchDescriptionSource({file!r}), launch_arguments={given!r}
    )
    return LaunchDescription([
        ExecuteProcess(cmd=['sleep', '1000'], name='driver'),
        GroupAction([
            PushRosNamespace('left'),
            SetRemap('commands', 'arm_commands'),
            SetParameter('publish_frequency', 50.0),
            ours,
        ]),
    ])
"""


@pytest.fixture
def bringup(
    workspace: Path, tmp_path: Path, ros_environment: dict[str, str]
) -> 'subprocess.Popen[str]':
    """Return a bringup whose agent has restarts:=1 and never finds its robot."""
    given = [('robot', 'pendulum'), ('restarts', '1'), ('robot_timeout_s', '100.0')]
    given += [('spool_folder', "''"), ('use_sim_time', 'False')]
    file = tmp_path / 'bringup.launch.py'
    ours = str(workspace / 'launch' / 'robot.launch.py')
    file.write_text(BRINGUP.format(file=ours, given=given), encoding='utf-8')
    return launched(file, ros_environment)


def until(process: 'subprocess.Popen[str]', word: str) -> str:
    """Return the output up to a line with a word."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return ''.join(lines)
    return pytest.fail(f'no {word!r} in:\n' + ''.join(lines))


def agent_pid(text: str) -> int:
    return int(re.findall(r'\[agent-\d+\]: process started with pid \[(\d+)', text)[-1])


def interrupted(process: 'subprocess.Popen[str]') -> str:
    """Send the signal of Ctrl-C to all; return the rest of the output."""
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=WITHIN_S)
    assert 'Traceback' not in rest
    assert 'KeyboardInterrupt' not in rest
    return rest


def test_an_included_file_ends_its_own_nodes_only(bringup: 'subprocess.Popen[str]') -> None:
    first = until(bringup, 'fingerprint')
    assert '/left/agent: ignored, as this node has no parameter' in first
    assert 'publish_frequency' in first
    os.kill(agent_pid(first), signal.SIGKILL)
    second = until(bringup, 'fingerprint')
    assert '[left.agent]' in second  # in the same namespace as before
    os.kill(agent_pid(second), signal.SIGKILL)
    last = until(bringup, 'ending the nodes of its launch file')
    assert '[ERROR] [launch]: agent failed with exit code -9: ending' in last
    rest = interrupted(bringup)
    assert '[driver-1]: process has' in rest  # until now it ran
    assert '[driver-1]: process has' not in first + second + last


@pytest.mark.parametrize(('shutdown', 'goes_on'), [('false', True), ('auto', False)])
def test_a_simulation_ends_after_its_steps(
    shutdown: str,
    goes_on: bool,
    workspace: Path,
    tmp_path: Path,
    ros_environment: dict[str, str],
) -> None:
    words = f'robots:=2 warmup:=100 threads:=1 replay_port:={free_port()} run_folder:={tmp_path}'
    options = ['max_steps:=600', f'shutdown:={shutdown}']
    file = workspace / 'launch' / 'simulation.launch.py'
    process = launched(file, ros_environment, *words.split(), *options)
    text, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, text
    assert ('has ended: ending the nodes of its launch file' in text) == goes_on
    assert ('was required: shutting down launched system' in text) != goes_on
    assert text.count('process has finished cleanly') == 7, text
    assert 'Traceback' not in text


@pytest.mark.parametrize(
    ('name', 'words', 'error'),
    [
        ('simulation', ['robot:=pendulm'], "robot: given 'pendulm' (did you mean 'pendulum'?)"),
        ('simulation', ['algorithm:=tqx'], "algorithm: given 'tqx'"),
        ('learner', ['robot:=a.yaml'], 'a.yaml: no such file'),
        ('robot', ['robot:=pendulum', 'policy:=/no/x.npz'], 'policy: given /no/x.npz: no such'),
        ('robot', ['robot:=pendulum', 'params_file:=x.yaml'], 'params_file: given x.yaml: no'),
        ('robot', ['robot:=pendulum', 'restarts:=-2'], 'restarts: given -2; accepted: 0 or more'),
    ],
)
def test_names_are_checked_before_anything_starts(
    name: str, words: list[str], error: str, workspace: Path, ros_environment: dict[str, str]
) -> None:
    process = launched(workspace / 'launch' / f'{name}.launch.py', ros_environment, *words)
    text, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1
    lines = [line for line in text.splitlines() if not line.startswith('[INFO] [launch]')]
    assert len(lines) == 1, text
    assert error in lines[0]


def test_a_parameter_file_applies_and_arguments_replace_it(
    workspace: Path, tmp_path: Path, ros_environment: dict[str, str]
) -> None:
    file = tmp_path / 'parameters.yaml'
    file.write_text(
        '/**:\n  ros__parameters: {robot_timeout_s: 2.0, exposure_us: 20}\n'
        'agent:\n  ros__parameters: {robot_id: from_file, seed: 3}\n'
    )
    words = ['robot:=pendulum', f'params_file:={file}', 'restarts:=0', "spool_folder:=''"]
    path = workspace / 'launch' / 'robot.launch.py'
    process = launched(path, ros_environment, *words, 'robot_timeout_s:=1.0')
    text, _ = process.communicate(timeout=WITHIN_S)
    assert 'from_file: pendulum with' in text
    assert 'no message in 1 s' in text
    assert 'exposure_us' in text


def test_a_simulated_robot_in_real_time_obeys_a_robot_launch(
    workspace: Path, tmp_path: Path, ros_environment: dict[str, str]
) -> None:
    """The two commands of docs/launch.md."""
    folder = workspace / 'launch'
    body = launched(
        folder / 'simulated_robot.launch.py', ros_environment, 'robot:=pendulum', 'namespace:=one'
    )
    words = ('robot:=pendulum', 'namespace:=one', f'policy:={policy_file(tmp_path)}')
    limits = ('max_episodes:=1', "spool_folder:=''", 'robot_timeout_s:=60.0')
    process = launched(folder / 'robot.launch.py', ros_environment, *words, *limits)
    text, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, text
    assert '1 episode: mean return -' in text
    assert re.search(r'(exploring|evaluating), \d+ steps \(\d+/s\), episode 1', text), text
    interrupted(body)
