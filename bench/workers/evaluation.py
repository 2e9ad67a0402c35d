# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How every program is judged: the same episodes, the same line of output."""

from collections.abc import Callable
import json
from typing import Any

import numpy as np

EPISODES = 10


def evaluate(env: Any, act: Callable[[Any], Any], seed: int) -> list[float]:
    """Return the returns of ten deterministic episodes from starts that the seed draws."""
    returns = []
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=seed + episode)
        total, ended = 0.0, False
        while not ended:
            observation, reward, terminated, truncated, _ = env.step(act(observation))
            total += float(reward)
            ended = terminated or truncated
        returns.append(total)
    return returns


def report(step: int, returns: list[float], updates: int, wall_s: float) -> None:
    """Print one evaluation for the benchmark to read."""
    row = {
        'step': step,
        'mean_return': round(float(np.mean(returns)), 3),
        'std_return': round(float(np.std(returns)), 3),
        'updates': updates,
        'wall_s': round(wall_s, 1),
    }
    print(f'evaluation {json.dumps(row)}', flush=True)
