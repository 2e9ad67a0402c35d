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

"""What ranks exchange: sums, moments and shards, on the processor or between GPUs."""

from collections.abc import Callable
from typing import Any

from rl_agent.errors import RlError
from rl_learner.distributed.roll_call import RollCall
import torch
from torch import Tensor
import torch.distributed as distributed


def leave() -> None:
    """Close the connections of this rank; without it, torch may abort the process as it exits."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


class RankError(RlError):
    """A rank has ended, hangs or cannot be reached; the text names it."""


class Ranks:
    """One of the processes that compute an update together, each with a shard of every batch.

    All ranks call the same methods in the same order.

    Attributes:
        rank: number of this process; 0 leads.
        size: number of processes.
        is_broken: an exchange has failed, so that all ranks must start again.
    """

    def __init__(self, rank: int, size: int, roll_call: RollCall) -> None:
        """Use torch's default process group, which exists.

        Args:
            rank: of this process.
            size: number of processes.
            roll_call: finds out which rank is gone.
        """
        self.rank, self.size = rank, size
        self.is_broken = False
        self._roll_call = roll_call

    def shard(self, batch: Tensor, dim: int) -> Tensor:
        """Return this rank's rows of a batch: every `size`th one, so that no part is special.

        Args:
            batch: of all ranks.
            dim: axis of the rows; `size` divides its length.
        """
        index = (slice(None),) * dim + (slice(self.rank, None, self.size),)
        return batch[index].contiguous()

    def average(self, values: Tensor) -> None:
        """Replace values by their mean over the ranks, in place; the tensor is contiguous."""
        self._call(distributed.all_reduce, values)
        values.div_(self.size)

    def gather(self, values: Tensor) -> Tensor:
        """Return the values of all ranks, (rank, ...)."""
        every = values.new_empty((self.size, *values.shape))
        self._call(distributed.all_gather, list(every.unbind()), values.contiguous())
        return every

    def broadcast(self, values: Tensor) -> None:
        """Replace values by those of rank 0, in place; the tensor is contiguous."""
        self._call(distributed.broadcast, values, src=0)

    def send_shards(self, block: Tensor) -> Tensor:
        """Send each rank its rows; return those of this one, rank 0.

        Args:
            block: (update, batch, width).
        """
        shards = [block[:, rank :: self.size].contiguous() for rank in range(self.size)]
        self._call(distributed.scatter, shards[0], shards, src=0)
        return shards[0]

    def receive_shard(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Return the rows that rank 0 sends, (update, row, width)."""
        shard = torch.empty(shape, device=device)
        self._call(distributed.scatter, shard, None, src=0)
        return shard

    def _call(self, collective: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Take part in a collective operation.

        Raises:
            RankError: it failed, because a rank is gone.
        """
        try:
            collective(*args, **options)
        except RuntimeError as error:
            self.is_broken = True
            leave()  # so that ranks which wait for this one notice, too
            raise RankError(self._roll_call.missing(str(error))) from error
