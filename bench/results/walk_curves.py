# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Plot and figures of the `walk` benchmark."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
import numpy as np

Rows = Sequence[dict[str, str]]
HALF = 0.5  # of the maximum, the return of standing still


def draw(rows: Rows, path: Path) -> None:
    """Plot the exploring episodes' fraction over steps: mean over seeds and single seeds."""
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout='constrained')
    for program, curves in sorted(_curves(rows).items()):
        length = min(len(curve) for curve in curves.values())
        steps = [step for step, _ in next(iter(curves.values()))][:length]
        values = np.array([[value for _, value in curve[:length]] for curve in curves.values()])
        line = axes.plot(steps, values.mean(axis=0), label=f'{program} ({len(values)})')
        for curve in values:
            axes.plot(steps, curve, color=line[0].get_color(), alpha=0.3, linewidth=0.8)
    axes.axhline(HALF, linestyle='--', color='grey', label='standing still')
    axes.set(
        title='walk: exploring episodes, mean over (seeds)',
        xlabel='control steps, 20 per second',
        ylabel='reward as a fraction of the maximum',
        ylim=(0, 1),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc='upper left', fontsize='small')
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def summarise(rows: Rows, programs: Sequence[str]) -> dict[str, Any]:
    """Return each program's figures as lists over its seeds."""
    summary: dict[str, Any] = {}
    for program in programs:
        program_rows = [row for row in rows if row['program'] == program]
        final = {
            kind: [float(row['fraction']) for row in program_rows if row['kind'] == kind]
            for kind in ('evaluation', 'varied')
        }
        curves = _curves(program_rows).get(program, {})
        first = [
            next((step for step, value in curves[seed] if value >= HALF), None)
            for seed in sorted(curves, key=int)
        ]
        summary[program] = {**final, 'steps_to_half': first}
    return summary


def _curves(rows: Rows) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return the curves by program and seed."""
    curves: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row['kind'] == 'exploring':
            point = (int(row['step']), float(row['fraction']))
            curves[row['program']][row['seed']].append(point)
    return curves
