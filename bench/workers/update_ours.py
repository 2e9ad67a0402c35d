# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, fed from a replay in memory: a worker of `update` and `replay`."""

import numpy as np
from numpy.typing import NDArray

from workers.compared_networks import REPLAY_SIZE
from workers.our_update import make_update, random_rows, serve_update
from workers.timed_worker import worker_arguments


def main() -> None:
    """Serve updates until stdin ends."""
    update = make_update(*worker_arguments())
    shape = (update.algorithm.updates_per_block, update.algorithm.batch_size)
    random = np.random.default_rng(0)
    rows = random_rows(update, random)

    def next_block() -> NDArray[np.float32]:
        block: NDArray[np.float32] = rows[random.integers(REPLAY_SIZE, size=shape)]
        return block

    serve_update(update, next_block)


if __name__ == '__main__':
    main()
