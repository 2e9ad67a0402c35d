# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""A rank of `test_equal_ranks.py`: trains small updates, and rank 0 saves their states.

usage: rank_worker.py UPDATES OUTPUT VARIANT [VARIANT ...]
"""

import os
from pathlib import Path
import sys

from image_updates import image_update, train_on_image_blocks
from rl_learner.distributed.follower import follow
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.ranks import leave
from rl_learner.distributed.rendezvous import join, place_of
from small_updates import make_update, train_on_random_blocks
import torch

IMAGES = 'images_'  # before the name of a preset: with two frames of two images


def lead(joined, updates, variant):
    """Return the state after some updates of all ranks."""
    leader = Leader(joined.place.size, joined.roll_call, joined.place.timeout_s)
    leader.start()
    if variant.startswith(IMAGES):
        update = image_update(variant[len(IMAGES) :], stack=2, ranks=leader)
        train_on_image_blocks(update, updates)
    else:
        update = make_update(variant, ranks=leader)
        train_on_random_blocks(update, updates)
    leader.end()
    return update.state_dict()


def follower(joined, variant):
    """Return an update that begins with other networks than rank 0."""
    if variant.startswith(IMAGES):
        name = variant[len(IMAGES) :]
        return image_update(name, seed=7, stack=2, ranks=joined.ranks)
    return make_update(variant, seed=7, ranks=joined.ranks)


def main():
    """Train one variant after the other."""
    updates, output, *variants = sys.argv[1:]
    torch.set_num_threads(1)
    joined = join(place_of(os.environ), {})
    results = {}
    for variant in variants:
        if joined.place.rank:
            follow(joined.ranks, follower(joined, variant))
        else:
            results[variant] = lead(joined, int(updates), variant)
    if results:
        torch.save(results, Path(output))
    leave()


main()
