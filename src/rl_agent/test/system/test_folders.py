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

"""Names cannot leave their folder, and new folders are private."""

import os
from pathlib import Path
import stat

import pytest
from rl_agent.configuration import find_file
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import checked_namespace, folder_name, make_private_folder

BAD_NAMES = [
    '',
    '.',
    '..',
    '...',
    '../x',
    '.hidden',
    'a\0b',
    'a\nb',
    'x' * 201,
    'ä' * 40,
    '\ud800',
]


@pytest.mark.parametrize('name', BAD_NAMES)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        folder_name(name, 'robot_id')
    text = str(refused.value)
    assert text.startswith('robot_id: given ')
    assert 'accepted: 1 to 200 printable characters' in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ('name', 'encoded'),
    [
        ('robot_1', 'robot_1'),
        ('fleet/robot_1', 'fleet%2Frobot_1'),  # of a namespace; as always
        ('a/../..', 'a%2F..%2F..'),
        ('/etc', '%2Fetc'),
        ('Jürgen 2', 'J%C3%BCrgen%202'),
        ('x' * 200, 'x' * 200),
    ],
)
def test_others_stay_within_their_folder(tmp_path: Path, name: str, encoded: str) -> None:
    assert folder_name(name, 'robot_id') == encoded
    path = tmp_path / folder_name(name, 'robot_id')
    path.mkdir()
    assert path.resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize(
    'name', ['..', 'a/../b', 'a b', '1a', 'a//b', 'a\0', 'ä', 'x' * 201, 'a~']
)
def test_bad_namespaces_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r'^--namespace: given .*; accepted: letters'):
        checked_namespace(name, '--namespace')


def test_namespaces_lose_their_outer_slashes() -> None:
    for name, inner in (('', ''), ('/', ''), ('/fleet/robot_1/', 'fleet/robot_1')):
        assert checked_namespace(name, '--namespace') == inner


@pytest.mark.parametrize(
    'name', ['../robots/pendulum', '..', '', 'x' * 300, 'a\0', 'x' * 300 + '.yaml']
)
def test_names_of_configuration_files_are_no_paths(name: str) -> None:
    with pytest.raises(ConfigurationError):
        find_file('robots', name)


def test_new_folders_are_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        make_private_folder(tmp_path / 'runs' / 'first')
        (tmp_path / 'shared').mkdir(mode=0o755)
        make_private_folder(tmp_path / 'shared')
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE((tmp_path / name).stat().st_mode)
        for name in ('runs', 'runs/first', 'shared')
    }
    assert modes == {'runs': 0o755, 'runs/first': 0o700, 'shared': 0o755}
