# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Evaluation shared by all programs: the same episodes and the same output."""

from collections.abc import Callable
import json
import time
from typing import Any

import numpy as np

EPISODES = 20
_FIRST_SEED = 1000  # the same initial states for every program and seed

Row = dict[str, float]


def evaluate(env: Any, act: Callable[[Any], Any]) -> list[float]:
    """Return the returns of `EPISODES` deterministic episodes, with the same seeds every time."""
    returns = []
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=_FIRST_SEED + episode)
        total, ended = 0.0, False
        while not ended:
            observation, reward, terminated, truncated, _ = env.step(act(observation))
            total += float(reward)
            ended = terminated or truncated
        returns.append(total)
    return returns


class Curve:
    """The evaluations of a run, including those before an interruption."""

    def __init__(self, rows: list[Row]) -> None:
        """Continue after the given evaluations and their wall time."""
        self.rows = rows
        self._saved_rows = len(rows)
        self._started_s = time.monotonic() - (rows[-1]['wall_s'] if rows else 0.0)

    @property
    def has_unsaved_rows(self) -> bool:
        """Whether there is an evaluation since `mark_saved`."""
        return len(self.rows) > self._saved_rows

    def mark_saved(self) -> None:
        """Record that the run so far has been saved."""
        self._saved_rows = len(self.rows)

    def add(self, step: int, returns: list[float], updates: int) -> None:
        """Add an evaluation as a row of the results."""
        self.rows.append(
            {
                'step': step,
                'mean_return': round(float(np.mean(returns)), 3),
                'std_return': round(float(np.std(returns)), 3),
                'updates': updates,
                'wall_s': round(time.monotonic() - self._started_s, 1),
            }
        )

    def report(self) -> None:
        """Print the evaluations, one per line, for the benchmark."""
        for row in self.rows:
            print(f'evaluation {json.dumps(row)}', flush=True)
