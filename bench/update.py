# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Critic updates per second against SB3, SB3-contrib and SBX, in turns on one machine.

Batch 256, networks 256-256, 2 critics, sizes of HalfCheetah. Every program samples from its own
replay in memory; each is a process that stands still while another has its turn. Medians.
"""

import argparse
from collections.abc import Sequence
import json
import os
from pathlib import Path
import statistics
import sys

from rich.console import Console
from rich.table import Table
import torch
from workers.peers_environment import peers_python
from workers.timed_worker import TimedWorker

OBSERVATION_SIZE, ACTION_SIZE = 17, 6
ALGORITHMS = ('sac', 'tqc', 'droq')
WORKERS = Path(__file__).parent / 'workers'
NETS = {'critic_hidden_sizes': [256, 256], 'actor_hidden_sizes': [256, 256], 'num_critics': 2}
PEERS = {'sac': ('sb3', 'sbx'), 'tqc': ('sb3', 'sbx'), 'droq': ('sbx',)}


def main() -> None:
    """Measure, print a table, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=9, help='turns of each program')
    parser.add_argument('--updates', type=int, default=100, help='critic updates in a turn')
    parser.add_argument('--threads', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--algorithms', nargs='+', choices=ALGORITHMS, default=ALGORITHMS)
    options = parser.parse_args()
    peers = peers_python()
    results = {
        algorithm: measure(algorithm, options, None if peers is None else str(peers))
        for algorithm in options.algorithms
    }
    show(results, options.threads)
    print(json.dumps({'bench': 'update', 'threads': options.threads, **results}))


def measure(
    algorithm: str, options: argparse.Namespace, peers: str | None
) -> dict[str, float | None]:
    """Return rates and ratios of one algorithm; what cannot be measured is None."""
    bf16 = {**NETS, 'matmul_precision': 'bf16'}
    ours = {'ours': [algorithm, NETS, 'cpu', False], 'bf16': [algorithm, bf16, 'cpu', False]}
    if torch.cuda.is_available():
        ours['cuda_graphs'] = [algorithm, NETS, 'cuda', True]
        ours['cuda_eager'] = [algorithm, NETS, 'cuda', False]
    workers = {
        name: start(sys.executable, 'update_ours', what, options.threads)
        for name, what in ours.items()
    }
    if peers is not None:
        for program in PEERS[algorithm]:
            workers[program] = start(peers, 'update_peers', [program, algorithm], options.threads)
    turns: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            turns[name].append(options.updates / worker.seconds(options.updates))
    for worker in workers.values():
        worker.close()
    rate = {name: round(statistics.median(values), 1) for name, values in turns.items()}
    return {
        'updates_per_s': rate['ours'],
        'ratio_to_sbx': ratio(turns, 'ours', 'sbx'),
        'ratio_to_sb3': ratio(turns, 'ours', 'sb3'),
        'sbx_updates_per_s': rate.get('sbx'),
        'sb3_updates_per_s': rate.get('sb3'),
        'bf16_updates_per_s': rate['bf16'],
        'first_update_s': round(workers['ours'].start_s, 1),
        'cuda_updates_per_s': rate.get('cuda_graphs'),
        'cuda_graph_ratio_to_eager': ratio(turns, 'cuda_graphs', 'cuda_eager'),
    }


def start(python: str, module: str, options: Sequence[object], threads: int) -> TimedWorker:
    """Start a worker."""
    sizes = [str(OBSERVATION_SIZE), str(ACTION_SIZE), str(threads)]
    os.environ['PYTHONPATH'] = str(WORKERS.parent)
    return TimedWorker([python, '-m', f'workers.{module}', *sizes, json.dumps(options)], threads)


def ratio(turns: dict[str, list[float]], one: str, other: str) -> float | None:
    """Return the median over the rounds of one rate by another."""
    if one not in turns or other not in turns:
        return None
    pairs = zip(turns[one], turns[other], strict=True)
    return round(statistics.median(rate / slower for rate, slower in pairs), 3)


def show(results: dict[str, dict[str, float | None]], threads: int) -> None:
    """Print the table for people."""
    table = Table(title=f'critic updates per second, {threads} threads, float32 unless said')
    columns = (
        'updates_per_s',
        'sbx_updates_per_s',
        'sb3_updates_per_s',
        'ratio_to_sbx',
        'ratio_to_sb3',
        'bf16_updates_per_s',
    )
    for name in ('algorithm', *columns):
        table.add_column(name.replace('_', ' '), justify='right')
    for algorithm, result in results.items():
        cells = ['-' if result[name] is None else f'{result[name]:g}' for name in columns]
        table.add_row(algorithm, *cells)
    Console().print(table)
    if torch.cuda.is_available():
        for algorithm, result in results.items():
            times = result['cuda_graph_ratio_to_eager']
            print(f'{algorithm} on CUDA: {result["cuda_updates_per_s"]:g}, {times:g} times eager')
    else:
        print('not measured: CUDA graphs against eager updates, no CUDA device is visible')


if __name__ == '__main__':
    main()
