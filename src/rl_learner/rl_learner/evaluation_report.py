# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""An evaluation for people and scripts: table, JSON, CSV and pictures."""

from collections.abc import Sequence
import csv
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator
import numpy as np
from rich.table import Table
from rl_learner.evaluation import EvaluatedEpisode, Evaluation, Figures, figures

_MOST_CURVES = 12  # of observations in a picture
_MOST_EPISODES = 10


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return what was judged and what came out, as plain values."""
    seeds = sorted({item.seed for item in evaluation.episodes})
    return {
        'policy': evaluation.policy,
        'version': evaluation.version,
        'updates': evaluation.updates,
        'judged_on': evaluation.judged_on,
        'setting': evaluation.setting,
        'deterministic': evaluation.deterministic,
        'all': asdict(figures(evaluation.returns)),
        'seeds': {str(seed): asdict(figures(_returns(evaluation, seed))) for seed in seeds},
        'returns': [round(value, 4) for value in evaluation.returns],
    }


def as_table(evaluation: Evaluation) -> Table:
    """Return the figures of each seed and of all."""
    kind = 'deterministic' if evaluation.deterministic else 'exploring'
    table = Table(
        title=f'{evaluation.policy}, version {evaluation.version}: {kind} on'
        f' {evaluation.judged_on} ({evaluation.setting})'
    )
    for name in ('seed', 'episodes', 'mean', 'std', '95 % of mean', 'IQM', '95 % of IQM', 'range'):
        table.add_column(name, justify='right', no_wrap=True)
    seeds = sorted({item.seed for item in evaluation.episodes})
    for seed in seeds if len(seeds) > 1 else ():
        table.add_row(str(seed), *_cells(figures(_returns(evaluation, seed))))
    name = 'all' if len(seeds) > 1 else str(seeds[0])
    table.add_row(name, *_cells(figures(evaluation.returns)), style='bold')
    return table


def write_report(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Write evaluation.json, episodes.csv, returns.png and trajectories.png; return the paths."""
    paths = [
        folder / name
        for name in ('evaluation.json', 'episodes.csv', 'returns.png', 'trajectories.png')
    ]
    paths[0].write_text(json.dumps(as_json(evaluation), indent=2) + '\n', encoding='utf-8')
    with paths[1].open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['seed', 'episode', 'steps', 'episode_return', 'terminated'])
        for item in evaluation.episodes:
            row = [item.seed, item.episode, item.steps, item.episode_return, item.terminated]
            writer.writerow(row)
    _draw_returns(paths[2], evaluation)
    _draw_trajectories(paths[3], evaluation)
    return paths


def _returns(evaluation: Evaluation, seed: int) -> list[float]:
    """Return the returns of one seed."""
    return [item.episode_return for item in evaluation.episodes if item.seed == seed]


def _cells(row: Figures) -> list[str]:
    """Return the cells of a row."""
    return [
        str(row.episodes),
        f'{row.mean:.1f}',
        '-' if row.std is None else f'{row.std:.1f}',
        _interval(row.mean_interval),
        f'{row.iqm:.1f}',
        _interval(row.iqm_interval),
        f'{row.lowest:.0f} to {row.highest:.0f}',
    ]


def _interval(bounds: tuple[float, float] | None) -> str:
    """Return an interval as people read it."""
    return '-' if bounds is None else f'{bounds[0]:.1f} to {bounds[1]:.1f}'


def _draw_returns(path: Path, evaluation: Evaluation) -> None:
    """Draw the histogram of the returns, each episode as a tick, mean and IQM with intervals."""
    returns, row = np.array(evaluation.returns), figures(evaluation.returns)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout='constrained')
    axes.hist(returns, bins=max(12, min(40, len(returns) // 2)), color='tab:blue', alpha=0.5)
    low = -0.04 * axes.get_ylim()[1]
    axes.plot(returns, np.full(len(returns), low), '|', color='black', markersize=10)
    top = axes.get_ylim()[1]
    for name, value, interval, colour, height in (
        ('mean', row.mean, row.mean_interval, 'tab:red', 1.08),
        ('interquartile mean', row.iqm, row.iqm_interval, 'tab:green', 1.16),
    ):
        label = f'{name} {value:.1f}'
        if interval:
            label += f', 95 %: {_interval(interval)}'
            axes.plot(interval, [height * top] * 2, color=colour, linewidth=3)
        axes.plot(value, height * top, 'o', color=colour, label=label)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title=_title(evaluation), xlabel='episode return', ylabel='episodes')
    axes.set_ylim(top=1.45 * top)
    axes.legend(fontsize='small', loc='upper left', ncols=2)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_trajectories(path: Path, evaluation: Evaluation) -> None:
    """Draw observations, actions and rewards over the steps, the median episode on top."""
    shown = list(evaluation.episodes[:_MOST_EPISODES])
    middle = sorted(shown, key=lambda item: item.episode_return)[len(shown) // 2]
    names: list[tuple[str, str, int | None]] = [
        *((name, 'observation', i) for i, name in enumerate(evaluation.observation_names)),
        *((f'action {name}', 'action', i) for i, name in enumerate(evaluation.action_names)),
    ]
    rows = [*names[:_MOST_CURVES], *(names[_MOST_CURVES:] and names[-1:])]
    rows = [*rows, ('reward', 'reward', None)]
    columns = 2 if len(rows) > 4 else 1
    lines = -(-len(rows) // columns)
    figure, grid = pyplot.subplots(
        lines,
        columns,
        figsize=(5.0 * columns + 3.0, 1.6 * lines + 0.8),
        layout='constrained',
        sharex=True,
        squeeze=False,
    )
    for axes, (name, key, index) in zip(grid.flat, rows, strict=False):
        for item in shown:
            axes.plot(_values(item, key, index), color='tab:blue', alpha=0.25, linewidth=0.8)
        axes.plot(_values(middle, key, index), color='tab:red', linewidth=1.4)
        axes.set_ylabel(name, fontsize='small')
        axes.grid(alpha=0.3)
    for axes in list(grid.flat)[len(rows) :]:
        axes.set_visible(False)
    for axes in list(grid.flat)[max(0, len(rows) - columns) : len(rows)]:
        axes.set_xlabel('step')
        axes.tick_params(labelbottom=True)
    figure.suptitle(
        f'{_title(evaluation)}\n{len(shown)} episodes; red: return {middle.episode_return:.1f}',
        fontsize='medium',
    )
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _values(item: EvaluatedEpisode, key: str, index: int | None) -> Sequence[float]:
    """Return one curve of an episode, (step,)."""
    values = getattr(item, key)
    curve: Sequence[float] = values if index is None else values[:, index]
    return curve


def _title(evaluation: Evaluation) -> str:
    """Return the title of a picture."""
    kind = 'deterministic' if evaluation.deterministic else 'exploring'
    return (
        f'{evaluation.judged_on} ({evaluation.setting}), policy version {evaluation.version},'
        f' {kind}'
    )
