# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""ROS starts even if the home folder cannot be written."""

from pathlib import Path

import pytest
from rl_agent.system.log_folder import log_folder_error, log_variables

NAMES = ('ROS_LOG_DIR', 'ROS_HOME', 'HOME')


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file, in which not even root can create a folder; unset all variables."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / 'file'
    path.touch()
    return path


@pytest.mark.parametrize(
    ('name', 'created'), [('ROS_LOG_DIR', ''), ('ROS_HOME', 'log'), ('HOME', '.ros/log')]
)
def test_the_folder_is_created_as_ros_would(
    name: str, created: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / 'a' / 'b'))
    assert log_variables(tmp_path) == {}
    assert list((tmp_path / 'a' / 'b' / created).iterdir()) == []
    monkeypatch.setenv(name, str(file))
    assert log_folder_error().startswith(f'{file / created}: ')
    assert log_variables(tmp_path) == {'ROS_LOG_DIR': str(tmp_path)}


def test_variables_have_an_order(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, str(file))
    monkeypatch.setenv('ROS_LOG_DIR', '')  # as if it were not set
    monkeypatch.setenv('ROS_HOME', str(tmp_path / 'home'))
    assert log_folder_error() == ''


def test_a_folder_in_which_no_file_can_be_created(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_LOG_DIR', '/proc/self')
    assert log_folder_error() == '/proc/self: No such file or directory'


@pytest.mark.usefixtures('file')
def test_without_home_there_is_no_folder() -> None:
    assert log_folder_error() == '~/.ros/log: HOME is not set'


def test_a_relative_folder_becomes_absolute(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_LOG_DIR', str(file))
    monkeypatch.chdir(tmp_path)
    assert log_variables(Path('logs')) == {'ROS_LOG_DIR': str(tmp_path / 'logs')}
