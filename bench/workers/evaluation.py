# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How every program is judged: the same episodes, the same line of output."""

from collections.abc import Callable, Iterable
import json
from typing import Any

import numpy as np

EPISODES = 20
_FIRST_START = 1000  # the same starts for every program and seed: differences are theirs

Row = dict[str, float]


def evaluate(env: Any, act: Callable[[Any], Any]) -> list[float]:
    """Return the returns of twenty deterministic episodes, always from the same starts."""
    returns = []
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=_FIRST_START + episode)
        total, ended = 0.0, False
        while not ended:
            observation, reward, terminated, truncated, _ = env.step(act(observation))
            total += float(reward)
            ended = terminated or truncated
        returns.append(total)
    return returns


def summed_up(step: int, returns: list[float], updates: int, wall_s: float) -> Row:
    """Return one evaluation as a row of the results."""
    return {
        'step': step,
        'mean_return': round(float(np.mean(returns)), 3),
        'std_return': round(float(np.std(returns)), 3),
        'updates': updates,
        'wall_s': round(wall_s, 1),
    }


def report(rows: Iterable[Row]) -> None:
    """Print the evaluations of a run for the benchmark to read."""
    for row in rows:
        print(f'evaluation {json.dumps(row)}', flush=True)
