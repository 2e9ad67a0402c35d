# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From Reverb into training: blocks of uniformly drawn rows, fetched ahead on a thread.

Items are drawn uniformly and all their rows are used, so each row of the table is as likely as
any other. Rows of an item are neighbours in time; they part in a pool that holds as many rows as
the table, up to `_POOL_BATCHES` batches. So they meet in an update about as often as rows that are
drawn one by one from a table of that size: of the 32,640 pairs in a batch of 256, 84 are of one
item with 10,000 rows stored (one by one: 52), 14 with 100,000 (5).
"""

from collections.abc import Iterator
import queue
import threading
import time

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import ReplayError
from rl_learner.replay.items import items_for, ROWS_PER_ITEM, to_rows
from rl_learner.replay.reverb_import import reverb, tensorflow
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.shuffle_pool import ShufflePool

_ATTEMPTS = 10
_BETWEEN_ATTEMPTS_S = 0.2
_END_S = 10.0
_LOOK_PERIOD_S = 0.02
_LOOK_AGAIN_S = 1.0  # even when enough is allowed: the pool grows with the table
_POOL_BATCHES, _POOL_ROWS = 128, 1 << 17
_BATCHES_AT_ONCE, _ITEMS_AT_ONCE = 16, 512  # a portion costs about half a millisecond
_ITEMS_IN_FLIGHT = 64  # more are not faster, only older


class ReplaySampler:
    """Gives blocks of `updates` x `batch` rows at the pace that the server allows."""

    def __init__(
        self, server: ReplayServer, *, width: int, batch_size: int, updates_per_block: int
    ) -> None:
        """Start fetching.

        Args:
            server: in this process; samples do not cross the network then.
            width: numbers in a row.
            batch_size: rows of one update.
            updates_per_block: updates that one block feeds.
        """
        self._server = server
        self._shape = (updates_per_block, batch_size, width)
        self._rows_per_block = updates_per_block * batch_size
        at_once = max(_BATCHES_AT_ONCE * batch_size, self._rows_per_block)
        self._items_at_once = min(items_for(at_once), _ITEMS_AT_ONCE)
        self._most = max(
            min(_POOL_BATCHES * batch_size, _POOL_ROWS), self._items_at_once * ROWS_PER_ITEM
        )
        self._pool = ShufflePool(width, self._most, np.random.default_rng())
        self._used = 0  # rows handed out
        self._looked_s, self._size, self._allowed = -np.inf, 0, 0.0
        self._blocks: queue.Queue[Float32Array | ReplayError] = queue.Queue(maxsize=2)
        self._stop = threading.Event()
        # daemon: a fetch ends with the process, even when the server has gone
        self._thread = threading.Thread(target=self._run, name='replay sampler', daemon=True)
        self._thread.start()

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), or None if none may be used in time.

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
        """Stop fetching; the server must still be there."""
        self._stop.set()
        # a thread that comes back from TensorFlow while Python ends aborts the process
        self._thread.join(_END_S)

    def _run(self) -> None:
        """Fetch until stopped; what goes wrong goes into the queue."""
        for attempt in range(_ATTEMPTS):
            try:
                self._fetch()
            except Exception as error:  # Reverb raises types of its own for each gRPC state
                # right after a restart on the same port the first connection can be the old one
                early = isinstance(error, tensorflow.errors.UnavailableError)
                if not early or attempt == _ATTEMPTS - 1:
                    reason = ' '.join(str(error).split())
                    self._put(ReplayError(f'Reverb on port {self._server.port}: {reason}'))
                    return
            if self._stop.wait(_BETWEEN_ATTEMPTS_S):
                return

    def _fetch(self) -> None:
        """Put blocks into the queue until stopped."""
        rows: _Rows | None = None
        while self._wait_until_allowed():
            # not before the first block: what is drawn during a refill would be old rows only
            rows = rows or _Rows(self._shuffled())
            block = rows.take(self._rows_per_block)
            self._used += self._rows_per_block
            if not self._put(block.reshape(self._shape)):
                return

    def _wait_until_allowed(self) -> bool:
        """Wait until a block may be used; return False if stopped."""
        wanted = self._used + self._rows_per_block
        while not self._stop.is_set():
            if wanted > self._allowed or time.monotonic() - self._looked_s > _LOOK_AGAIN_S:
                self._size, self._allowed = self._server.allowance()
                self._looked_s = time.monotonic()
            if wanted <= self._allowed:
                return True
            self._stop.wait(_LOOK_PERIOD_S)
        return False

    def _put(self, block: Float32Array | ReplayError) -> bool:
        """Put a block, or why there is none, into the queue; return False if stopped."""
        while not self._stop.is_set():
            try:
                self._blocks.put(block, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def _shuffled(self) -> Iterator[Float32Array]:
        """Return drawn rows, (row, width), that have parted in the pool."""
        for items in self._items():
            rows = to_rows(items)
            wanted = min(max(self._size, self._items_at_once * ROWS_PER_ITEM), self._most)
            missing = max(0, wanted - len(self._pool))
            self._pool.add(rows[:missing])
            yield self._pool.exchange(rows[missing:])

    def _items(self) -> Iterator[Float32Array]:
        """Return items, (item, ROWS_PER_ITEM, width), as they come; read-only."""
        dataset = reverb.TrajectoryDataset(
            server_address=f'localhost:{self._server.port}',
            table=self._server.table,
            dtypes={'rows': tensorflow.float32},
            shapes={'rows': tensorflow.TensorShape((ROWS_PER_ITEM, self._shape[-1]))},
            max_in_flight_samples_per_worker=_ITEMS_IN_FLIGHT,
            num_workers_per_iterator=1,
        )
        # a map to the rows alone would cost four times the sampling itself
        for sample in dataset.batch(self._items_at_once).as_numpy_iterator():
            yield sample.data['rows']


class _Rows:
    """Rows that come in some portions, taken in others."""

    def __init__(self, portions: Iterator[Float32Array]) -> None:
        """Take rows from the portions that come."""
        self._portions = portions
        self._rest: Float32Array | None = None

    def take(self, count: int) -> Float32Array:
        """Return the next rows, (count, width)."""
        parts, missing = [], count
        while missing:
            rows = next(self._portions) if self._rest is None else self._rest
            parts.append(rows[:missing])
            self._rest = rows[missing:] if len(rows) > missing else None
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
