# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""An evaluation for people and scripts: table, JSON, CSV and pictures."""

import csv
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

from rich.table import Table
from rl_learner.evaluation.evaluation import Evaluation, Figures, figures, interval_text
from rl_learner.evaluation.pictures import draw_returns, draw_trajectories


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
    draw_returns(paths[2], evaluation)
    draw_trajectories(paths[3], evaluation)
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
        interval_text(row.mean_interval),
        f'{row.iqm:.1f}',
        interval_text(row.iqm_interval),
        f'{round(row.lowest)} to {round(row.highest)}',
    ]
