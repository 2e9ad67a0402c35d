# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Pictures of an evaluation: how the returns are spread, and what the episodes look like."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
import numpy as np
from numpy.typing import NDArray
from rl_learner.evaluation import Evaluation, figures, interval_text

_MOST_SINGLE = 10  # numbers of a robot that get a panel each; of more, a field has one
_MOST_EPISODES = 10
_MOST_NAMED = 16  # lines of a panel
_NARROWEST = 0.02  # of the returns' size: below that, differences are not worth a picture
_PANEL_INCHES = 1.7


def draw_returns(path: Path, evaluation: Evaluation) -> None:
    """Draw the histogram of the returns, each episode as a tick, mean and IQM with intervals."""
    returns, row = np.array(evaluation.returns), figures(evaluation.returns)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout='constrained')
    axes.hist(
        returns,
        bins=max(12, min(40, len(returns) // 2)),
        range=_range(returns),
        color='tab:blue',
        alpha=0.5,
    )
    low = -0.04 * axes.get_ylim()[1]
    axes.plot(returns, np.full(len(returns), low), '|', color='black', markersize=10)
    top = axes.get_ylim()[1]
    for name, value, interval, colour, height in (
        ('mean', row.mean, row.mean_interval, 'tab:red', 1.08),
        ('interquartile mean', row.iqm, row.iqm_interval, 'tab:green', 1.16),
    ):
        label = f'{name} {value:.1f}'
        if interval:
            label += f', 95 %: {interval_text(interval)}'
            axes.plot(interval, [height * top] * 2, color=colour, linewidth=3)
        axes.plot(value, height * top, 'o', color=colour, label=label)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.ticklabel_format(axis='x', useOffset=False)
    axes.set(title=_title(evaluation), xlabel='episode return', ylabel='episodes')
    axes.set_ylim(top=1.25 * top)
    figure.legend(loc='outside lower center', ncols=2, fontsize='small', frameon=False)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _range(returns: NDArray[np.float64]) -> tuple[float, float]:
    """Return the span of a histogram: that of the returns, unless they are all but equal."""
    middle = (returns.min() + returns.max()) / 2.0
    half = max(np.ptp(returns) / 2.0, _NARROWEST * abs(middle), 1e-3)
    return float(middle - half), float(middle + half)


def draw_trajectories(path: Path, evaluation: Evaluation) -> None:
    """Draw observations, actions and rewards over the steps.

    Few numbers get a panel each, with all episodes; of many, a panel has the numbers of one field
    of the observation, in the median episode.
    """
    shown = list(evaluation.episodes[:_MOST_EPISODES])
    middle = sorted(shown, key=lambda item: item.episode_return)[len(shown) // 2]
    actions = [f'action/{name}' for name in evaluation.action_names]
    names = [*evaluation.observation_names, *actions]
    values = [
        np.column_stack([item.observation, item.action]) for item in (middle, *shown)
    ]  # of each episode, (step, name)
    if len(names) <= _MOST_SINGLE:
        figure, grid = _grid(len(names) + 1)
        for index, (axes, name) in enumerate(zip(grid, names, strict=False)):
            _draw_all([item[:, index] for item in values], axes, name)
        note = f'{len(shown)} episodes; red: the median, return {middle.episode_return:.1f}'
    else:
        fields = _fields(names)
        figure, grid = _grid(len(fields) + 1)
        for axes, (field, columns) in zip(grid, fields.items(), strict=False):
            _draw_field(values[0][:, columns], [names[i] for i in columns], axes, field)
        note = f'median of {len(shown)} episodes: return {middle.episode_return:.1f}'
    _draw_all([item.reward for item in (middle, *shown)], grid[-1], 'reward of a step')
    grid[-1].set_xlabel('control step')
    figure.suptitle(f'{_title(evaluation)}\n{note}', fontsize='medium')
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _grid(panels: int) -> tuple[Figure, Sequence[Axes]]:
    """Return a picture of panels above each other with one time axis."""
    figure, grid = pyplot.subplots(
        panels,
        1,
        figsize=(9.0, _PANEL_INCHES * panels + 0.8),
        layout='constrained',
        sharex=True,
        squeeze=False,
    )
    figure.align_ylabels()
    for axes in grid.flat:
        axes.grid(alpha=0.3)
        axes.margins(x=0.01)
    return figure, list(grid.flat)


def _fields(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each field: what stands before the slash of their names.

    Previous actions are left out: the actions show them.
    """
    fields: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        fields.setdefault(name.partition('/')[0], []).append(index)
    fields.pop('previous_action', None)
    return fields


def _draw_all(curves: Sequence[NDArray[np.float64]], axes: Axes, label: str) -> None:
    """Draw one number in all episodes, the first of `curves`, the median, on top."""
    for curve in curves[1:]:
        axes.plot(curve, color='tab:blue', alpha=0.25, linewidth=0.8)
    axes.plot(curves[0], color='tab:red', linewidth=1.4)
    axes.set_ylabel(label, fontsize='small')


def _draw_field(values: NDArray[np.float64], names: Sequence[str], axes: Axes, field: str) -> None:
    """Draw the numbers of a field in one episode, (step, name), each in a colour of its own."""
    colours = pyplot.get_cmap('turbo')(np.linspace(0.05, 0.95, len(names)))
    for column, name, colour in zip(values.T, names, colours, strict=True):
        axes.plot(column, color=colour, linewidth=0.9, label=name.partition('/')[2])
    axes.set_ylabel(field, fontsize='small')
    if 1 < len(names) <= _MOST_NAMED:
        axes.legend(
            loc='center left',
            bbox_to_anchor=(1.0, 0.5),
            fontsize=5.5 if len(names) > 6 else 'x-small',
            labelspacing=0.1,
            frameon=False,
        )


def _title(evaluation: Evaluation) -> str:
    """Return the title of a picture."""
    kind = 'deterministic' if evaluation.deterministic else 'exploring'
    return (
        f'{evaluation.judged_on} ({evaluation.setting}), policy version {evaluation.version},'
        f' {kind}'
    )
