# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Pictures of an evaluation: the distribution of the returns, and the episodes step by step."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
import numpy as np
from numpy.typing import NDArray
from rl_learner.evaluation.evaluation import (
    CONFIDENCE_PERCENT,
    Evaluation,
    interval_text,
    return_statistics,
)

_MAX_SINGLE_PANELS = 10  # a robot of more numbers gets one panel for each field
_MAX_EPISODES = 10
_MAX_LINES = 6  # in a panel; more numbers become rows of a heat map
_MAX_LABELLED_ROWS = 24  # of a heat map
_WINDOW_STEPS = 100  # shown of a robot of many numbers; more would be too dense to read
_MIN_RELATIVE_SPAN = 0.02  # of the histogram, relative to the returns
_PANEL_INCHES = 1.7


def draw_returns(path: Path, evaluation: Evaluation) -> None:
    """Draw a histogram of the returns with a tick per episode, and mean and IQM with intervals."""
    returns = np.array(evaluation.returns)
    row = return_statistics(evaluation.returns)
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
            label += f', {CONFIDENCE_PERCENT} %: {interval_text(interval)}'
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
    """Return the range of the histogram: that of the returns, wider if they are almost equal."""
    middle = (returns.min() + returns.max()) / 2.0
    half = max(np.ptp(returns) / 2.0, _MIN_RELATIVE_SPAN * abs(middle), 1e-3)
    return float(middle - half), float(middle + half)


def draw_trajectories(path: Path, evaluation: Evaluation) -> None:
    """Draw observations, actions and rewards over the steps.

    With few numbers, each gets a panel that shows all episodes. With many, each field of the
    observation gets a panel that shows steps from the middle of the median episode.
    """
    shown = list(evaluation.episodes[:_MAX_EPISODES])
    middle = sorted(shown, key=lambda item: item.episode_return)[len(shown) // 2]
    actions = [f'action/{name}' for name in evaluation.action_names]
    names = [*evaluation.observation_names, *actions]
    values = [
        np.column_stack([item.observation, item.action]) for item in (middle, *shown)
    ]  # of each episode, (step, name)
    if len(names) <= _MAX_SINGLE_PANELS:
        figure, grid = _grid(len(names) + 1)
        for index, (axes, name) in enumerate(zip(grid, names, strict=False)):
            _draw_all([item[:, index] for item in values], axes, name)
        note = f'{len(shown)} episodes; red: the median, return {middle.episode_return:.1f}'
    else:
        fields = _fields(names)
        begin = max(0, (middle.steps - _WINDOW_STEPS) // 2)
        steps = range(begin, min(middle.steps, begin + _WINDOW_STEPS))
        figure, grid = _grid(len(fields) + 1, apart=True)
        for axes, (field, columns) in zip(grid, fields.items(), strict=False):
            seen = values[0][steps.start : steps.stop, columns]
            _draw_field(axes, field, [names[i] for i in columns], seen, steps)
        grid[-2].set_xlabel('control step')
        grid[-2].tick_params(labelbottom=True)
        note = (
            f'median of {len(shown)} episodes, return {middle.episode_return:.1f}: steps'
            f' {steps.start} to {steps.stop} of {middle.steps}; its reward in red, all in blue'
        )
    _draw_all([item.reward for item in (middle, *shown)], grid[-1], 'reward of a step')
    grid[-1].set_xlabel('control step')
    figure.suptitle(f'{_title(evaluation)}\n{note}', fontsize='medium')
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _grid(panels: int, *, apart: bool = False) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure and its panels, stacked and with one time axis.

    Args:
        panels: number of panels.
        apart: the last panel has its own time axis.
    """
    figure, grid = pyplot.subplots(
        panels,
        1,
        figsize=(9.0, _PANEL_INCHES * panels + 0.8),
        layout='constrained',
        squeeze=False,
    )
    figure.align_ylabels()
    together = grid.flat[1:-1] if apart else grid.flat[1:]
    for axes in together:
        axes.sharex(grid.flat[0])
    for axes in grid.flat[: len(together)]:
        axes.tick_params(labelbottom=False)
    for axes in grid.flat:
        axes.grid(alpha=0.3)
        axes.margins(x=0.01)
    return figure, list(grid.flat)


def _fields(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each field, the part of a name before the slash.

    Previous actions are left out because the actions show them.
    """
    fields: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        fields.setdefault(name.partition('/')[0], []).append(index)
    fields.pop('previous_action', None)
    return fields


def _draw_all(curves: Sequence[NDArray[np.float64]], axes: Axes, label: str) -> None:
    """Draw one number in all episodes; the first of `curves`, the median, is on top."""
    for curve in curves[1:]:
        axes.plot(curve, color='tab:blue', alpha=0.25, linewidth=0.8)
    axes.plot(curves[0], color='tab:red', linewidth=1.4)
    axes.set_ylabel(label, fontsize='small')


def _draw_field(
    axes: Axes, field: str, names: Sequence[str], values: NDArray[np.float64], steps: range
) -> None:
    """Draw the numbers of a field in one episode as lines, or as a heat map if there are many.

    Args:
        axes: panel to draw in.
        field: name of the field.
        names: names of its numbers.
        values: (step, name).
        steps: step numbers.
    """
    labels = [name.partition('/')[2] for name in names]
    if len(names) > 1 and np.isin(values, (0.0, 1.0)).all():  # such as foot contacts
        _draw_map(axes, labels, values, steps, 'Greys', (0.0, 1.0))
        field = f'{field},\nblack: 1'
    elif len(names) > _MAX_LINES:
        bounded = field == 'action'
        centred = values if bounded else values - values.mean(axis=0)
        size = 1.0 if bounded else float(np.percentile(np.abs(centred), 99.0)) or 1.0
        image = _draw_map(axes, labels, centred, steps, 'RdBu_r', (-size, size))
        bar = axes.get_figure().colorbar(image, ax=axes, pad=0.01)  # type: ignore[union-attr]
        bar.ax.tick_params(labelsize='x-small')
        field = field if bounded else f'{field},\nfrom its mean'
    else:
        for number, (column, name) in enumerate(zip(values.T, labels, strict=True)):
            axes.plot(steps, column, color=f'C{number}', linewidth=1.2, label=name)
        if len(names) > 1:
            axes.legend(
                loc='center left', bbox_to_anchor=(1.0, 0.5), fontsize='x-small', frameon=False
            )
    axes.set_ylabel(field, fontsize='small')


def _draw_map(
    axes: Axes,
    names: Sequence[str],
    values: NDArray[np.float64],
    steps: range,
    colours: str,
    limits: tuple[float, float],
) -> AxesImage:
    """Draw a heat map with a row for each number and a column for each step; return it."""
    edges = (steps.start - 0.5, steps.stop - 0.5, len(names) - 0.5, -0.5)
    low, high = limits
    image = axes.imshow(
        values.T,
        aspect='auto',
        interpolation='nearest',
        extent=edges,
        cmap=colours,
        vmin=low,
        vmax=high,
    )
    axes.grid(visible=False)
    axes.set_yticks([])
    if len(names) <= _MAX_LABELLED_ROWS:
        size = 'x-small' if len(names) <= _MAX_LINES else 5.5
        axes.set_yticks(range(len(names)), names, fontsize=size)
    return image


def _title(evaluation: Evaluation) -> str:
    """Return the title of a picture."""
    return (
        f'{evaluation.evaluated_on} ({evaluation.setting}), policy version {evaluation.version},'
        f' {evaluation.mode}'
    )
