# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update and random rows for it, shared by the workers of several benchmarks."""

import os

from rl_learner.system.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # as in the learner, before torch is imported

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.training.update import Update
import torch

from workers.compared_networks import (
    ACTION_SIZE,
    IMAGE_REPLAY_SIZE,
    OBSERVATION_SIZE,
    REPLAY_SIZE,
)
from workers.timed_worker import serve

_WARM_UP_BLOCKS = 5


def make_update(threads: int, options: Any) -> Update:
    """Return the update for `options`: preset, overrides, device, whether to use CUDA graphs."""
    torch.set_num_threads(threads)
    preset, overrides, device, cuda_graphs = options
    return Update(
        load_algorithm(preset, overrides),
        OBSERVATION_SIZE,
        ACTION_SIZE,
        seed=0,
        device=device,
        cuda_graphs=cuda_graphs,
    )


def random_rows(update: Update, random: np.random.Generator) -> NDArray[np.float32]:
    """Return a replay of random transitions, (row, width): REPLAY_SIZE, fewer with images."""
    slices, size = update.layout.slices, REPLAY_SIZE
    if update.layout.pixels is not None:
        size = IMAGE_REPLAY_SIZE
    rows = random.standard_normal((size, update.layout.width), np.float32)
    rows[:, slices['action']] = np.tanh(rows[:, slices['action']])
    rows[:, slices['terminated']] = 0.0
    rows[:, slices['num_steps']] = 1.0
    return rows


def serve_update(update: Update, next_block: Callable[[], NDArray[np.float32]]) -> None:
    """Serve timed updates.

    Args:
        update: the networks and their update.
        next_block: returns the rows of a block, (update, batch, width).
    """
    block_size = update.algorithm.updates_per_block

    def run(updates: int) -> None:
        for _ in range(updates // block_size):
            update.run(torch.from_numpy(next_block()))
        update.metrics()  # waits for the device and checks that all numbers are finite

    serve(run, warm_up=_WARM_UP_BLOCKS * block_size)
