# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Updates per second of one process and of several ranks with the same cores, in turns.

Hidden sizes 256-256, 2 critics, sizes of HalfCheetah; with `--image`, an image in observations,
too, and all sizes as in the algorithm. All start equal and get the same batches, so
at the end their networks are compared, too; and those of one process whose first parameters were
rounded differently, because training amplifies any rounding. Figures are medians over the turns.
"""

import argparse
import json
import os
from pathlib import Path
import statistics
import sys
import tempfile
from typing import Any

from rich.console import Console
from rich.table import Table
import torch
from workers.compared_networks import OVERRIDES
from workers.scale_losses import losses
from workers.timed_worker import TimedWorker

ALGORITHMS = ('default', 'xqc')
BATCHES = (256, 4096)
ROUNDED = -1  # in place of a number of ranks: see `scale_leader`


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=7, help='turns of each program')
    parser.add_argument('--updates', type=int, default=40, help='critic updates in a turn')
    parser.add_argument('--ranks', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--batches', type=int, nargs='+', default=BATCHES)
    parser.add_argument('--threads', type=int, default=os.cpu_count() or 1, help='of all ranks')
    parser.add_argument('--image', type=int, default=0, help='rows and columns of an image')
    parser.add_argument('--algorithms', nargs='+', default=ALGORITHMS)
    parser.add_argument('--loss-updates', type=int, default=0, help='of runs that compare losses')
    parser.add_argument('--seeds', type=int, default=5, help='of these runs')
    options = parser.parse_args()
    results = {
        f'{algorithm}_{batch}': measure(algorithm, batch, options)
        for algorithm in options.algorithms
        for batch in options.batches
    }
    show(results, options.threads)
    entries = [entry for result in results.values() for entry in result['ranks'].values()]
    print(
        json.dumps(
            {
                'bench': 'scale',
                'threads': options.threads,
                'ranks_equal_max_difference': max(entry['max_difference'] for entry in entries),
                **results,
                'losses': losses(options) if options.loss_updates else None,
            }
        )
    )


def measure(algorithm: str, batch: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return rates without ranks and by number of ranks, the share of exchange, differences."""
    overrides = {**({} if options.image else OVERRIDES), 'batch_size': batch}
    counts = [0, ROUNDED, *options.ranks]
    with tempfile.TemporaryDirectory() as folder:
        files = {count: Path(folder) / f'{count}.pt' for count in counts}
        workers = {
            count: TimedWorker(
                sys.executable,
                'scale_leader',
                [algorithm, overrides, count, str(files[count]), 0, options.image],
                max(1, options.threads // max(1, count)),
            )
            for count in counts
        }
        seconds: dict[int, list[float]] = {count: [] for count in counts}
        shares: dict[int, list[float]] = {count: [] for count in options.ranks}
        for _ in range(options.rounds):
            for count, worker in workers.items():
                seconds[count].append(worker.seconds(options.updates))
                if count > 0:
                    shares[count].append(worker.figures[0] / seconds[count][-1])
        for worker in workers.values():
            worker.close()
        networks = {count: torch.load(file) for count, file in files.items()}
    rates = {
        count: round(options.updates / statistics.median(values), 2)
        for count, values in seconds.items()
    }
    return {
        'without_ranks_updates_per_s': rates[0],
        'other_rounding_updates_per_s': rates[ROUNDED],
        'other_rounding_difference': difference(networks[0], networks[ROUNDED]),
        'ranks': {
            str(count): {
                'updates_per_s': rates[count],
                'ratio_to_without': round(rates[count] / rates[0], 3),
                'exchange_share': round(statistics.median(shares[count]), 3),
                'max_difference': difference(networks[0], networks[count]),
            }
            for count in options.ranks
        },
    }


def difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest difference between the networks of two programs."""
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def show(results: dict[str, dict[str, Any]], threads: int) -> None:
    """Print a table."""
    table = Table(title=f'critic updates per second, {threads} threads in all')
    for name in ('algorithm, batch', 'ranks', 'updates/s', 'to one', 'exchange', 'difference'):
        table.add_column(name, justify='right')
    for name, result in results.items():
        rate, rounded = (
            result[f'{which}_updates_per_s'] for which in ('without_ranks', 'other_rounding')
        )
        distance = f'{result["other_rounding_difference"]:.1e}'
        table.add_row(name, '-', f'{rate:g}', '1', '-', '-')
        table.add_row('', 'rounding', f'{rounded:g}', f'{rounded / rate:.3g}', '-', distance)
        for count, entry in result['ranks'].items():
            table.add_row(
                '',
                count,
                f'{entry["updates_per_s"]:g}',
                f'{entry["ratio_to_without"]:g}',
                f'{entry["exchange_share"]:.0%}',
                f'{entry["max_difference"]:.1e}',
            )
    Console().print(table)


if __name__ == '__main__':
    main()
