# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""When the training loop keeps its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import queue
import threading
import time

import numpy as np
from rl_learner.algorithm import load_algorithm
from rl_learner.checkpoint import Checkpoints
from rl_learner.learner import Learner, LearnerSettings
from rl_learner.replay_sampler import Rows
from rl_learner.run_folder import CHECKPOINTS
from rl_learner.training_pace import TrainingPace
from rl_learner.update import Update

PERIOD_S = 0.5


class Blocks:
    """Data that comes when the test says so."""

    def __init__(self) -> None:
        """Begin without data."""
        self._blocks: queue.Queue[Rows] = queue.Queue()

    def put(self, width: int) -> None:
        """Give one block."""
        rows = np.random.default_rng(0).normal(size=(1, 16, width)).astype(np.float32)
        self._blocks.put(rows)

    def next_block(self, timeout_s: float) -> Rows | None:
        """Return a block, or None if there is none in time."""
        try:
            return self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None


@contextmanager
def training(learner: Learner) -> Iterator[None]:
    """Let a learner train meanwhile."""
    thread = threading.Thread(target=learner.run)
    thread.start()
    try:
        yield
    finally:
        learner.stop()
        thread.join()


def test_what_was_trained_before_the_data_ran_out_is_kept_while_it_waits(tmp_path: Path) -> None:
    """A learner that is killed hours after the last robot left has all of its updates."""
    sizes = {'critic_hidden_sizes': [8], 'actor_hidden_sizes': [8], 'batch_size': 16}
    update = Update(load_algorithm('sac', sizes), 3, 1, seed=0)
    learner = Learner(
        update,
        TrainingPace(16.0, 16, warmup=0),
        lambda policy: None,
        tmp_path,
        LearnerSettings(publish_period_s=0.01, checkpoint_period_s=PERIOD_S),
    )
    blocks, checkpoints = Blocks(), Checkpoints(tmp_path / CHECKPOINTS)
    learner.connect(blocks, lambda: 3)
    for _ in range(3):
        blocks.put(update.layout.width)
    deadline_s = time.monotonic() + 20.0
    with training(learner):
        while not checkpoints.paths and time.monotonic() < deadline_s:
            time.sleep(0.05)
        (path,) = checkpoints.paths
        assert path.name == f'checkpoint_{3:012d}.pt'
        written_ns = path.stat().st_mtime_ns
        time.sleep(2.0 * PERIOD_S + 0.4)
        assert checkpoints.paths == [path]
        assert path.stat().st_mtime_ns == written_ns, 'nothing new: nothing to write'
