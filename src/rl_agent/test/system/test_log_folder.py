# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A home that cannot be written does not keep ROS from starting."""

from pathlib import Path

import pytest
from rl_agent.system.log_folder import log_variables, why_no_logs

NAMES = ('ROS_LOG_DIR', 'ROS_HOME', 'HOME')


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file, in which nobody can make a folder, not even root; no variable is set."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / 'file'
    path.touch()
    return path


@pytest.mark.parametrize(
    ('name', 'made'), [('ROS_LOG_DIR', ''), ('ROS_HOME', 'log'), ('HOME', '.ros/log')]
)
def test_the_folder_is_made_as_ros_would(
    name: str, made: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / 'a' / 'b'))
    assert log_variables(tmp_path) == {}
    assert list((tmp_path / 'a' / 'b' / made).iterdir()) == []
    monkeypatch.setenv(name, str(file))
    assert why_no_logs().startswith(f'{file / made}: ')
    assert log_variables(tmp_path) == {'ROS_LOG_DIR': str(tmp_path)}


def test_each_variable_goes_before_the_next(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, str(file))
    monkeypatch.setenv('ROS_LOG_DIR', '')  # as if it were not set
    monkeypatch.setenv('ROS_HOME', str(tmp_path / 'home'))
    assert why_no_logs() == ''


def test_a_folder_in_which_no_file_can_be_made(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_LOG_DIR', '/proc/self')
    assert why_no_logs() == '/proc/self: No such file or directory'


@pytest.mark.usefixtures('file')
def test_without_a_home_there_is_no_folder() -> None:
    assert why_no_logs() == '~/.ros/log: HOME is not set'


def test_a_relative_folder_holds_for_processes_elsewhere(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_LOG_DIR', str(file))
    monkeypatch.chdir(tmp_path)
    assert log_variables(Path('logs')) == {'ROS_LOG_DIR': str(tmp_path / 'logs')}
