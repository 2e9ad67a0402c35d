# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How every program is judged: the same episodes, the same line of output."""

from collections.abc import Callable
import json
import time
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


class Curve:
    """The evaluations of a run, those before an interruption included."""

    def __init__(self, rows: list[Row]) -> None:
        """Go on after these evaluations, with their time on the clock."""
        self.rows = rows
        self._kept = len(rows)
        self._begun_s = time.monotonic() - (rows[-1]['wall_s'] if rows else 0.0)

    @property
    def has_grown(self) -> bool:
        """Whether there is an evaluation that `kept` does not know of."""
        return len(self.rows) > self._kept

    def kept(self) -> None:
        """Note that the run so far lies on the disk."""
        self._kept = len(self.rows)

    def add(self, step: int, returns: list[float], updates: int) -> None:
        """Add an evaluation as a row of the results."""
        self.rows.append(
            {
                'step': step,
                'mean_return': round(float(np.mean(returns)), 3),
                'std_return': round(float(np.std(returns)), 3),
                'updates': updates,
                'wall_s': round(time.monotonic() - self._begun_s, 1),
            }
        )

    def report(self) -> None:
        """Print the evaluations for the benchmark to read."""
        for row in self.rows:
            print(f'evaluation {json.dumps(row)}', flush=True)
