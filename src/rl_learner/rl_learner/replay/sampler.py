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

"""From Reverb to training: blocks of uniformly drawn rows, prefetched on a thread.

Items are drawn uniformly and all their rows are used, so all rows of the table are equally likely.
The rows of an item are consecutive in time; a pool with as many rows as the table, up to
`_POOL_BATCHES` batches, separates them. Then they meet in an update about as often as rows drawn
one by one: of the 32,640 pairs in a batch of 256, 84 come from the same item with 10,000 rows
stored (one by one: 52), and 14 with 100,000 (one by one: 5).
"""

from collections.abc import Iterator
import logging
import queue
import threading
import time
from typing import Protocol

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import ReplayError
from rl_learner.frames.frame_items import to_whole_rows
from rl_learner.frames.pixel_columns import PixelColumns
from rl_learner.replay.items import FRAMES, item_shapes, items_for, ROWS, ROWS_PER_ITEM, to_rows
from rl_learner.replay.reverb_import import local_address, replay_error, reverb, tensorflow
from rl_learner.replay.shuffle_pool import ShufflePool

_LOGGER = logging.getLogger(__name__)
_ATTEMPTS = 10
_RETRY_DELAY_S = 0.2
_JOIN_TIMEOUT_S = 10.0
_PUT_TIMEOUT_S = 0.1
_POLL_PERIOD_S = 0.02
_ALLOWANCE_MAX_AGE_S = 1.0  # re-read even if enough is allowed: the pool grows with the table
_POOL_BATCHES, _POOL_ROWS = 128, 1 << 17
_BATCHES_PER_FETCH, _ITEMS_PER_FETCH = 16, 512  # a fetch takes about half a millisecond
_POOL_BYTES, _FETCH_BYTES = 1 << 29, 1 << 25  # rows with images are large
_ITEMS_IN_FLIGHT = 64  # more would not be faster, and their rows would be older


class SampledTable(Protocol):
    """A table of a server in this process, so that samples do not cross the network."""

    port: int
    table: str

    def allowance(self) -> tuple[int, float]:
        """Return the rows in the table, and the number of samples allowed since its start."""
        ...


