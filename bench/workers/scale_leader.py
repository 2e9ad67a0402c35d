# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Rank 0 of a learner of several ranks on this machine, or a learner without ranks.

Its options: preset, overrides, ranks (0: without; -1: without, from parameters that are off by
about one rounding), file for its networks at the end, seed of networks and batches, side of an
image in observations (0: none).
"""

import os

from rl_learner.system.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # as in the learner, before torch is imported

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

import numpy as np
from rl_agent.description.image import ImageDescription
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.ranks import leave
from rl_learner.distributed.rendezvous import join, Joined, place_of
from rl_learner.system.ports import free_port
from rl_learner.training.update import Update
import torch

from workers.compared_networks import ACTION_SIZE, OBSERVATION_SIZE
from workers.our_update import random_rows
from workers.timed_worker import serve, worker_arguments

_WARM_UPS = 20
_ROUNDING = 2.0**-24  # of float32, relative


class TimedLeader(Leader):
    """A leader that adds up the time of its exchanges.

    Attributes:
        exchange_s: total, with the time that it waits for others.
    """

    exchange_s = 0.0

    def _call(self, collective: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Time a collective operation."""
        started_s = time.perf_counter()
        super()._call(collective, *args, **options)
        self.exchange_s += time.perf_counter() - started_s


def environments(ranks: int) -> list[dict[str, str]]:
    """Return the variables of ranks on this machine."""
    common = {
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(free_port()),
        'WORLD_SIZE': str(ranks),
        'LOCAL_WORLD_SIZE': str(ranks),
    }
    return [{**common, 'RANK': str(rank), 'LOCAL_RANK': str(rank)} for rank in range(ranks)]


def make_ranked_update(threads: int, options: Any, joined: Joined | None) -> Update:
    """Return the update of this rank, or of a process without ranks."""
    torch.set_num_threads(threads)
    ranks = None
    if joined is not None:
        ranks = joined.ranks
        if joined.place.rank == 0:
            place = joined.place
            ranks = TimedLeader(place.size, joined.roll_call, place.timeout_s)
            ranks.start()
    algorithm = load_algorithm(options[0], options[1])
    side = options[5]
    images = [ImageDescription(side, side)] if side else []
    size = OBSERVATION_SIZE + sum(image.size for image in images)
    return Update(algorithm, size, ACTION_SIZE, images, seed=options[4], ranks=ranks)


def round_differently(update: Update) -> None:
    """Change each parameter by about one rounding."""
    generator = torch.Generator().manual_seed(0)
    state = update.state_dict()
    for name in ('actor', 'critics'):
        tensor = state['networks'][name]
        tensor.mul_(1.0 + _ROUNDING * torch.randn(tensor.shape, generator=generator))
    update.load_state_dict(state)


def main() -> None:
    """Start the other ranks and serve updates until stdin ends."""
    threads, options = worker_arguments()
    mine, *others = environments(max(0, options[2])) or [{}]
    command = [sys.executable, '-m', 'workers.scale_follower', *sys.argv[1:]]
    followers = [subprocess.Popen(command, env={**os.environ, **other}) for other in others]
    joined = join(place_of({**os.environ, **mine}), {}) if mine else None
    update = make_ranked_update(threads, options, joined)
    if options[2] < 0:
        round_differently(update)
    random = np.random.default_rng(options[4])
    rows = random_rows(update, random)
    shape = (update.algorithm.updates_per_block, update.algorithm.batch_size)
    leader = update.ranks

    def run(updates: int) -> tuple[float, ...]:
        before_s = leader.exchange_s if isinstance(leader, TimedLeader) else 0.0
        for _ in range(updates // shape[0]):
            update.run(torch.from_numpy(rows[random.integers(len(rows), size=shape)]))
        metrics = update.metrics()  # checks that all numbers are finite
        exchange_s = leader.exchange_s - before_s if isinstance(leader, TimedLeader) else 0.0
        return exchange_s, metrics['critic_loss'], metrics['actor_loss']

    serve(run, _WARM_UPS * shape[0])
    if isinstance(leader, TimedLeader):
        leader.end()
    leave()
    torch.save(update.state_dict()['networks'], Path(options[3]))
    for follower in followers:
        follower.wait()


if __name__ == '__main__':
    main()
