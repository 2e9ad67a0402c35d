# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A rank of `scale_leader` other than 0."""

import os

from rl_learner.distributed.follower import follow
from rl_learner.distributed.ranks import leave
from rl_learner.distributed.rendezvous import join, place_of

from workers.scale_leader import make_ranked_update
from workers.timed_worker import worker_arguments


def main() -> None:
    """Train until rank 0 ends."""
    threads, options = worker_arguments()
    joined = join(place_of(os.environ), {})
    follow(joined.ranks, make_ranked_update(threads, options, joined))
    leave()


if __name__ == '__main__':
    main()
