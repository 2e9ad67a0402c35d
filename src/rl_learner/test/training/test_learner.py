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

"""When the training loop saves and publishes, and what happens if the disk is full."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
import errno
import logging
from pathlib import Path
import queue
import threading
import time
from typing import BinaryIO

import numpy as np
import pytest
from rl_agent.array_types import Float32Array
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.run.folder import CHECKPOINTS
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.learner import Learner, LearnerSettings
from rl_learner.training.training_pace import TrainingPace
from rl_learner.training.update import Update

PERIOD_S = 0.5


class Blocks:
    """A block source that the test fills."""

    def __init__(self) -> None:
        """Start without data."""
        self._blocks: queue.Queue[Float32Array] = queue.Queue()

    def put(self, width: int) -> None:
        """Add one block."""
        rows = np.random.default_rng(0).normal(size=(1, 16, width)).astype(np.float32)
        self._blocks.put(rows)

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return a block, or None if none arrives in time."""
        try:
            return self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None


@contextmanager
def training(learner: Learner) -> Iterator[None]:
    """Run a learner during the `with` block."""
    thread = threading.Thread(target=learner.run)
    thread.start()
    try:
        yield
    finally:
        learner.stop()
        thread.join()


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline_s, f'timed out: {what}'
        time.sleep(0.02)


def make(folder: Path, published: list[int]) -> tuple[Learner, Update, Blocks]:
    """Return a small learner, its update and its data; published versions are appended."""
    sizes = {'critic_hidden_sizes': [8], 'actor_hidden_sizes': [8], 'batch_size': 16}
    update, blocks = Update(load_algorithm('sac', sizes), 3, 1, seed=0), Blocks()
    learner = Learner(
        update,
        TrainingPace(16.0, 16, warmup=0),
        lambda policy: published.append(policy.version),
        folder,
        LearnerSettings(publish_period_s=0.01, checkpoint_period_s=PERIOD_S),
    )
    learner.connect(blocks, lambda: 3)
    return learner, update, blocks


def test_updates_before_data_ran_out_are_saved_while_waiting(tmp_path: Path) -> None:
    """A learner killed hours after the last robot left has saved all of its updates."""
    learner, update, blocks = make(tmp_path, [])
    checkpoints = Checkpoints(tmp_path / CHECKPOINTS)
    for _ in range(3):
        blocks.put(update.layout.width)
    with training(learner):
        newest = tmp_path / CHECKPOINTS / f'checkpoint_{3:012d}.pt'
        until(lambda: newest in checkpoints.paths, 'a checkpoint of all updates')
        paths, written_ns = checkpoints.paths, newest.stat().st_mtime_ns
        time.sleep(2.0 * PERIOD_S + 0.4)
        assert checkpoints.paths == paths
        assert newest.stat().st_mtime_ns == written_ns, 'written without new updates'


def test_state_is_waiting_for_data_whatever_was_published_last(tmp_path: Path) -> None:
    """A policy may have been published with the last block before the robots stopped."""
    learner, update, blocks = make(tmp_path, [])
    with training(learner):
        for number in range(1, 4):
            time.sleep(0.05)  # longer than the publishing period
            blocks.put(update.layout.width)
            until(lambda number=number: update.updates == number, 'the update')  # type: ignore
        until(lambda: learner.progress.state == 'waiting for data', 'the state')
        until(lambda: learner.progress.updates_per_s == 0.0, 'the rate')


def test_training_continues_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The learner reports it, retries each period, and saves everything once there is space."""
    published: list[int] = []
    learner, update, blocks = make(tmp_path, published)
    checkpoints, reason = Checkpoints(tmp_path / CHECKPOINTS), 'No space left on device'

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, reason)

    with training(learner), caplog.at_level(logging.INFO):
        blocks.put(update.layout.width)
        until(lambda: bool(checkpoints.paths), 'a checkpoint')
        kept = checkpoints.paths
        monkeypatch.setattr('os.fsync', fail)
        for number in range(2, 6):
            blocks.put(update.layout.width)
            until(lambda number=number: update.updates == number, 'the update')  # type: ignore
            time.sleep(0.5 * PERIOD_S)
        until(lambda: learner.progress.state.startswith('disk: '), 'the state')
        assert reason in learner.progress.state
        assert checkpoints.paths == kept
        before = len(published)
        until(lambda: learner.progress.updates_per_s == 0.0, 'the rate')
        assert learner.progress.state.startswith('disk: ')
        monkeypatch.undo()
        blocks.put(update.layout.width)
        until(lambda: len(checkpoints.paths) == 2, 'a checkpoint')
        until(lambda: not learner.progress.state.startswith('disk: '), 'the state without error')
    assert update.updates == 6
    assert len(published) > before, 'no policies although their versions are reserved'
    logged = [record.getMessage().partition(':')[0] for record in caplog.records]
    assert logged == ['training continues and retries the write', 'written to disk again']


def test_no_policy_is_published_without_a_reserved_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[int] = []
    learner, update, blocks = make(tmp_path, published)
    monkeypatch.setattr(
        'rl_learner.training.policy_versions.atomic_file', lambda path: _fail_to_open(path)
    )
    with training(learner):
        blocks.put(update.layout.width)
        until(lambda: update.updates == 1, 'the update')
        until(lambda: learner.progress.state.startswith('disk: '), 'the state')
        assert not published
        monkeypatch.undo()
        until(lambda: bool(published), 'a policy')
    assert published[0] == 1


def _fail_to_open(path: Path) -> AbstractContextManager[BinaryIO]:
    """Raise as if the disk were full."""
    raise OSError(errno.ENOSPC, 'No space left on device', str(path))
