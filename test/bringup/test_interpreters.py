# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The Python of a node is found, and one that lacks a module is refused."""

import os
from pathlib import Path
import sys

import pytest
from rl_agent.bringup.interpreters import (
    fitting,
    missing,
    robot_interpreter,
    ROBOT_NEEDS,
    ROS_VARIABLES,
    without_ros,
)
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import folders_above
from rl_learner.bringup.interpreters import find_venv, learner_interpreter


def test_variables_of_a_sourced_ros_do_not_reach_the_learner() -> None:
    sourced = dict.fromkeys(ROS_VARIABLES, '/opt/ros/jazzy')
    kept = {'ROS_DOMAIN_ID': '7', 'HOME': '/home/x', 'FASTRTPS_DEFAULT_PROFILES_FILE': 'x.xml'}
    assert without_ros({**sourced, **kept}) == kept
    for name in ('PYTHONPATH', 'LD_LIBRARY_PATH', 'AMENT_PREFIX_PATH'):
        assert name in sourced


def executable(path: Path, text: str = '') -> Path:
    """Make a program that prints a text."""
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nprintf "%s" "{text}"\n', encoding='utf-8')
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is not the current one."""
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


def test_this_interpreter_has_the_modules_of_robots() -> None:
    plain = {name: text for name, text in os.environ.items() if name != 'VIRTUAL_ENV'}
    assert robot_interpreter('', plain).python == sys.executable


def test_an_activated_environment_is_used_if_it_lacks_nothing(tmp_path: Path) -> None:
    """After `source ~/rl_python/bin/activate`, no argument is needed."""
    bare = {**os.environ, 'VIRTUAL_ENV': str(tmp_path)}
    assert robot_interpreter('', bare).python == sys.executable
    (tmp_path / 'bin').mkdir()
    python = tmp_path / 'bin' / 'python'
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding='utf-8')
    python.chmod(0o755)
    assert robot_interpreter('', bare).python == str(python)
    assert robot_interpreter(sys.executable, bare).python == sys.executable


def test_the_workspace_has_an_interpreter_for_learners(workspace: Path) -> None:
    python = learner_interpreter('', os.environ, workspace / 'launch' / 'file').python
    assert python == str(workspace / '.venv' / 'bin' / 'python')


def test_missing_modules_are_listed(tmp_path: Path) -> None:
    (tmp_path / 'old.py').write_text('__version__ = "1.10.14"\n', encoding='utf-8')
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    needs = ('numpy', 'no_such_module', 'old>=2', 'pydantic>=2', 'no_such_other>=3')
    assert missing(sys.executable, environment, needs) == [
        'no_such_module',
        'old 2 or later (it has 1.10.14)',
        'no_such_other 3 or later',
    ]


@pytest.mark.parametrize('python', ['/no/such/python', '/bin/false'])
def test_an_interpreter_that_does_not_run_is_refused(python: str) -> None:
    with pytest.raises(ConfigurationError, match=f'python: given {python}: does not run'):
        missing(python, os.environ, ROBOT_NEEDS)


def test_the_first_fitting_environment_is_used(tmp_path: Path) -> None:
    (tmp_path / 'extra.py').touch()
    bare = dict(os.environ)
    rich = {**bare, 'PYTHONPATH': str(tmp_path)}
    assert fitting(sys.executable, [bare, rich], ['yaml'], '').environment.items() >= bare.items()
    found = fitting(sys.executable, [bare, rich], ['extra'], '')
    assert found.environment['PYTHONPATH'] == str(tmp_path)
    with pytest.raises(ConfigurationError, match='it lacks extra; do this'):
        fitting(sys.executable, [bare], ['extra'], 'do this')


def test_a_robot_python_without_a_library_names_the_fix(tmp_path: Path) -> None:
    """A fake interpreter answers as the one of Ubuntu 24.04 does."""
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
