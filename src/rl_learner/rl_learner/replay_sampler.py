# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From Reverb into training: blocks of uniformly drawn rows, fetched ahead on a thread."""

from collections.abc import Iterator
import queue
import threading

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ReplayError
from rl_learner.replay_server import TABLE
from rl_learner.reverb_quietly import reverb, tensorflow

Rows = NDArray[np.float32]

_ATTEMPTS = 10
_BETWEEN_ATTEMPTS_S = 0.2


class ReplaySampler:
    """Draws blocks of `updates` x `batch` rows at the pace that the rate limiter allows."""

    def __init__(self, port: int, *, width: int, batch_size: int, updates_per_block: int) -> None:
        """Start fetching.

        Args:
            port: of the server in this process; samples do not cross the network then.
            width: numbers in a row.
            batch_size: rows of one update.
            updates_per_block: updates that one block feeds.
        """
        self._shape = (updates_per_block, batch_size, width)
        self._port = port
        self._blocks: queue.Queue[Rows | ReplayError] = queue.Queue(maxsize=2)
        self._stop = threading.Event()
        # daemon: a fetch that waits for data ends with the process, even when the server has gone
        self._thread = threading.Thread(target=self._fetch, name='replay sampler', daemon=True)
        self._thread.start()

    def next_block(self, timeout_s: float) -> Rows | None:
        """Return rows, (update, batch, width), or None if the limiter lets none out in time.

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
        """Stop fetching."""
        self._stop.set()

    def _fetch(self) -> None:
        """Put blocks into the queue until stopped."""
        for attempt in range(_ATTEMPTS):
            try:
                for rows in self._dataset():
                    # a copy, for TensorFlow's own is read-only
                    if not self._put(rows.reshape(self._shape).copy()):
                        return
            except tensorflow.errors.OpError as error:
                # right after a restart on the same port the first connection can be the old one
                early = isinstance(error, tensorflow.errors.UnavailableError)
                if not early or attempt == _ATTEMPTS - 1:
                    reason = ' '.join(str(error).split())
                    self._put(ReplayError(f'Reverb on port {self._port}: {reason}'))
                    return
            if self._stop.wait(_BETWEEN_ATTEMPTS_S):
                return

    def _put(self, block: Rows | ReplayError) -> bool:
        """Put a block, or why there is none, into the queue; return False if stopped."""
        while not self._stop.is_set():
            try:
                self._blocks.put(block, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def _dataset(self) -> Iterator[Rows]:
        """Return flat blocks, (update x batch, width), as they come."""
        updates, batch, width = self._shape
        dataset = reverb.TrajectoryDataset(
            server_address=f'localhost:{self._port}',
            table=TABLE,
            dtypes={'row': tensorflow.float32},
            shapes={'row': tensorflow.TensorShape((width,))},
            max_in_flight_samples_per_worker=min(2 * batch, 512),
            num_workers_per_iterator=1,
        )
        # a map to the row alone would cost four times the sampling itself
        for sample in dataset.batch(updates * batch).as_numpy_iterator():
            yield sample.data['row']
