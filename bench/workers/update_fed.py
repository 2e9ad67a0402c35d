# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed by Reverb as in the learner: a worker of the `replay` benchmark."""

import numpy as np
from numpy.typing import NDArray
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

from workers.compared_networks import REPLAY_SIZE
from workers.our_update import make_update, random_rows, serve_update
from workers.timed_worker import worker_arguments

SAMPLES_PER_INSERT = 1e6  # so many that the limiter never delays the updates
TIMEOUT_S = 60.0


def main() -> None:
    """Serve updates until stdin ends."""
    update = make_update(*worker_arguments())
    width = update.layout.width
    rows = random_rows(update, np.random.default_rng(0))
    server = ReplayServer(
        free_port(),
        width=width,
        capacity=REPLAY_SIZE,
        samples_per_insert=SAMPLES_PER_INSERT,
        warmup=1,
    )
    ReplayWriter(server.port).insert(rows, timeout_s=TIMEOUT_S)
    sampler = ReplaySampler(
        server,
        width=width,
        batch_size=update.algorithm.batch_size,
        updates_per_block=update.algorithm.updates_per_block,
    )

    def next_block() -> NDArray[np.float32]:
        block = sampler.next_block(TIMEOUT_S)
        assert block is not None
        return block

    serve_update(update, next_block)
    sampler.stop()
    server.stop()


if __name__ == '__main__':
    main()
