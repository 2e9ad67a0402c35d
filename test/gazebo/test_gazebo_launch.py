# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""gazebo.launch.py: arguments, installations, and, with `launch_ros`, the real launch."""

from ast import literal_eval
import dataclasses
from importlib.util import find_spec
import os
from pathlib import Path
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from rl_agent.bringup.launch_arguments import AGENT
from rl_agent.bringup.node_specs import gazebo_robot
from rl_agent.bringup.robot_parameters import GazeboRobotParameters
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.installation import check_gazebo
from rl_agent.gazebo.launch_arguments import GAZEBO_AGENT, GAZEBO_LAUNCH

NO_LAUNCH = '' if find_spec('launch_ros') else 'needs launch_ros, which comes with ROS 2'
# `python -c LOAD FILE NAME:=VALUE ...` prints the actions of the launch file.
LOAD = """
import sys
from launch import LaunchContext, LaunchDescription
from launch.actions import ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
from launch.actions import AppendEnvironmentVariable
from launch.launch_description_sources import get_launch_description_from_python_launch_file
context = LaunchContext(argv=[])
for word in sys.argv[2:]:
    name, value = word.split(':=', 1)
    context.launch_configurations[name] = value
for entity in get_launch_description_from_python_launch_file(sys.argv[1]).entities:
    for action in entity.visit(context) or []:
        if isinstance(action, ExecuteProcess):
            words = [part for word in action.cmd for part in word]
            print('node', *[getattr(part, 'text', part.describe()) for part in words])
        elif isinstance(action, IncludeLaunchDescription):
            given = dict(action.launch_arguments)
            print('gazebo', *given.items())
        else:
            print(type(action).__name__)
"""


def fake_gazebo(folder: Path, answer: str) -> dict[str, str]:
    """Return an environment with a `gz` that prints these versions."""
    program = folder / 'gz'
    program.write_text(f'#!/bin/sh\nprintf "{answer}"\n')
    program.chmod(0o755)
    return {**os.environ, 'PATH': f'{folder}{os.pathsep}{os.environ["PATH"]}'}


def test_harmonic_is_accepted(tmp_path: Path) -> None:
    check_gazebo(fake_gazebo(tmp_path, '9.1.0\\n8.6.0\\n'))


@pytest.mark.parametrize(
    ('answer', 'named'),
    [('9.1.0\\n', 'given versions 9.1'), ('', 'given no `gz sim`')],
    ids=['another version', 'gz without sim'],
)
def test_another_version_is_refused(answer: str, named: str, tmp_path: Path) -> None:
    environment = fake_gazebo(tmp_path, answer)
    named = named.replace('9.1', '9')
    with pytest.raises(ConfigurationError, match=f'{named}; accepted: Gazebo Harmonic: sudo apt'):
        check_gazebo(environment)


def test_missing_gazebo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='gz: not found in PATH; accepted: Gazebo Harm'):
        check_gazebo({'PATH': str(tmp_path)})


def test_arguments_are_the_nodes_parameters() -> None:
    """The agent's but for three defaults; those of gazebo_robot as its dataclass has them."""
    own = {'use_sim_time', 'robot_timeout_s', 'spool_folder'}
    for item, other in zip(GAZEBO_AGENT, AGENT, strict=True):
        assert item == other or item.name in own
    fields = {item.name: item for item in dataclasses.fields(GazeboRobotParameters)}
    for item in GAZEBO_LAUNCH:
        if item.name in ('lockstep', 'timeout_s'):
            assert type(item.default) is type(fields[item.name].default)
    spec = gazebo_robot('pendulum', 'w', lockstep=True, bridge='b', step_s=0.001, timeout_s=1.0)
    assert set(spec.parameters) <= fields.keys()
    assert all(item.metadata['description'] for item in fields.values())


def load(
    workspace: Path, environment: dict[str, str], *words: str
) -> 'subprocess.CompletedProcess[str]':
    """Load the launch file with the real launch system."""
    file = str(workspace / 'launch' / 'gazebo.launch.py')
    return subprocess.run(
        [sys.executable, '-c', LOAD, file, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(bool(NO_LAUNCH), reason=NO_LAUNCH or 'never')
@pytest.mark.parametrize('robot', ['pendulum', 'diff_drive', 'quadruped_gazebo'])
@pytest.mark.parametrize('mode', ['lockstep', 'free'])
def test_the_real_launch_loads_it(robot: str, mode: str, workspace: Path, tmp_path: Path) -> None:
    free = ['lockstep:=false', 'headless:=true', 'real_time_factor:=2.5']
    words = [f'robot:={robot}', f'run_folder:={tmp_path}', 'journal_keep_gb:=7']
    done = load(
        workspace,
        fake_gazebo(tmp_path, '8.6.0\\n'),
        *words,
        *(free if mode == 'free' else []),
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert text.count('rl_agent.nodes.gazebo_robot_node') == 1
    assert text.count('rl_agent.nodes.agent_node') == 1
    for node in ('learner_node', 'recorder_node', 'replay_bridge_node'):
        assert text.count(f'rl_learner.nodes.{node}') == 1
    assert text.count('journal_keep_gb:=7.0') == 1
    assert 'parameter_bridge' in text
    world = robot.removesuffix('_gazebo')
    assert f'/world/{world}_world/control@ros_gz_interfaces/srv/ControlWorld' in text
    assert f'world:="{world}_world"' in text
    assert f'lockstep:={str(mode == "lockstep").lower()}' in text
    (line,) = [line for line in text.splitlines() if line.startswith('gazebo')]
    assert f'{world}.sdf' in line
    assert (' -r -s --headless-rendering' in line) == (mode == 'free')
    assert "('gz_version', '8')" in line


@pytest.mark.skipif(bool(NO_LAUNCH), reason=NO_LAUNCH or 'never')
@pytest.mark.parametrize(
    ('words', 'named'),
    [
        (['robot:=arm'], 'arm.sdf: no such file'),
        (['world:=/no/world.sdf'], '/no/world.sdf: no such file'),
        (['model:=pendulun'], 'pendulun.sdf: no such file'),
        (['real_time_factor:=fast'], "real_time_factor: given 'fast'; accepted: a number"),
        (['real_time_factor:=-1'], 'real_time_factor: given -1; accepted: above 0, or 0'),
    ],
)
def test_mistakes_are_reported(
    words: list[str], named: str, workspace: Path, tmp_path: Path
) -> None:
    done = load(workspace, fake_gazebo(tmp_path, '8.6.0\\n'), *words)
    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.skipif(bool(NO_LAUNCH), reason=NO_LAUNCH or 'never')
def test_a_world_path_with_spaces_is_one_word_for_the_shell(
    workspace: Path, tmp_path: Path
) -> None:
    """ros_gz_sim starts Gazebo through a shell."""
    source = workspace / 'config' / 'worlds' / 'pendulum.sdf'
    world = shutil.copy(source, tmp_path / "Ada's world.sdf")
    done = load(
        workspace, fake_gazebo(tmp_path, '8.6.0\\n'), f'world:={world}', f'run_folder:={tmp_path}'
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith('gazebo')]
    (words,) = [
        value
        for name, value in map(literal_eval, re.findall(r'\(.*?\)', line))
        if name == 'gz_args'
    ]
    assert [Path(word).name for word in shlex.split(words)] == ["Ada's world.sdf"]
