# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The files of a soak: figures as JSON, samples as CSV, memory as a picture."""

from collections.abc import Mapping, Sequence
import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
import numpy as np
from soak_memory import Growth, Sample
from soak_watch import Files

_EXECUTABLES = ('agent', 'simulated_robot', 'replay_bridge', 'learner')


def write_files(
    folder: Path, verdict: Mapping[str, Any], samples: Sequence[Sample], files: Sequence[Files]
) -> None:
    """Write all of them into a folder."""
    (folder / 'soak.json').write_text(json.dumps(verdict, indent=2) + '\n')
    write_samples(folder, samples, files)
    _draw(folder / 'memory.png', samples, files)


def write_samples(folder: Path, samples: Sequence[Sample], files: Sequence[Files]) -> None:
    """Write the samples so far, so that a soak that is killed leaves them."""
    rows: Mapping[str, Sequence[Any]] = {'processes.csv': samples, 'files.csv': files}
    for name, items in rows.items():
        with (folder / name).open('w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow([item.name for item in dataclasses.fields(items[0])])
            writer.writerows(dataclasses.astuple(item) for item in items)


def slopes(found: Sequence[Growth]) -> dict[str, dict[str, Any]]:
    """Return the growth of memory for each executable, over all lives that were judged."""
    table: dict[str, dict[str, Any]] = {}
    for executable in _EXECUTABLES:
        own = [item for item in found if item.name.endswith(executable)]
        memory = [item for item in own if item.value == 'anon_mb']
        if not memory:
            table[executable] = {'lives_judged': 0}
            continue
        worst = max(memory, key=lambda item: item.slope_per_h)
        table[executable] = {
            'lives_judged': len(memory),
            'longest_life_min': round(max(item.seconds for item in memory) / 60, 1),
            'anon_mb': round(float(np.median([item.level for item in memory])), 1),
            'median_mb_per_h': round(float(np.median([i.slope_per_h for i in memory])), 2),
            'largest_mb_per_h': round(worst.slope_per_h, 2),
            'largest_in': f'{worst.name}, life {worst.life}, {worst.seconds / 60:.0f} min',
            'largest_late_mb': round(max(item.late for item in memory), 2),
            'late_descriptors': max(i.late for i in own if i.value == 'descriptors'),
            'late_threads': max(i.late for i in own if i.value == 'threads'),
            'shmem_mb_per_h': round(max(i.slope_per_h for i in own if i.value == 'shmem_mb'), 2),
        }
    return table


def _draw(path: Path, samples: Sequence[Sample], files: Sequence[Files]) -> None:
    """Draw the memory of every life, and what is in shared memory."""
    figure, axes = pyplot.subplots(5, 1, figsize=(11, 13), sharex=True, layout='constrained')
    lives: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        lives.setdefault((sample.name, sample.life), []).append(sample)
    for place, executable in zip(axes[:4], _EXECUTABLES, strict=True):
        for (name, _), own in lives.items():
            if name.endswith(executable):
                minutes = [sample.at_s / 60 for sample in own]
                line = place.plot(minutes, [sample.pss_mb for sample in own], linewidth=1.2)
                private = [sample.anon_mb for sample in own]
                place.plot(minutes, private, ':', color=line[0].get_color(), linewidth=1.0)
        place.set(title=f'{executable}: PSS, dotted: its anonymous part', ylabel='MiB')
    minutes = [item.at_s / 60 for item in files]
    axes[4].plot(minutes, [item.shared_mb for item in files], label='in shared memory')
    axes[4].plot(minutes, [item.orphans_mb for item in files], label='of it without a process')
    axes[4].plot(minutes, [item.spool_mb for item in files], label='spools')
    axes[4].plot(minutes, [item.run_mb for item in files], label='run without journal')
    axes[4].set(title='files', xlabel='minutes', ylabel='MiB')
    axes[4].legend(loc='upper left')
    for place in axes:
        place.grid(alpha=0.3)
        place.set_ylim(bottom=0)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
