# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed from a replay in memory: a worker of the `update` benchmark."""

import os

from rl_learner.training.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # as the learner does, before torch is imported

import sys

import numpy as np
import torch

from workers.our_update import make_update, random_rows, REPLAY
from workers.timed_worker import serve


def main(observation_size: int, action_size: int, threads: int, options: str) -> None:
    """Serve updates of what `options` (JSON) names: preset, overrides, device, CUDA graphs."""
    update = make_update(observation_size, action_size, threads, options)
    block, batch = update.algorithm.updates_per_block, update.algorithm.batch_size
    random = np.random.default_rng(0)
    rows = random_rows(update, random)

    def run(updates: int) -> None:
        for _ in range(updates // block):
            chosen = random.integers(REPLAY, size=(block, batch))
            update.run(torch.from_numpy(rows[chosen]))
        update.metrics()  # waits for the device, and checks that the numbers are finite

    serve(run, warm_up=5 * block)


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
