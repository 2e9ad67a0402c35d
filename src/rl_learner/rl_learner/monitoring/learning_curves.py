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

"""Learning curves of groups of runs: mean over seeds with a confidence band."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import re
from typing import Literal
import warnings

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.axes import Axes
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.errors import ConfigurationError
from rl_learner.run.episode_log import EpisodeRow, EPISODES_FILE, read_episodes
from rl_learner.run.manifest import read_run

Axis = Literal['total_steps', 'wall_s']

_POINTS = 200
_COLOURS, _LINES = 10, ('-', '--', ':', '-.')
_WIDTH, _LEGEND_WIDTH = 12.0, 3.0  # of the picture, inches
_MOST_INSIDE, _MOST_ROWS = 6, 20  # groups in a legend among the curves; rows of one beside them
_AXES: tuple[tuple[Axis, str], ...] = (
    ('total_steps', 'control steps of all robots'),
    ('wall_s', 'wall-clock time, s'),
)


# what can be drawn: name for the axis, value of an episode
QUANTITIES: dict[str, tuple[str, Callable[[EpisodeRow], float]]] = {
    'return': ('return', lambda row: row.episode_return),
    'success': ('success rate', lambda row: float(row.outcome == 'success')),
    'person': ('share of steps that a person drove', lambda row: row.person_steps / row.steps),
    'steps': ('steps of an episode', lambda row: float(row.steps)),
}


@dataclass(frozen=True)
class RunCurve:
    """The episodes of one run.

    Attributes:
        name: of the run's folder.
        robot: name of the robot; returns of different robots cannot be compared.
        group: runs of the same group are seeds of one curve.
        exploring: complete exploring episodes, in order.
        evaluation: complete deterministic episodes, in order.
    """

    name: str
    robot: str
    group: str
    exploring: Sequence[EpisodeRow]
    evaluation: Sequence[EpisodeRow]


def read_curve(folder: Path, *, by_run: bool = False, quantity: str = 'return') -> RunCurve:
    """Return a run's curve.

    Args:
        folder: of the run.
        by_run: make each run its own group, instead of all runs with its robot and algorithm.
        quantity: takes the place of the return, one of `QUANTITIES`.

    Raises:
        ConfigurationError: the folder is no run, has no complete episode, or none with an outcome
            where the success rate is wanted.
    """
    run = read_run(folder)
    path = folder / EPISODES_FILE
    rows = [row for row in read_episodes(path) if row.complete] if path.exists() else []
    if not rows:
        raise ConfigurationError(
            f'run: given {folder}: no complete episode in it; accepted: a run with one'
        )
    if quantity == 'success' and not any(row.outcome for row in rows):
        raise ConfigurationError(
            f'run: given {folder}: no episode whose task tells success; accepted: a run with one'
        )
    value = QUANTITIES[quantity][1]
    rows = [replace(row, episode_return=value(row)) for row in rows if row.steps]
    algorithm = Path(str(run.parameters.get('algorithm', 'algorithm'))).stem
    group = folder.name if by_run else f'{run.robot.name}, {algorithm}'
    return RunCurve(
        folder.name,
        run.robot.name,
        group,
        [row for row in rows if not row.evaluation],
        [row for row in rows if row.evaluation],
    )


@dataclass(frozen=True)
class _Style:
    """How a group is drawn; of many groups only the lines, which are thin."""

    colour: str
    line: str
    are_many: bool

    @property
    def width(self) -> float:
        """Width of the line of a group, points."""
        return 1.3 if self.are_many else 2.0


def draw(curves: Sequence[RunCurve], path: Path, window: int, quantity: str = 'return') -> None:
    """Draw all groups over steps and over time, with a row of panels for each robot.

    Args:
        curves: of the runs.
        path: of the PNG file.
        window: number of episodes in the running mean.
        quantity: that the curves show, one of `QUANTITIES`.
    """
    robots = sorted({curve.robot for curve in curves})
    many = len({curve.group for curve in curves}) > _MOST_INSIDE
    figure, rows = pyplot.subplots(
        len(robots),
        2,
        figsize=(_WIDTH + (_LEGEND_WIDTH if many else 0.0), 4.3 * len(robots) + 0.5),
        layout='constrained',
        sharey='row',
        squeeze=False,
    )
    for panels, robot in zip(rows, robots, strict=True):
        _draw_robot(panels, [curve for curve in curves if curve.robot == robot], window)
        prefix = f'{robot}: ' if len(robots) > 1 else ''
        panels[0].set_ylabel(
            f'{prefix}{QUANTITIES[quantity][0]}, running mean of {window} episodes'
        )
    figure.suptitle(_legend_of_marks(curves), fontsize='medium')
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_robot(panels: Sequence[Axes], curves: Sequence[RunCurve], window: int) -> None:
    """Draw the groups of one robot in a panel for each axis."""
    groups = sorted({curve.group for curve in curves}, key=_by_number)
    are_many = len(groups) > _MOST_INSIDE
    for panel, (axis, label) in zip(panels, _AXES, strict=True):
        for number, group in enumerate(groups):
            members = [curve for curve in curves if curve.group == group]
            style = _Style(f'C{number % _COLOURS}', _line(number), are_many=are_many)
            _draw_group(panel, members, axis, window, style)
        panel.set_xlabel(label)
        panel.set_xlim(left=0)
        panel.grid(alpha=0.3)
    if not are_many:
        panels[0].legend(fontsize='small', loc='best')
        return
    # beside the curves, so that it hides none
    panels[-1].legend(
        fontsize='small',
        loc='upper left',
        bbox_to_anchor=(1.02, 1.0),
        ncols=-(-len(groups) // _MOST_ROWS),
        borderaxespad=0.0,
    )


def _line(number: int) -> str:
    """Return the line of a group: when the colours repeat, the lines differ."""
    return _LINES[number // _COLOURS % len(_LINES)]


def _by_number(name: str) -> list[tuple[int, str]]:
    """Return what orders names as people do: run_2 before run_10."""
    parts = re.split(r'([0-9]+)', name)
    return [(int(part), '') if part.isdecimal() else (0, part) for part in parts]


def _legend_of_marks(curves: Sequence[RunCurve]) -> str:
    """Return what the drawn lines, marks and bands mean."""
    words = ['lines: exploring episodes']
    if any(curve.evaluation for curve in curves):
        words.append('x: deterministic episodes')
    if len(curves) > len({curve.group for curve in curves}):
        words.append('bands: 95 % of the mean over runs')
    return '; '.join(words)


def summarise(curves: Sequence[RunCurve]) -> list[dict[str, object]]:
    """Return group, episodes, steps, time, best and latest returns of each run."""
    rows: list[dict[str, object]] = []
    for curve in curves:
        rows_all = [*curve.exploring, *curve.evaluation]
        last = [row.episode_return for row in curve.exploring[-10:]]
        rows.append(
            {
                'run': curve.name,
                'group': curve.group,
                'episodes': len(rows_all),
                'steps': max(row.total_steps for row in rows_all),
                'wall_s': max(row.wall_s for row in rows_all),
                'best_return': max(row.episode_return for row in rows_all),
                'mean_of_last_10': float(np.mean(last)) if last else None,
            }
        )
    return rows


def _draw_group(
    panel: Axes, members: Sequence[RunCurve], axis: Axis, window: int, style: _Style
) -> None:
    """Draw the runs of a group; of several runs, also the mean as a thick line with a band."""
    colour, line = style.colour, style.line
    smoothed = [
        _running_mean(curve.exploring, axis, window) for curve in members if curve.exploring
    ]
    label = f'{members[0].group} ({len(members)} run{"s" if len(members) > 1 else ""})'
    is_alone = len(smoothed) == 1
    for x, y in smoothed:
        width, alpha = (style.width, 1.0) if is_alone else (0.8, 0.3)
        panel.plot(x, y, line, color=colour, alpha=alpha, linewidth=width)
    if len(smoothed) > 1:
        x, matrix = _resampled(smoothed)
        low, high = band(matrix)
        panel.plot(x, matrix.mean(axis=0), line, color=colour, linewidth=style.width)
        panel.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    panel.plot([], [], line, color=colour, linewidth=style.width, label=label)
    for curve in members:
        points = [(getattr(row, axis), row.episode_return) for row in curve.evaluation]
        panel.plot(*zip(*points, strict=True) if points else ((), ()), 'x', color=colour, ms=5)
        if is_alone and not style.are_many:
            raw = [(getattr(row, axis), row.episode_return) for row in curve.exploring]
            panel.plot(*zip(*raw, strict=True), '.', color=colour, alpha=0.3, ms=4)


def _running_mean(
    rows: Sequence[EpisodeRow], axis: Axis, window: int
) -> tuple[Float64Array, Float64Array]:
    """Return x and the mean over the last `window` episodes, fewer at the start."""
    x = np.array([float(getattr(row, axis)) for row in rows])
    sums = np.concatenate([[0.0], np.cumsum([row.episode_return for row in rows])])
    ends = np.arange(1, len(rows) + 1)
    begins = np.maximum(0, ends - window)
    return x, (sums[ends] - sums[begins]) / (ends - begins)


def _resampled(
    curves: Sequence[tuple[Float64Array, Float64Array]],
) -> tuple[Float64Array, Float64Array]:
    """Return x, (point,), over the range that all curves span, and their values, (run, point)."""
    low = max(x[0] for x, _ in curves)
    high = min(x[-1] for x, _ in curves)
    points = np.linspace(low, max(low, high), _POINTS)
    return points, np.stack([np.interp(points, x, y) for x, y in curves])


def band(matrix: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return the 95 % bootstrap confidence interval of the mean over runs, (point,) each.

    Args:
        matrix: (run, point), at least two runs.
    """
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(matrix), (2000, len(matrix)))
    means = matrix[draws].mean(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return np.asarray(low), np.asarray(high)
