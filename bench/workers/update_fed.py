# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed by Reverb as in the learner: a worker of the `replay` benchmark."""

import os

from rl_learner.training.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # as the learner does, before torch is imported

import sys

import numpy as np
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port
import torch

from workers.our_update import make_update, random_rows, REPLAY
from workers.timed_worker import serve

PLENTY = 1e6  # samples per insert: the limiter never holds the loop back
PATIENCE_S = 60.0


def main(observation_size: int, action_size: int, threads: int, options: str) -> None:
    """Serve updates of what `options` (JSON) names: preset, overrides, device, CUDA graphs."""
    update = make_update(observation_size, action_size, threads, options)
    block, width = update.algorithm.updates_per_block, update.layout.width
    random = np.random.default_rng(0)
    rows = random_rows(update, random)
    server = ReplayServer(
        free_port(), width=width, capacity=REPLAY, samples_per_insert=PLENTY, warmup=1
    )
    ReplayWriter(server.port).insert(rows, timeout_s=PATIENCE_S)
    sampler = ReplaySampler(
        server, width=width, batch_size=update.algorithm.batch_size, updates_per_block=block
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
