# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Interquartile means over seeds and tasks with bootstrap intervals (arXiv:2108.13264).

A few runs rank nothing by their means: one lucky seed decides. The interquartile mean leaves out
the lowest and the highest quarter of all runs, and its interval says how sure it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Scores = Mapping[str, NDArray[np.float64]]  # by task, (seed,)
# Returns with the scores 0 and 1. The MuJoCo tasks' 1 is what XQC publishes after 50,000 steps of
# their version 4; the pendulum's 0 is about the return of a random policy.
REFERENCE = {
    'Pendulum-v1': (-1200.0, -150.0),
    'Hopper-v5': (0.0, 2735.0),
    'HalfCheetah-v5': (0.0, 6754.0),
    'Walker2d-v5': (0.0, 2374.0),
    'Ant-v5': (0.0, 1249.0),
}
_RESAMPLES = 5000
_CONFIDENCE = (2.5, 97.5)  # in per cent
_OUTER_QUARTERS = 0.25  # left out on each side


def score(task: str, returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return returns as scores, by `REFERENCE`, of the same shape."""
    low, high = REFERENCE[task]
    return (returns - low) / (high - low)


def interquartile_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the middle half of all values."""
    return float(stats.trim_mean(values, _OUTER_QUARTERS, axis=None))


def interval(scores: Scores) -> tuple[float, float, float]:
    """Return the interquartile mean over all tasks and seeds, and its 95 % interval.

    The bootstrap is stratified: it draws seeds with replacement within each task.

    Args:
        scores: by task, (seed,).
    """
    random = np.random.default_rng(0)
    drawn = [
        values[random.integers(len(values), size=(_RESAMPLES, len(values)))]
        for values in scores.values()
    ]
    means = stats.trim_mean(np.concatenate(drawn, axis=1), _OUTER_QUARTERS, axis=1)
    low, high = np.percentile(means, _CONFIDENCE)
    return interquartile_mean(np.concatenate(list(scores.values()))), float(low), float(high)


def probability_of_improvement(scores: Scores, others: Scores) -> float:
    """Return how likely a run is better than one of another program, mean over common tasks.

    Ties count half (Mann and Whitney).

    Args:
        scores: by task, (seed,).
        others: of the other program, (seed,) each.
    """
    common = [task for task in scores if task in others]
    chances = []
    for task in common:
        difference = scores[task][:, None] - others[task][None, :]
        chances.append(float(np.mean((difference > 0) + 0.5 * (difference == 0))))
    return float(np.mean(chances))


def compare(final: Mapping[str, Scores], programs: Sequence[str]) -> dict[str, Any]:
    """Return the figures over all tasks for each program.

    Args:
        final: scores at the end of the runs, by program and task.
        programs: in order; each is compared with the first one.
    """
    known = [program for program in programs if final.get(program)]
    result: dict[str, Any] = {}
    for program in known:
        mean, low, high = interval(final[program])
        result[program] = {
            'interquartile_mean': round(mean, 3),
            'interval': [round(low, 3), round(high, 3)],
            'runs': sum(len(values) for values in final[program].values()),
        }
        if program != known[0] and set(final[program]) & set(final[known[0]]):
            chance = probability_of_improvement(final[program], final[known[0]])
            result[program][f'better_than_{known[0]}'] = round(chance, 3)
    return result
