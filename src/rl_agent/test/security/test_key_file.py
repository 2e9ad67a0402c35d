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

"""Key files that others can use are refused, and none is overwritten."""

import os
from pathlib import Path
import stat

import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.security.key_file import (
    missing_keys,
    PUBLIC,
    read_key_file,
    SECRET,
    write_key_file,
)


@pytest.mark.parametrize('permissions', [0o604, 0o602, 0o601, 0o640, 0o620, 0o610, 0o644, 0o777])
def test_a_secret_that_others_may_use_is_refused(tmp_path: Path, permissions: int) -> None:
    path = tmp_path / 'key'
    write_key_file(path, 'text', SECRET)
    assert read_key_file('fleet_key', path, secret=True) == 'text'
    path.chmod(permissions)
    with pytest.raises(ConfigurationError) as caught:
        read_key_file('fleet_key', path, secret=True)
    for words in (f'fleet_key: given {path}', f'{permissions:04o}', f'chmod 600 {path}'):
        assert words in str(caught.value)


def test_a_public_key_may_be_read_but_not_written_by_others(tmp_path: Path) -> None:
    path = tmp_path / 'key'
    write_key_file(path, 'text', PUBLIC)
    assert read_key_file('trusted_keys', path, secret=False) == 'text'
    for permissions in (0o664, 0o646, 0o666):
        path.chmod(permissions)
        with pytest.raises(ConfigurationError, match=f'others may write it.*chmod 644 {path}'):
            read_key_file('trusted_keys', path, secret=False)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe', 0o600)
    for name, words in (
        ('none', 'No such file or directory'),
        ('', 'Is a directory'),
        ('pipe', 'no file'),
    ):
        with pytest.raises(ConfigurationError, match=f'{words}; accepted: a key file'):
            read_key_file('fleet_key', tmp_path / name, secret=True)


def test_a_file_is_written_once_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / 'key'
    before = os.umask(0)
    try:
        write_key_file(path, 'first', SECRET)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match='exists already'):
        write_key_file(path, 'second', SECRET)
    assert path.read_text() == 'first'
    write_key_file(path, 'third', SECRET, replace=True)
    assert path.read_text() == 'third'
    assert [item.name for item in tmp_path.iterdir()] == ['key']
    with pytest.raises(ConfigurationError, match='cannot be written: No such file'):
        write_key_file(tmp_path / 'none' / 'key', 'text', SECRET)


def test_who_has_no_keys_is_told() -> None:
    assert missing_keys(trusted_keys='file', fleet_key='file') == ''
    assert missing_keys(trusted_keys='', fleet_key='file').startswith('no trusted_keys: anyone')
    assert missing_keys(a='', b='').startswith('no a, no b: ')
