# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""This project's update, and rows to feed it with: what several benchmarks' workers share."""

import json

import numpy as np
from numpy.typing import NDArray
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.training.update import Update
import torch

REPLAY = 50_000


def make_update(observation_size: int, action_size: int, threads: int, options: str) -> Update:
    """Return the update of what `options` (JSON) names: preset, overrides, device, CUDA graphs."""
    torch.set_num_threads(threads)
    preset, overrides, device, cuda_graphs = json.loads(options)
    return Update(
        load_algorithm(preset, overrides),
        observation_size,
        action_size,
        seed=0,
        device=device,
        cuda_graphs=cuda_graphs,
    )


def random_rows(update: Update, random: np.random.Generator) -> NDArray[np.float32]:
    """Return a replay of random transitions, (REPLAY, width)."""
    slices = update.layout.slices
    rows = random.standard_normal((REPLAY, update.layout.width), np.float32)
    rows[:, slices['action']] = np.tanh(rows[:, slices['action']])
    rows[:, slices['terminated']] = 0.0
    rows[:, slices['num_steps']] = 1.0
    return rows
