# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Critic updates per second compared with SB3, SB3-contrib and SBX, in turns on one machine.

Batch 256, hidden sizes 256-256, 2 critics, sizes of HalfCheetah. Each program is a process that
samples from its own replay in memory and is idle while another has its turn. Figures are medians.
"""

import argparse
import json
import os
import statistics
import sys

from rich.console import Console
from rich.table import Table
import torch
from workers.compared_networks import OVERRIDES
from workers.peers_environment import peers_python
from workers.timed_worker import rates_in_turns, TimedWorker

ALGORITHMS = ('sac', 'tqc', 'droq')
PEERS = {'sac': ('sb3', 'sbx'), 'tqc': ('sb3', 'sbx'), 'droq': ('sbx',)}


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
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
    """Return rates and ratios for one algorithm; None for what cannot be measured."""
    bf16 = {**OVERRIDES, 'matmul_precision': 'bf16'}
    ours = {'ours': [algorithm, OVERRIDES, 'cpu', False], 'bf16': [algorithm, bf16, 'cpu', False]}
    if torch.cuda.is_available():
        ours['cuda_graphs'] = [algorithm, OVERRIDES, 'cuda', True]
        ours['cuda_eager'] = [algorithm, OVERRIDES, 'cuda', False]
    workers = {
        name: TimedWorker(sys.executable, 'update_ours', worker_options, options.threads)
        for name, worker_options in ours.items()
    }
    if peers is not None:
        for program in PEERS[algorithm]:
            workers[program] = TimedWorker(
                peers, 'update_peers', [program, algorithm], options.threads
            )
    rates = rates_in_turns(workers, options.rounds, options.updates)
    median = {name: round(statistics.median(values), 1) for name, values in rates.items()}
    return {
        'updates_per_s': median['ours'],
        'ratio_to_sbx': ratio(rates, 'ours', 'sbx'),
        'ratio_to_sb3': ratio(rates, 'ours', 'sb3'),
        'sbx_updates_per_s': median.get('sbx'),
        'sb3_updates_per_s': median.get('sb3'),
        'bf16_updates_per_s': median['bf16'],
        'first_update_s': round(workers['ours'].start_s, 1),
        'cuda_updates_per_s': median.get('cuda_graphs'),
        'cuda_graph_ratio_to_eager': ratio(rates, 'cuda_graphs', 'cuda_eager'),
    }


def ratio(rates: dict[str, list[float]], one: str, other: str) -> float | None:
    """Return the median over rounds of one program's rate divided by another's."""
    if one not in rates or other not in rates:
        return None
    pairs = zip(rates[one], rates[other], strict=True)
    return round(statistics.median(rate / other_rate for rate, other_rate in pairs), 3)


def show(results: dict[str, dict[str, float | None]], threads: int) -> None:
    """Print a table."""
    table = Table(title=f'critic updates per second, {threads} threads, float32 unless named')
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
            factor = result['cuda_graph_ratio_to_eager']
            print(f'{algorithm} on CUDA: {result["cuda_updates_per_s"]:g}, {factor:g} times eager')
    else:
        print('not measured: CUDA graphs against eager updates, because no CUDA device is visible')


if __name__ == '__main__':
    main()
