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

"""Either the complete new file or the previous one is there."""

from pathlib import Path

import pytest
from rl_agent.system.atomic_file import atomic_file


def test_a_file_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'file'
    with atomic_file(path) as file:
        file.write(b'first')
        assert not path.exists()
    assert path.read_bytes() == b'first'
    assert path.stat().st_mode & 0o777 == 0o644


def write_half(path: Path) -> None:
    with atomic_file(path) as file:
        file.write(b'half')
        raise ZeroDivisionError


def test_an_error_leaves_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'before')
    with pytest.raises(ZeroDivisionError):
        write_half(path)
    assert [item.name for item in tmp_path.iterdir()] == ['file']
    assert path.read_bytes() == b'before'
