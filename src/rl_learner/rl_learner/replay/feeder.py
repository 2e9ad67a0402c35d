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

"""Feeds rows from the journal into Reverb on a thread; a refill works like live feeding.

The server states which row it expects next. After a learner's restart the table is empty and
expects the first of the newest `replay_capacity` rows; the feeder reads on from there as usual
while the bridge keeps storing what robots send. An interrupted refill starts over: nothing is
sampled before it is complete.

If the port is used by the server of another run, that server is left unchanged and the feeder
keeps trying.

Rows are inserted in whole items; the rest waits for more rows for a short time, then is padded.
"""

import logging
import threading
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ReplayError, RlError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.state import ReplayState

FEEDING = 'feeding'
_LOGGER = logging.getLogger(__name__)
_ROWS_PER_READ = 4096
_POLL_PERIOD_S = 0.5
_PAD_AFTER_S = 0.5


class RowSource(Protocol):
    """Source of rows, see `JournalRows`."""

    position: int

    def seek(self, position: int) -> None:
        """Continue at a row number."""
        ...

    def read(self, most: int) -> NDArray[np.float32]:
        """Return the next rows, at most `most`."""
        ...


class RowWriter(Protocol):
    """Destination of rows, see `ReplayWriter`."""

    def state(self) -> ReplayState | None:
        """Return the state of the server that answers."""
        ...

    def settled_state(self) -> ReplayState | None:
        """Return the state once it no longer changes; rejects another run's server."""
        ...

    def insert(self, rows: NDArray[np.float32]) -> None:
        """Insert rows in order."""
        ...

    def reset(self) -> None:
        """Empty the table."""
        ...


class ReplayFeeder:
    """Inserts rows in order, and finds the next row again after any failure.

    Attributes:
        inserted: rows inserted since the start, including refills.
        state: what the feeder does or waits for, as text.
    """

    def __init__(
        self, source: RowSource, writer: RowWriter, *, pad_after_s: float = _PAD_AFTER_S
    ) -> None:
        """Prepare to feed `writer` from `source`.

        Args:
            source: of the rows.
            writer: destination of the rows.
            pad_after_s: time without new rows after which a partial item is padded.
        """
        self._source, self._writer, self._pad_after_s = source, writer, pad_after_s
        self._server = ''  # identity of the server being fed; empty: none
        self._waiting: list[NDArray[np.float32]] = []
        self._last_read_s = 0.0
        self._wake_up = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='replay feeder', daemon=True)
        self.inserted = 0
        self.state = 'waiting for the learner'

    def start(self) -> None:
        """Start feeding."""
        self._thread.start()

    def notify(self) -> None:
        """Report that the journal has grown."""
        self._wake_up.set()

    def stop(self, timeout_s: float) -> None:
        """Stop after the current insertion."""
        self._stop.set()
        self._wake_up.set()
        self._thread.join(timeout_s)

    def feed(self) -> int:
        """Read and insert some rows; return the number of rows read or inserted, 0 if none.

        Raises:
            ReplayError: the insertion failed, or the server was replaced by another one.
            JournalError: the journal does not have the rows that the server expects.
            ConfigurationError: the journal belongs to another robot, or the server to another run.
        """
        if not self._server:
            self._connect()
        read = self._source.read(_ROWS_PER_READ)
        rows = self._take_complete_items(read)
        if len(rows):
            self._writer.insert(rows)
        self._check_position()
        self.inserted += len(rows)
        return max(len(read), len(rows))

    def _take_complete_items(self, read: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows to insert now: complete items, or all if the rest waited too long."""
        if len(read):
            self._waiting.append(read)
            self._last_read_s = time.monotonic()
        count = sum(map(len, self._waiting))
        if time.monotonic() - self._last_read_s < self._pad_after_s or len(read):
            count -= count % ROWS_PER_ITEM
        if not count:
            return read[:0]
        rows = np.concatenate(self._waiting)
        self._waiting = [rows[count:]] if len(rows) > count else []
        return rows[:count]

    def _check_position(self) -> None:
        """Raise ReplayError unless the server expects exactly the next row."""
        state = self._writer.state()
        if state is None:
            raise ReplayError('the replay server does not answer')
        if state.identity != self._server:
            # Reverb's writer resends unconfirmed items, perhaps to the new server. A server of
            # another run takes none of them, and `reset` rejects it.
            self._writer.reset()
            raise ReplayError('the replay server was restarted')
        expected = self._source.position - sum(map(len, self._waiting))
        if state.position != expected:
            raise ReplayError(
                f'the replay server expects row {state.position}, but row {expected} is next'
            )

    def _connect(self) -> None:
        """Connect to the server and continue at the row that it expects.

        Raises:
            ReplayError: no server answers.
            JournalError: the journal does not have that row.
            ConfigurationError: the server belongs to another run; nothing is changed.
        """
        state = self._writer.settled_state()
        if state is None:
            raise ReplayError('no replay server answers')
        position = state.position
        if state.is_partly_refilled:
            self._writer.reset()
            position = state.first
        self._source.seek(position)
        self._server, self._waiting = state.identity, []
        _LOGGER.info('Reverb answers and expects row %d', position)

    def _run(self) -> None:
        """Feed until stopped."""
        logged_error = ''
        while not self._stop.is_set():
            self._wake_up.clear()
            try:
                count = self.feed()
                self.state, logged_error = FEEDING, ''
            except RlError as error:
                count, self._server = 0, ''
                for_learner = ' for the learner' if isinstance(error, ReplayError) else ''
                self.state = f'waiting{for_learner}: {error}'
                if str(error) != logged_error:
                    _LOGGER.warning('rows wait in the journal: %s', error)
                    logged_error = str(error)
                self._stop.wait(_POLL_PERIOD_S)
            if not count:
                self._wake_up.wait(self._pad_after_s if self._waiting else _POLL_PERIOD_S)
