# Copyright 2026 The rl_learner authors
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

"""The key of a run does not depend on how its folder is named."""

from pathlib import Path
import shutil

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.run.folder import new_run_folder, open_run_folder, run_key


def test_a_run_has_one_key_by_any_path_and_a_copy_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, link, copy = (tmp_path / name for name in ('run', 'link', 'copy'))
    run.mkdir()
    (run / 'replay.json').touch()
    link.symlink_to(run)
    shutil.copytree(run, copy)
    monkeypatch.chdir(tmp_path)
    paths = [run, link, Path('run'), Path('copy/../link')]
    assert {run_key(path) for path in paths} == {f'{run.stat().st_dev}:{run.stat().st_ino}'}
    assert run_key(copy) != run_key(run)
    (run / 'policy.npz').touch()
    assert run_key(run) == run_key(link)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / 'missing'
    with pytest.raises(ConfigurationError, match=f'given {missing}: No such file'):
        run_key(missing)


def test_new_run_folders_are_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    new_run_folder(tmp_path / 'a')
    open_run_folder(tmp_path / 'runs' / 'b')
    (tmp_path / 'c').mkdir(mode=0o755)
    open_run_folder(tmp_path / 'c')
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ('a', 'runs/b', 'c')] == [
        0o700,
        0o700,
        0o755,
    ]
