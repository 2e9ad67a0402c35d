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
"""A rank of `test_rank_faults.py`; prints `training` once it trains, and its error at the end.

usage: faulty_rank.py [train | pause | raise] [ARGUMENT ...]
"""

import os
import sys
import time

from rl_agent.errors import RlError
from rl_learner.distributed.follower import follow
from rl_learner.distributed.identity import identity
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.ranks import leave
from rl_learner.distributed.rendezvous import join, place_of
from small_updates import make_update, random_blocks

BLOCKS_BEFORE_THE_FAULT = 3


def lead(ranks, what, timeout_s):
    """Train for ever; or pause for longer than the timeout, and end."""
    assert isinstance(ranks, Leader)
    update = make_update('default', ranks=ranks)
    rows = random_blocks(update, 1)[0]
    ranks.start()
    update.run(rows)
    print('training', flush=True)
    while what != 'pause':
        update.run(rows)
    time.sleep(2.5 * timeout_s)  # as while robots send nothing
    update.run(rows)
    ranks.end()
    print(f'{update.updates} updates', flush=True)


class OutOfMemory:
    """An update that fails after some blocks."""

    def __init__(self, update):
        """Wrap a working one."""
        self._update, self._blocks, self.device = update, 0, update.device
        self.share_state = update.share_state

    def run_prepared(self, block):
        """Do the updates of a block, or fail."""
        self._blocks += 1
        if self._blocks > BLOCKS_BEFORE_THE_FAULT:
            raise MemoryError('no memory for a batch')
        self._update.run_prepared(block)


def main():
    """Run the rank."""
    what, *arguments = sys.argv[1:]
    place = place_of(os.environ)
    joined = None
    try:
        joined = join(place, identity(arguments))
        if joined.place.rank == 0:
            lead(joined.ranks, what, place.timeout_s)
        else:
            update = make_update('default', ranks=joined.ranks)
            follow(joined.ranks, OutOfMemory(update) if what == 'raise' else update)
    except RlError as error:
        print(f'{type(error).__name__}: {error}', flush=True)
        sys.exit(1)
    except MemoryError as error:
        joined.roll_call.failed(f'{type(error).__name__}: {error}')
        sys.exit(1)
    finally:
        leave()


main()
