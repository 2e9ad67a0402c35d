# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Learning curves with confidence bands over seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
import numpy as np
from scipy import stats

from results.aggregates import interquartile_mean, score

Rows = Sequence[dict[str, str]]
Curves = dict[str, dict[str, list[tuple[int, float]]]]  # by program and seed
GOOD = {'Pendulum-v1': -200.0}


def draw(
    rows: Rows, tasks: Mapping[str, int], programs: Sequence[str], folder: Path, name: str
) -> None:
    """Plot each task.

    Args:
        rows: of all runs.
        tasks: steps of the runs to plot, by task.
        programs: to plot, in this order.
        folder: of the plots.
        name: suffix of the file names; may be empty.
    """
    for task, steps in tasks.items():
        curves = _curves(rows, task, steps, programs)
        if curves:
            stem = f'learning_{task}_{name}'.removesuffix('_')
            _draw_one(task, curves, folder / f'{stem}.png')


def _draw_one(task: str, curves: Curves, file: Path) -> None:
    """Plot one task: mean over seeds with a 95 % bootstrap band."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout='constrained')
    for program, seeds in curves.items():
        steps, returns = _matrix(seeds)
        low, high = _band(returns)
        label = program.replace('+', ', ').replace('learning_rate', 'rate')
        line = axes.plot(steps, returns.mean(axis=0), label=f'{label} ({len(returns)})')
        axes.fill_between(steps, low, high, alpha=0.2, color=line[0].get_color())
    axes.set(
        title=f'{task}: 20 deterministic episodes, mean over (seeds), 95 % band',
        xlabel='steps',
        ylabel='mean return',
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def summarise(rows: Rows, tasks: Mapping[str, int], programs: Sequence[str]) -> dict[str, Any]:
    """Return the final mean and standard deviation over seeds, for each task and program.

    Args:
        rows: of all runs.
        tasks: steps of the runs to summarise, by task.
        programs: to summarise.
    """
    summary: dict[str, Any] = {}
    for task, steps in tasks.items():
        curves = _curves(rows, task, steps, programs)
        summary[task] = {
            program: _figures(task, *_matrix(seeds)) for program, seeds in curves.items()
        }
    return summary


def final_scores(
    rows: Rows, tasks: Mapping[str, int], programs: Sequence[str]
) -> dict[str, dict[str, 'np.ndarray[Any, Any]']]:
    """Return the scores at the end of the runs, (seed,), by program and task.

    Args:
        rows: of all runs.
        tasks: steps of the runs, by task.
        programs: to look for.
    """
    scores: dict[str, dict[str, np.ndarray[Any, Any]]] = {program: {} for program in programs}
    for task, steps in tasks.items():
        for program, seeds in _curves(rows, task, steps, programs).items():
            scores[program][task] = score(task, _matrix(seeds)[1][:, -1])
    return scores


def _figures(
    task: str, steps: 'np.ndarray[Any, Any]', returns: 'np.ndarray[Any, Any]'
) -> dict[str, Any]:
    """Return the figures of one program on one task."""
    last = returns[:, -1]
    figures: dict[str, Any] = {
        'seeds': len(last),
        'final_mean': round(float(last.mean()), 1),
        'final_std': round(float(last.std()), 1),
        'final_interquartile_mean': round(interquartile_mean(last), 1),
        'final': [round(float(value), 1) for value in last],
    }
    if task in GOOD:
        good = returns >= GOOD[task]
        figures['seeds_ever_good'] = int(good.any(axis=1).sum())
        figures['seeds_good_at_the_end'] = int(good[:, -1].sum())
        first = [int(steps[row.argmax()]) if row.any() else None for row in good]
        figures['steps_to_good'] = first
    return figures


def _curves(rows: Rows, task: str, steps: int, programs: Sequence[str]) -> Curves:
    """Return the curves of a task's runs with the given steps, in the programs' order."""
    curves: Curves = {program: defaultdict(list) for program in programs}
    for row in rows:
        if row['task'] == task and int(row['steps']) == steps and row['program'] in curves:
            point = (int(row['step']), float(row['mean_return']))
            curves[row['program']][row['seed']].append(point)
    return {program: seeds for program, seeds in curves.items() if seeds}


def _matrix(
    curves: dict[str, list[tuple[int, float]]],
) -> tuple['np.ndarray[Any, Any]', 'np.ndarray[Any, Any]']:
    """Return steps, (evaluation,), and returns, (seed, evaluation)."""
    points = np.array([curves[seed] for seed in sorted(curves, key=int)])
    return points[0, :, 0], points[:, :, 1]


def _band(
    returns: 'np.ndarray[Any, Any]',
) -> tuple['np.ndarray[Any, Any]', 'np.ndarray[Any, Any]']:
    """Return the 95 % confidence interval of the mean over seeds, (evaluation,) each."""
    if len(returns) < 2:
        return returns[0], returns[0]
    result = stats.bootstrap(
        (returns,), np.mean, axis=0, n_resamples=2000, method='percentile', rng=0
    )
    low, high = result.confidence_interval
    return np.asarray(low), np.asarray(high)
