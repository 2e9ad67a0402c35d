# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed from a replay in memory: a worker of the `update` benchmark."""

import json
import sys

import numpy as np
from rl_learner.algorithm import load_algorithm
from rl_learner.update import Update
import torch

from workers.timed_worker import serve

REPLAY = 50_000


def main(observation_size: int, action_size: int, threads: int, options: str) -> None:
    """Serve updates of what `options` (JSON) names: preset, overrides, device, CUDA graphs."""
    torch.set_num_threads(threads)
    preset, overrides, device, cuda_graphs = json.loads(options)
    update = Update(
        load_algorithm(preset, overrides),
        observation_size,
        action_size,
        seed=0,
        device=device,
        cuda_graphs=cuda_graphs,
    )
    block, batch = update.algorithm.updates_per_block, update.algorithm.batch_size
    random = np.random.default_rng(0)
    rows = random.standard_normal((REPLAY, update.layout.width), np.float32)
    rows[:, update.layout.slices['action']] = np.tanh(rows[:, update.layout.slices['action']])
    rows[:, update.layout.slices['terminated']] = 0.0
    rows[:, update.layout.slices['num_steps']] = 1.0

    def run(updates: int) -> None:
        for _ in range(updates // block):
            chosen = random.integers(REPLAY, size=(block, batch))
            update.run(torch.from_numpy(rows[chosen]))
        update.metrics()  # waits for the device, and checks that the numbers are finite

    serve(run, warm_up=5 * block)


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
