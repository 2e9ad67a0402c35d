# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The update loop fed by Reverb against the same loop with all data in memory, in turns.

TQC, and DroQ at 20 updates a transition; batch 256, networks 256-256, sizes of HalfCheetah. Then
the table itself: memory for transitions of 46 observations and 12 actions, how fast it is refilled
from the journal, how exact the ratio of samples to insertions is, and how long an insertion takes
while the learner trains or is paused.
"""

import argparse
import json
import os
from pathlib import Path
import statistics
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from workers.timed_worker import TimedWorker

OBSERVATION_SIZE, ACTION_SIZE = 17, 6
ALGORITHMS = ('tqc', 'droq')
WORKERS = {'fed': 'update_fed', 'memory': 'update_ours'}
NETS = {'critic_hidden_sizes': [256, 256], 'actor_hidden_sizes': [256, 256], 'num_critics': 2}


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=15, help='turns of each loop')
    parser.add_argument('--updates', type=int, default=400, help='critic updates in a turn')
    parser.add_argument('--threads', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--rows', type=int, default=1_000_000, help='for the memory of a table')
    options = parser.parse_args()
    os.environ['PYTHONPATH'] = str(Path(__file__).parent)
    result: dict[str, Any] = {name: measure(name, options) for name in ALGORITHMS}
    words = [sys.executable, '-m', 'workers.replay_table', str(options.rows)]
    table = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    result.update(json.loads(table.strip().splitlines()[-1]))
    show(result)
    print(json.dumps({'bench': 'replay', 'threads': options.threads, **result}))


def measure(algorithm: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the rates of both loops, and the median over turns of their ratio."""
    sizes = [str(OBSERVATION_SIZE), str(ACTION_SIZE), str(options.threads)]
    words = json.dumps([algorithm, NETS, 'cpu', False])
    workers = {
        name: TimedWorker(
            [sys.executable, '-m', f'workers.{module}', *sizes, words], options.threads
        )
        for name, module in WORKERS.items()
    }
    turns: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            turns[name].append(options.updates / worker.seconds(options.updates))
    for worker in workers.values():
        worker.close()
    ratios = [fed / kept for fed, kept in zip(turns['fed'], turns['memory'], strict=True)]
    return {
        'fed_updates_per_s': round(statistics.median(turns['fed']), 1),
        'memory_updates_per_s': round(statistics.median(turns['memory']), 1),
        'ratio': round(statistics.median(ratios), 3),
    }


def show(result: dict[str, Any]) -> None:
    """Print the table for people."""
    table = Table(title='updates fed by Reverb, and the table itself')
    table.add_column('measured')
    table.add_column('value', justify='right')
    for name, value in result.items():
        parts = value.items() if isinstance(value, dict) else [('', value)]
        for key, number in parts:
            table.add_row(f'{name} {key}'.replace('_', ' ').strip(), f'{number:g}')
    Console().print(table)


if __name__ == '__main__':
    main()
