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

"""The report of a demo's run: summary.json and learning_curve.png."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
import json
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from rl_learner.run.episode_log import EpisodeRow

SUMMARY_FILE = 'summary.json'
CURVE_FILE = 'learning_curve.png'


@dataclass
class Summary:
    """The outcome of a run, written as summary.json.

    Attributes:
        verdict: `learned`, `not learned` or `interrupted`; without a target `finished`.
        evaluation_mean: mean return of the newest evaluation; None if it has no episodes.
        evaluation_std: population standard deviation of the same returns.
        evaluation_returns: the returns.
        evaluation_policy_versions: the policy versions of the same episodes.
        steps: executed control steps of all robots since this start of the run.
        transitions_stored: transitions that Reverb ever stored; equals the `steps` of all starts
            if none was lost.
        wall_time_s: from the start of the processes to the verdict.
        peak_memory_mb: peak of the resident memory of all processes together, MiB.
    """

    verdict: str
    robot: str
    algorithm: str
    seed: int
    robots: int
    target_return: float | None
    evaluation_mean: float | None = None
    evaluation_std: float | None = None
    evaluation_returns: list[float] = field(default_factory=list)
    evaluation_policy_versions: list[int] = field(default_factory=list)
    steps: int = 0
    transitions_stored: int = 0
    episodes: int = 0
    updates: int = 0
    policy_version: int = 0
    wall_time_s: float = 0.0
    peak_memory_mb: float = 0.0


def write_report(folder: Path, summary: Summary, episodes: Sequence[EpisodeRow]) -> None:
    """Write both files into the run folder."""
    text = json.dumps(asdict(summary), indent=2) + '\n'
    (folder / SUMMARY_FILE).write_text(text, encoding='utf-8')
    _draw(folder / CURVE_FILE, summary, episodes)


def continue_rows(
    earlier: Sequence[EpisodeRow], episodes: Sequence[EpisodeRow]
) -> list[EpisodeRow]:
    """Return all episodes of a resumed run, with steps and time counted from its first start.

    Args:
        earlier: episodes of the earlier starts, as in the run's table.
        episodes: episodes of this start, counted from its beginning.
    """
    if not earlier:
        return list(episodes)
    steps, wall_s = earlier[-1].total_steps, earlier[-1].wall_s
    return [
        *earlier,
        *(
            replace(row, total_steps=steps + row.total_steps, wall_s=wall_s + row.wall_s)
            for row in episodes
        ),
    ]


def _draw(path: Path, summary: Summary, episodes: Sequence[EpisodeRow]) -> None:
    """Draw return over steps."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout='constrained')
    exploring = [row for row in episodes if row.complete and not row.evaluation]
    evaluated = [row for row in episodes if row.complete and row.evaluation]
    for robot in sorted({row.robot for row in exploring}):
        rows = [row for row in exploring if row.robot == robot]
        axes.plot(
            [row.total_steps for row in rows],
            [row.episode_return for row in rows],
            marker='o',
            markersize=4,
            label=f'{robot}, exploring',
        )
    if evaluated:
        axes.scatter(
            [row.total_steps for row in evaluated],
            [row.episode_return for row in evaluated],
            marker='x',
            color='black',
            label='deterministic evaluation',
            zorder=3,
        )
    if summary.target_return is not None:
        axes.axhline(summary.target_return, linestyle='--', color='grey', label='target')
    mean = '' if summary.evaluation_mean is None else f', mean {summary.evaluation_mean:.0f}'
    axes.set(
        title=f'{summary.robot}, {summary.algorithm}, seed {summary.seed}:'
        f' {summary.verdict}{mean}',
        xlabel='control steps of all robots',
        ylabel='episode return',
    )
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    figure.legend(
        loc='outside lower center', ncols=4, frameon=False
    )  # outside, where it hides no point
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
