# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Steps per second of the whole training loop, environment included, compared in turns.

Every program trains from scratch in each turn: one update per step, batch 256, two critics of
256-256 and an actor of the same size. The time counts from 200 steps after the first update, so
compilation is left out.
`ours` is `rl_train`, with journal and Reverb; `demo` is the same task behind ROS topics.
"""

import argparse
from collections.abc import Callable
from functools import partial
import json
import os
from pathlib import Path
import statistics
import sys
import tempfile

from rich.console import Console
from rich.table import Table
from workers.loop_run import LoopRun, run_cleanrl, run_demo, run_worker
from workers.peers_environment import peers_python

ALGORITHMS = ('sac', 'tqc')
PEERS = {'sac': ('sb3', 'sbx'), 'tqc': ('sb3', 'sbx')}
WARMUP = 1000


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tasks', nargs='+', default=['Pendulum-v1', 'Hopper-v5'])
    parser.add_argument('--algorithms', nargs='+', choices=ALGORITHMS, default=ALGORITHMS)
    parser.add_argument('--steps', type=int, default=3000, help='of a turn; 1,000 are random')
    parser.add_argument('--rounds', type=int, default=3, help='turns of each program')
    parser.add_argument(
        '--threads',
        type=int,
        default=os.cpu_count() or 1,
        help='of numerical libraries; ours chooses if these are all processors',
    )
    parser.add_argument('--robots', type=int, nargs='*', default=[], help='also ours with so many')
    parser.add_argument('--demo', action='store_true', help='also the task behind ROS topics')
    parser.add_argument(
        '--cleanrl', type=Path, help="CleanRL's script of SAC, to be compared with the others"
    )
    options = parser.parse_args()
    peers = peers_python()
    results = {
        task: {
            algorithm: measure(task, algorithm, options, None if peers is None else str(peers))
            for algorithm in options.algorithms
        }
        for task in options.tasks
    }
    show(results)
    print(json.dumps({'bench': 'loop', 'threads': options.threads, **results}))


def measure(
    task: str, algorithm: str, options: argparse.Namespace, peers: str | None
) -> dict[str, float | None]:
    """Return median rates and ratios for one task and algorithm."""
    run = LoopRun(task, algorithm, WARMUP, options.steps, options.threads)
    programs: dict[str, Callable[[], float]] = {
        'ours': partial(run_worker, sys.executable, 'loop_ours', run, 1)
    }
    for robots in options.robots:
        programs[f'ours_{robots}_robots'] = partial(
            run_worker, sys.executable, 'loop_ours', run, robots
        )
    if options.demo:
        programs['demo'] = partial(run_demo, run)
    for name in PEERS[algorithm] if peers else ():
        programs[name] = partial(run_worker, peers or '', 'loop_peers', run, name)
    if peers and options.cleanrl and algorithm == 'sac':
        programs['cleanrl'] = partial(run_cleanrl, peers, options.cleanrl.absolute(), run)
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, run_program in programs.items():
            with tempfile.TemporaryDirectory(prefix='bench_loop_') as folder:
                before = Path.cwd()
                os.chdir(folder)
                try:
                    rates[name].append(run_program())
                finally:
                    os.chdir(before)
            print(f'{task} {algorithm} {name}: {rates[name][-1]:.1f} steps/s', flush=True)
    found: dict[str, float | None] = {
        f'{name}_steps_per_s': round(statistics.median(values), 1)
        for name, values in rates.items()
    }
    for name, values in rates.items():
        if name != 'ours':
            pairs = zip(rates['ours'], values, strict=True)
            found[f'ratio_to_{name}'] = round(statistics.median(a / b for a, b in pairs), 3)
    return found


def show(results: dict[str, dict[str, dict[str, float | None]]]) -> None:
    """Print a table."""
    table = Table(title='steps per second of the whole loop')
    for name in ('task', 'algorithm', 'program', 'steps/s', 'ours is so many times as fast'):
        table.add_column(name, justify='right')
    for task, algorithms in results.items():
        for algorithm, found in algorithms.items():
            for key, value in found.items():
                if key.endswith('_steps_per_s'):
                    name = key.removesuffix('_steps_per_s')
                    ratio = found.get(f'ratio_to_{name}')
                    table.add_row(
                        task,
                        algorithm,
                        name,
                        f'{value:g}',
                        '' if ratio is None else f'{ratio:g}',
                    )
    Console().print(table)


if __name__ == '__main__':
    main()
