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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Checkpoints are written atomically, the newest few are kept, damaged ones are skipped."""

import logging
import subprocess
import sys

import pytest
from rl_agent.errors import TrainingError
from rl_learner.training.checkpoint import Checkpoints
import torch


def state(value):
    """Return a small state."""
    return {'networks': {'actor': torch.full((3,), float(value))}, 'updates': value}


def test_newest_checkpoints_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path / 'new', keep=2)
    assert checkpoints.load() is None
    for updates in (1, 20, 300, 4000):
        checkpoints.save(state(updates), updates)
    assert [path.name for path in checkpoints.paths] == [
        'checkpoint_000000004000.pt',
        'checkpoint_000000000300.pt',
    ]
    loaded = checkpoints.load()
    assert loaded['updates'] == 4000
    assert loaded['networks']['actor'].tolist() == [4000.0] * 3


@pytest.mark.parametrize('damage', [b'', b'not a checkpoint', None])
def test_damaged_newest_checkpoint_is_skipped_with_a_warning(tmp_path, caplog, damage):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(1), 1)
    newest = checkpoints.save(state(2), 2)
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        assert checkpoints.load()['updates'] == 1
    assert str(newest) in caplog.text


def test_error_if_all_checkpoints_are_damaged(tmp_path, caplog):
    checkpoints = Checkpoints(tmp_path)
    path = checkpoints.save(state(1), 1)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(TrainingError, match='none of 1 checkpoints can be read') as raised:
        checkpoints.load()
    assert 'the oldest: PytorchStreamReader failed' in str(raised.value)
    assert len(str(raised.value)) < 300 + len(str(tmp_path))
    assert not caplog.text  # reported only once


def test_code_in_a_checkpoint_is_not_executed(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    path = checkpoints.save(state(1), 1)

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / 'touched'), 'w'))

    torch.save({'format': 1, 'state': Evil()}, path)  # a format without a hash
    with pytest.raises(TrainingError):
        checkpoints.load()
    assert not (tmp_path / 'touched').exists()


def test_nonfinite_tensors_are_not_written(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(1), 1)
    broken = state(2)
    broken['networks']['actor'][1] = float('nan')
    with pytest.raises(TrainingError, match=r'networks.actor is not finite'):
        checkpoints.save(broken, 2)
    assert checkpoints.load()['updates'] == 1


CUT_SHORT = """
import pathlib, resource, sys
import torch
from rl_agent.errors import DiskError
from rl_learner.training.checkpoint import Checkpoints
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    Checkpoints(pathlib.Path(sys.argv[1])).save({'a': torch.zeros(100_000)}, 1)
except DiskError as error:
    sys.exit(f'DiskError: {error}')
"""


def test_disk_that_fills_up_during_a_write_raises_disk_error(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', CUT_SHORT, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stderr.startswith('DiskError: ')
    assert done.stderr.strip().endswith('cannot be written: [Errno 27] File too large')
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_no_file_behind(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(1), 1)

    def fail(*_):
        raise OSError('disk full')

    monkeypatch.setattr('os.fsync', fail)
    with pytest.raises(TrainingError, match='disk full'):
        checkpoints.save(state(2), 2)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ['checkpoint_000000000001.pt']
    assert checkpoints.load()['updates'] == 1
