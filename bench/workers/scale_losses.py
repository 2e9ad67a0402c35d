# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Losses of two ranks and of one process over many updates, with several seeds of each."""

import argparse
from pathlib import Path
import sys
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.compared_networks import OVERRIDES
from workers.timed_worker import TimedWorker

BLOCKS = 20  # the mean losses of each are compared
SMALL = {**OVERRIDES, 'critic_hidden_sizes': [64, 64], 'actor_hidden_sizes': [64, 64]}
ONE, RANKS = 0, 2


def losses(options: argparse.Namespace) -> dict[str, Any]:
    """Return how far the losses of ranks are from those of one process, and its seeds' spread.

    Both as the mean over blocks of updates: of the difference with equal seeds, and of the
    standard deviation over the seeds of one process. `outside` is the share of the losses of ranks
    that are outside the range of one process's seeds.
    """
    curves = {
        count: np.array([_curve(count, seed, options) for seed in range(options.seeds)])
        for count in (ONE, RANKS)
    }
    result: dict[str, Any] = {'updates': options.loss_updates, 'seeds': options.seeds}
    for column, name in enumerate(('critic_loss', 'actor_loss')):
        one, ranks = (curves[count][:, :, column] for count in (ONE, RANKS))
        outside = (ranks < one.min(axis=0)) | (ranks > one.max(axis=0))
        result[name] = {
            'one_process': float(one[:, -1].mean()),
            'ranks': float(ranks[:, -1].mean()),
            'difference': float(np.abs(ranks - one).mean()),
            'seeds_deviation': float(one.std(axis=0, ddof=1).mean()),
            'difference_of_means': float(np.abs(ranks.mean(axis=0) - one.mean(axis=0)).mean()),
            'outside': float(outside.mean()),
        }
    return result


def _curve(count: int, seed: int, options: argparse.Namespace) -> NDArray[np.float64]:
    """Return the mean losses of each block of updates, (BLOCKS, 2): critic, actor."""
    with tempfile.TemporaryDirectory() as folder:
        worker = TimedWorker(
            sys.executable,
            'scale_leader',
            ['default', SMALL, count, str(Path(folder) / 'networks.pt'), seed, 0],
            max(1, options.threads // max(1, count)),
        )
        rows = []
        for _ in range(BLOCKS):
            worker.seconds(options.loss_updates // BLOCKS)
            rows.append(worker.figures[1:])
        worker.close()
    return np.array(rows)