class ReplaySampler:
    """Returns blocks of `updates` x `batch` rows at the rate that the server allows.

    With demonstrations, a part of each batch, its last rows, is drawn from their table, once that
    has any; the batch still counts as `batch` samples.
    """

    def __init__(
        self,
        server: SampledTable,
        *,
        width: int,
        batch_size: int,
        updates_per_block: int,
        demonstrations: SampledTable | None = None,
        demonstrations_per_batch: int = 0,
        pixels: PixelColumns | None = None,
    ) -> None:
        """Start fetching.

        Args:
            server: the table to draw from.
            width: length of a row.
            batch_size: rows per update.
            updates_per_block: updates per block.
            demonstrations: table of the rest of each batch; None: there is none.
            demonstrations_per_batch: rows of each batch that are demonstrations.
            pixels: columns of images in a row, None without any.
        """
        self._server, self._demonstrations = server, demonstrations
        self._shape = (updates_per_block, batch_size, width)
        self._num_taught = demonstrations_per_batch if demonstrations is not None else 0
        self._is_taught = False  # there are demonstrations
        self._rows_used = 0
        self._allowance_read_s, self._rows_allowed = -np.inf, 0.0
        self._blocks: queue.Queue[Float32Array | ReplayError] = queue.Queue(maxsize=2)
        self._stop = threading.Event()
        self._draws = _Draws(server, self._shape, batch_size, pixels, self._stop)
        if demonstrations is not None:
            self._taught = _Draws(
                demonstrations, self._shape, self._num_taught, pixels, self._stop
            )
        # daemon, so that a fetch from a server that has gone does not keep the process alive
        self._thread = threading.Thread(target=self._run, name='replay sampler', daemon=True)
        self._thread.start()

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), or None if none are allowed in time.

        Raises:
            ReplayError: the server can no longer be read.
        """
        try:
            block = self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(block, ReplayError):
            raise block
        return block

    def stop(self) -> None:
        """Stop fetching; call it before the server is stopped."""
        self._stop.set()
        # a thread that returns from TensorFlow while Python exits would abort the process
        self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        """Fetch until stopped; errors go into the queue."""
        for attempt in range(_ATTEMPTS):
            try:
                self._fetch()
            except Exception as error:  # see `replay_error`
                # right after a restart on the same port, a connection may still be to the old one
                can_retry = isinstance(error, tensorflow.errors.UnavailableError)
                if not can_retry or attempt == _ATTEMPTS - 1:
                    self._put(replay_error(self._server.port, error))
                    return
            if self._stop.wait(_RETRY_DELAY_S):
                return

    def _fetch(self) -> None:
        """Put blocks into the queue until stopped."""
        self._draws.restart()
        if self._num_taught:
            self._taught.restart()
        updates, batch_size, _ = self._shape
        while self._wait_until_allowed():
            num_taught = self._num_taught if self._is_taught else 0
            block = self._draws.take(updates * (batch_size - num_taught))
            block = block.reshape(updates, batch_size - num_taught, -1)
            if num_taught:
                taught = self._taught.take(updates * num_taught).reshape(updates, num_taught, -1)
                block = np.concatenate([block, taught], axis=1)
            self._rows_used += updates * batch_size
            if not self._put(block):
                return

    def _wait_until_allowed(self) -> bool:
        """Wait until another block is allowed; return False if stopped."""
        updates, batch_size, _ = self._shape
        needed = self._rows_used + updates * batch_size
        while not self._stop.is_set():
            age_s = time.monotonic() - self._allowance_read_s
            if needed > self._rows_allowed or age_s > _ALLOWANCE_MAX_AGE_S:
                self._draws.table_size, self._rows_allowed = self._server.allowance()
                self._read_demonstrations()
                self._allowance_read_s = time.monotonic()
            if needed <= self._rows_allowed:
                return True
            self._stop.wait(_POLL_PERIOD_S)
        return False

    def _read_demonstrations(self) -> None:
        """Read whether there are demonstrations to draw."""
        if self._demonstrations is None or not self._num_taught:
            return
        self._taught.table_size, allowed = self._demonstrations.allowance()
        if allowed > 0.0 and not self._is_taught:
            self._is_taught = True
            _LOGGER.info(
                '%d of %d rows of each batch are demonstrations, of %d so far',
                self._num_taught,
                self._shape[1],
                self._taught.table_size,
            )

    def _put(self, block: Float32Array | ReplayError) -> bool:
        """Put a block or an error into the queue; return False if stopped."""
        while not self._stop.is_set():
            try:
                self._blocks.put(block, timeout=_PUT_TIMEOUT_S)
            except queue.Full:
                continue
            return True
        return False


class _Draws:
    """Uniformly drawn rows of a table, shuffled by a pool.

    Attributes:
        table_size: newest known number of rows in the table.
    """

    def __init__(
        self,
        table: SampledTable,
        shape: tuple[int, int, int],
        rows_per_batch: int,
        pixels: PixelColumns | None,
        stop: threading.Event,
    ) -> None:
        """Prepare to draw.

        Args:
            table: to draw from.
            shape: of a block: updates, rows of a batch, length of a row.
            rows_per_batch: rows of a batch that are drawn here.
            pixels: columns of images in a row, None without any.
            stop: event that ends waiting.
        """
        updates, _, self._width = shape
        self._table, self._pixels, self._stop = table, pixels, stop
        rows_per_fetch = max(_BATCHES_PER_FETCH, updates) * rows_per_batch
        row_bytes = self._width * np.dtype(np.float32).itemsize
        most_items = max(1, _FETCH_BYTES // (row_bytes * ROWS_PER_ITEM))
        self._items_per_fetch = min(items_for(rows_per_fetch), _ITEMS_PER_FETCH, most_items)
        self._pool_capacity = max(
            min(_POOL_BATCHES * rows_per_batch, _POOL_ROWS, _POOL_BYTES // row_bytes),
            self._items_per_fetch * ROWS_PER_ITEM,
        )
        self._pool = ShufflePool(self._width, self._pool_capacity, np.random.default_rng())
        self._rows: _RowStream | None = None
        self.table_size = 0

    def restart(self) -> None:
        """Connect again with the next draw."""
        self._rows = None

    def take(self, count: int) -> Float32Array:
        """Return the next rows, (count, width)."""
        # not before the first block is allowed: during a refill only old rows would be drawn
        self._rows = self._rows or _RowStream(self._shuffled())
        return self._rows.take(count)

    def _shuffled(self) -> Iterator[Float32Array]:
        """Yield drawn rows, (row, width), shuffled by the pool."""
        for rows in self._drawn():
            if not len(rows) and self._stop.wait(_POLL_PERIOD_S):  # nothing to train on
                return
            pool_size = min(
                max(self.table_size, self._items_per_fetch * ROWS_PER_ITEM), self._pool_capacity
            )
            missing = max(0, pool_size - len(self._pool))
            self._pool.add(rows[:missing])
            yield self._pool.exchange(rows[missing:])

    def _drawn(self) -> Iterator[Float32Array]:
        """Yield the rows of fetched items, (row, width), read-only."""
        shapes = item_shapes(self._width, self._pixels).items()
        dataset = reverb.TrajectoryDataset(
            server_address=local_address(self._table.port),
            table=self._table.table,
            dtypes={name: tensorflow.float32 for name, _ in shapes},
            shapes={name: tensorflow.TensorShape(shape) for name, shape in shapes},
            max_in_flight_samples_per_worker=_ITEMS_IN_FLIGHT,
            num_workers_per_iterator=1,
        )
        # mapping the dataset to its rows would take four times as long as sampling
        if self._pixels is None:
            for sample in dataset.batch(self._items_per_fetch).as_numpy_iterator():
                yield to_rows(sample.data[ROWS])
            return
        items = dataset.map(lambda sample: sample.data).padded_batch(self._items_per_fetch)
        for item in items.as_numpy_iterator():
            yield to_whole_rows(item[ROWS], item[FRAMES], self._pixels)


class _RowStream:
    """Rows from an iterator of arrays, taken in chunks of another size."""

    def __init__(self, arrays: Iterator[Float32Array]) -> None:
        """Take rows from arrays, (row, width)."""
        self._arrays = arrays
        self._rest: Float32Array | None = None

    def take(self, count: int) -> Float32Array:
        """Return the next rows, (count, width)."""
        parts, missing = [], count
        while missing:
            rows = next(self._arrays) if self._rest is None else self._rest
            parts.append(rows[:missing])
            self._rest = rows[missing:] if len(rows) > missing else None
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
