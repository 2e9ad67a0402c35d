# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed by Reverb as in the learner: a worker of the `replay` benchmark."""

import json
import sys

import numpy as np
from rl_learner.algorithm import load_algorithm
from rl_learner.ports import free_port
from rl_learner.replay_sampler import ReplaySampler
from rl_learner.replay_server import ReplayServer
from rl_learner.replay_writer import ReplayWriter
from rl_learner.update import Update
import torch

from workers.timed_worker import serve

REPLAY = 50_000
PLENTY = 1e6  # samples per insert: the limiter never holds the loop back
PATIENCE_S = 60.0


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
    block, width = update.algorithm.updates_per_block, update.layout.width
    random = np.random.default_rng(0)
    rows = random.standard_normal((REPLAY, width), np.float32)
    rows[:, update.layout.slices['action']] = np.tanh(rows[:, update.layout.slices['action']])
    rows[:, update.layout.slices['terminated']] = 0.0
    rows[:, update.layout.slices['num_steps']] = 1.0
    server = ReplayServer(
        free_port(), width=width, capacity=REPLAY, samples_per_insert=PLENTY, warmup=1
    )
    ReplayWriter(server.port).insert(rows, timeout_s=PATIENCE_S)
    sampler = ReplaySampler(
        server.port, width=width, batch_size=update.algorithm.batch_size, updates_per_block=block
    )

    def run(updates: int) -> None:
        for _ in range(updates // block):
            fetched = sampler.next_block(PATIENCE_S)
            assert fetched is not None
            update.run(torch.from_numpy(fetched))
        update.metrics()  # waits for the device, and checks that the numbers are finite

    serve(run, warm_up=5 * block)
    sampler.stop()
    server.stop()


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
