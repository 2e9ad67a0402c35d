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

"""Reports of an evaluation: table, JSON, CSV and pictures."""

import csv
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

from rich.table import Table
from rl_learner.evaluation.evaluation import (
    CONFIDENCE_PERCENT,
    Evaluation,
    interval_text,
    return_statistics,
    ReturnStatistics,
)
from rl_learner.evaluation.pictures import draw_returns, draw_trajectories

_COLUMNS = ('seed', 'episode', 'steps', 'episode_return', 'terminated', 'succeeded')


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation and its statistics as plain values."""
    return {
        'policy': evaluation.policy,
        'version': evaluation.version,
        'updates': evaluation.updates,
        'judged_on': evaluation.evaluated_on,  # the key that scripts know
        'setting': evaluation.setting,
        'deterministic': evaluation.deterministic,
        'all': asdict(return_statistics(evaluation.returns)),
        'seeds': {
            str(seed): asdict(return_statistics(evaluation.returns_of(seed)))
            for seed in evaluation.seeds
        },
        'success': None if evaluation.success is None else asdict(evaluation.success),
        'returns': [round(value, 4) for value in evaluation.returns],
    }


def as_table(evaluation: Evaluation) -> Table:
    """Return a table with a row for each seed and one for all episodes."""
    table = Table(
        title=f'{evaluation.policy}, version {evaluation.version}: {evaluation.mode} on'
        f' {evaluation.evaluated_on} ({evaluation.setting})'
    )
    confidence = f'{CONFIDENCE_PERCENT} % of'
    headings = ('seed', 'episodes', 'mean', 'std', f'{confidence} mean')
    for name in (*headings, 'IQM', f'{confidence} IQM', 'range'):
        table.add_column(name, justify='right', no_wrap=True)
    seeds = evaluation.seeds
    for seed in seeds if len(seeds) > 1 else ():
        table.add_row(str(seed), *_cells(return_statistics(evaluation.returns_of(seed))))
    if evaluation.success is not None:
        table.caption = evaluation.success.text
    name = 'all' if len(seeds) > 1 else str(seeds[0])
    table.add_row(name, *_cells(return_statistics(evaluation.returns)), style='bold')
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
        writer.writerow(_COLUMNS)
        writer.writerows(
            [getattr(item, name) for name in _COLUMNS] for item in evaluation.episodes
        )
    draw_returns(paths[2], evaluation)
    draw_trajectories(paths[3], evaluation)
    return paths


def _cells(row: ReturnStatistics) -> list[str]:
    """Return the table cells of some statistics."""
    return [
        str(row.episodes),
        f'{row.mean:.1f}',
        '-' if row.std is None else f'{row.std:.1f}',
        interval_text(row.mean_interval),
        f'{row.iqm:.1f}',
        interval_text(row.iqm_interval),
        f'{round(row.lowest)} to {round(row.highest)}',
    ]
