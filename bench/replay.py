# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The update loop fed by Reverb compared with the same loop on data in memory, in turns.

TQC, and DroQ with 20 updates per transition; batch 256, hidden sizes 256-256, sizes of
HalfCheetah. Then the table itself: memory for transitions of 46 observations and 12 actions, rate
of refilling from the journal, accuracy of the ratio of samples to insertions, and time of an
insertion while the learner trains or is paused.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from workers.compared_networks import OVERRIDES
from workers.timed_worker import BENCH, rates_in_turns, TimedWorker

ALGORITHMS = ('tqc', 'droq')
WORKERS = {'fed': 'update_fed', 'memory': 'update_ours'}


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=15, help='turns of each loop')
    parser.add_argument('--updates', type=int, default=400, help='critic updates in a turn')
    parser.add_argument('--threads', type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        '--rows', type=int, default=1_000_000, help='in the table whose memory is measured'
    )
    options = parser.parse_args()
    result: dict[str, Any] = {name: measure(name, options) for name in ALGORITHMS}
    table = subprocess.run(
        [sys.executable, '-m', 'workers.replay_table', str(options.rows)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, 'PYTHONPATH': str(BENCH)},
    ).stdout
    result.update(json.loads(table.strip().splitlines()[-1]))
    show(result)
    print(json.dumps({'bench': 'replay', 'threads': options.threads, **result}))


def measure(algorithm: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the rates of both loops, and the median over rounds of their ratio."""
    worker_options = [algorithm, OVERRIDES, 'cpu', False]
    workers = {
        name: TimedWorker(sys.executable, module, worker_options, options.threads)
        for name, module in WORKERS.items()
    }
    rates = rates_in_turns(workers, options.rounds, options.updates)
    ratios = [fed / memory for fed, memory in zip(rates['fed'], rates['memory'], strict=True)]
    return {
        'fed_updates_per_s': round(statistics.median(rates['fed']), 1),
        'memory_updates_per_s': round(statistics.median(rates['memory']), 1),
        'ratio': round(statistics.median(ratios), 3),
    }


def show(result: dict[str, Any]) -> None:
    """Print a table."""
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
