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

"""A changed checkpoint is noticed, whatever changed; those of before the hash are read."""

import hashlib
import logging
from pathlib import Path
import zipfile

import pytest
from rl_agent.errors import TrainingError
from rl_learner.training import checkpoint_file
from rl_learner.training.checkpoint import Checkpoints
import torch

STATE = {'networks': {'actor': torch.arange(3.0)}, 'updates': 7}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'checkpoint_000000000007.pt'
    path.write_bytes(checkpoint_file.encode(STATE))
    return path


def test_every_single_flipped_bit_is_noticed() -> None:
    content = checkpoint_file.encode(STATE)
    silent = []
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            checkpoint_file.decode(bytes(changed))
            silent.append(bit)
        except TrainingError:
            pass
    assert 8 * len(content) > 10_000
    assert silent == []


def test_truncation_and_garbage_are_noticed() -> None:
    content = checkpoint_file.encode(STATE)
    ends = [content[:length] for length in range(len(content))]
    for changed in (*ends, content + b'\0', content + b'garbage' * 20, content + content):
        with pytest.raises(TrainingError):
            checkpoint_file.decode(changed)


def test_a_flipped_bit_names_the_file_and_the_one_before_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({'networks': torch.arange(4.0)}, 1)
    newest = checkpoints.save({'networks': torch.arange(5.0)}, 2)
    content = bytearray(newest.read_bytes())
    content[content.index(torch.arange(5.0).numpy().tobytes()) + 6] ^= 1  # 1.0 becomes 1.0078125
    newest.write_bytes(content)
    altered = torch.load(newest, weights_only=True)['state']['networks']
    assert altered.tolist() == [0.0, 1.0078125, 2.0, 3.0, 4.0]  # PyTorch does not notice
    with caplog.at_level(logging.WARNING):
        loaded = checkpoints.load()
    assert loaded is not None
    assert loaded['networks'].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert f'{newest} cannot be read' in caplog.text
    assert 'at least one bit has changed' in caplog.text


def test_damaged_newer_checkpoints_do_not_push_good_ones_out(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    for updates in (8, 9):
        checkpoints.save(STATE, updates).write_bytes(b'damaged')
    for updates in (1, 2, 3):
        checkpoints.save(STATE, updates)
    assert [int(path.stem[-12:]) for path in checkpoints.paths] == [9, 8, 3, 2]
    assert checkpoints.load() is not None


def test_checkpoints_of_before_the_hash_are_read(path: Path) -> None:
    torch.save({'format': 1, 'state': STATE}, path)
    assert checkpoint_file.read(path)['networks']['actor'].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize('content', [{'format': 2, 'state': {}}, {'format': 1, 'state': 3}, 5])
def test_other_content_without_a_hash_is_refused(path: Path, content: object) -> None:
    torch.save(content, path)
    with pytest.raises(TrainingError):
        checkpoint_file.read(path)


def test_other_programs_read_the_file(path: Path) -> None:
    assert torch.load(path, weights_only=True)['state']['updates'] == 7
    with zipfile.ZipFile(path) as archive:
        label, digest = archive.comment.rsplit(b' ', 1)
        assert archive.testzip() is None
    assert label == b'rl_learner sha256'
    assert digest.decode() == hashlib.sha256(path.read_bytes()[:-64]).hexdigest()
