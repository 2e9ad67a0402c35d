# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From Reverb into training: blocks of uniformly drawn rows, fetched ahead on a thread."""

from collections.abc import Iterator
import queue
import threading

import numpy as np
from numpy.typing import NDArray
from rl_learner.replay_server import TABLE
from rl_learner.reverb_quietly import reverb, tensorflow

Rows = NDArray[np.float32]


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
        self._blocks: queue.Queue[Rows] = queue.Queue(maxsize=2)
        self._stop = threading.Event()
        # daemon: a fetch that waits for data ends with the process, even when the server has gone
        self._thread = threading.Thread(target=self._fetch, name='replay sampler', daemon=True)
        self._thread.start()

    def next_block(self, timeout_s: float) -> Rows | None:
        """Return rows, (update, batch, width), or None if the limiter lets none out in time."""
        try:
            return self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def stop(self) -> None:
        """Stop fetching."""
        self._stop.set()

    def _fetch(self) -> None:
        """Put blocks into the queue until stopped."""
        try:
            for rows in self._dataset():
                block = rows.reshape(self._shape).copy()  # TensorFlow's own is read-only
                while not self._stop.is_set():
                    try:
                        self._blocks.put(block, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if self._stop.is_set():
                    return
        except tensorflow.errors.OpError:
            if not self._stop.is_set():
                raise

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
