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

"""Rank 0: hands every block out in shards, and keeps the others waiting while there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
import threading
import time

from rl_learner.distributed.ranks import RankError, Ranks
from rl_learner.distributed.roll_call import RollCall
import torch
from torch import Tensor

_LOGGER = logging.getLogger(__name__)
# what the others are to do next
WAIT, TRAIN, TRAIN_FROM_NEW_STATE, END = range(4)
_BEATS_PER_TIMEOUT = 6.0
# boxes whose processors round differently would drift apart in very many updates
_UPDATES_PER_STATE = 10_000


class Leader(Ranks):
    """See `Ranks`; the one that has the data."""

    def __init__(self, size: int, roll_call: RollCall, timeout_s: float) -> None:
        """Prepare to lead; `start` begins to speak to the others.

        Args:
            size: number of ranks.
            roll_call: see `Ranks`.
            timeout_s: after which a rank that hears nothing gives up.
        """
        super().__init__(0, size, roll_call)
        self._beat_period_s = timeout_s / _BEATS_PER_TIMEOUT
        self._speaking = threading.Lock()
        self._spoke_s = time.monotonic()
        self._updates_of_state = _UPDATES_PER_STATE  # since the others had the state
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name='ranks', daemon=True)

    def start(self) -> None:
        """Keep the others waiting from now on.

        Raises:
            RankError: the others have ended.
        """
        if self._ended.is_set():
            raise RankError('the other ranks have ended; accepted: start all of them again')
        self._thread.start()

    @contextmanager
    def handed_out(self, block: Tensor, send_state: Callable[[Ranks], None]) -> Iterator[Tensor]:
        """Let all ranks do the updates of a block; yield this one's shard, (update, row, width).

        Args:
            block: (update, batch, width); the number of ranks divides the batch.
            send_state: sends the state of training with `broadcast`; called when it is due.

        Raises:
            RankError: a rank is gone.
        """
        with self._speaking:
            updates, batch_size, width = block.shape
            is_due = self._updates_of_state >= _UPDATES_PER_STATE
            command = TRAIN_FROM_NEW_STATE if is_due else TRAIN
            self._say(command, updates, batch_size // self.size, width)
            if is_due:
                send_state(self)
                self._updates_of_state = 0
            self._updates_of_state += updates
            try:
                yield self.send_shards(block)
            except BaseException:
                self.is_broken = True  # the others wait in the middle of an update
                raise
            self._spoke_s = time.monotonic()

    def end(self) -> None:
        """Stop speaking; the others end, too."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.is_broken:
            return  # they see that this rank has ended
        try:
            with self._speaking:
                self._say(END)
        except RankError as error:
            _LOGGER.warning('not all ranks ended in order: %s', error)

    def _beat(self) -> None:
        """Speak at least once in a period, so that the others know that this rank lives."""
        while not self._ended.wait(self._beat_period_s / 2):
            if not self._speaking.acquire(blocking=False):
                continue  # a block is under way
            try:
                if time.monotonic() - self._spoke_s >= self._beat_period_s:
                    self._say(WAIT)
            finally:
                self._speaking.release()

    def _say(self, command: int, *shape: int) -> None:
        """Tell all ranks what comes next, with the shape of their shards."""
        header = torch.zeros(4, dtype=torch.int64)
        header[0] = command
        header[1 : 1 + len(shape)] = torch.tensor(shape, dtype=torch.int64)
        self.broadcast(header)
        self._spoke_s = time.monotonic()
