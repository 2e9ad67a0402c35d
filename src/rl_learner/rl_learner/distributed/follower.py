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

"""The other ranks: train on what rank 0 sends until it ends."""

from typing import Protocol

from rl_learner.distributed.leader import END, TRAIN_FROM_NEW_STATE, WAIT
from rl_learner.distributed.ranks import Ranks
import torch
from torch import Tensor


class Trainable(Protocol):
    """What a follower trains."""

    device: torch.device

    def share_state(self, ranks: Ranks) -> None:
        """Take over the state of rank 0."""
        ...

    def run_prepared(self, block: Tensor) -> None:
        """Do the updates of a block, (update, row, width)."""
        ...


def follow(ranks: Ranks, update: Trainable) -> None:
    """Train until rank 0 ends.

    Raises:
        RankError: a rank is gone.
    """
    header = torch.zeros(4, dtype=torch.int64)
    while True:
        ranks.broadcast(header)
        command, *shape = header.tolist()
        if command == END:
            return
        if command == WAIT:
            continue
        if command == TRAIN_FROM_NEW_STATE:
            update.share_state(ranks)
        update.run_prepared(ranks.receive_shard(tuple(shape), update.device))
