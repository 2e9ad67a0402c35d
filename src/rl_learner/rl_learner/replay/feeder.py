# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From the journal into Reverb, on a thread of its own: live rows and refills are one thing.

The server says which row it expects next. A learner that was started again has an empty table and
expects the first of the newest `replay_capacity` rows; the feeder reads on from there as it
always does, while the bridge goes on to store what robots send. A refill that was interrupted
begins anew: nothing is sampled before it is complete.

A port may be that of another run by mistake: the server there is left as it is, and the feeder
looks on for that of its own run.

Rows go in whole items; those that do not fill one wait for more, but not for long.
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

_LOGGER = logging.getLogger(__name__)
_ROWS_AT_ONCE = 4096
_LOOK_PERIOD_S = 0.5
PATIENCE_S = 0.5


class RowSource(Protocol):
    """Where rows come from, see `JournalRows`."""

    position: int

    def seek(self, position: int) -> None:
        """Go to a row."""
        ...

    def read(self, most: int) -> NDArray[np.float32]:
        """Return the next rows."""
        ...


class RowWriter(Protocol):
    """Where rows go, see `ReplayWriter`."""

    def state(self, timeout_s: int = 1) -> ReplayState | None:
        """Return which server answers, and what it has."""
        ...

    def calm_state(self, timeout_s: float = 30.0) -> ReplayState | None:
        """Return the state once nothing more trickles in; refuses another run's server."""
        ...

    def insert(self, rows: NDArray[np.float32], timeout_s: float = 10.0) -> None:
        """Insert rows in order."""
        ...

    def reset(self) -> None:
        """Empty the table."""
        ...


class ReplayFeeder:
    """Inserts row after row, and finds its place again after whatever goes wrong.

    Attributes:
        inserted: rows since the start, refilled ones included.
        state: what it does or waits for, in words.
    """

    def __init__(
        self, source: RowSource, writer: RowWriter, *, patience_s: float = PATIENCE_S
    ) -> None:
        """Prepare to feed `writer` from `source`.

        Args:
            source: of rows.
            writer: where they go.
            patience_s: how long rows that do not fill an item wait for the next row.
        """
        self._source, self._writer, self._patience_s = source, writer, patience_s
        self._server = ''  # identity of the server that is being fed; empty: none
        self._waiting: list[NDArray[np.float32]] = []
        self._grown_s = 0.0
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='replay feeder', daemon=True)
        self.inserted = 0
        self.state = 'waiting for the learner'

    def start(self) -> None:
        """Begin to feed."""
        self._thread.start()

    def notify(self) -> None:
        """Say that the journal has grown."""
        self._news.set()

    def stop(self, timeout_s: float) -> None:
        """Stop after the rows under way."""
        self._stop.set()
        self._news.set()
        self._thread.join(timeout_s)

    def feed(self) -> int:
        """Insert what there is, one portion of it; return how many rows were read or inserted.

        Raises:
            ReplayError: the server does not take them, or another one has taken its place.
            JournalError: the journal does not have what the server expects.
            ConfigurationError: the journal holds something else, or the server is that of another
                run.
        """
        if not self._server:
            self._connect()
        read = self._source.read(_ROWS_AT_ONCE)
        rows = self._due(read)
        if len(rows):
            self._writer.insert(rows)
        self._check()
        self.inserted += len(rows)
        return max(len(read), len(rows))

    def _due(self, read: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows to insert now; the others wait."""
        if len(read):
            self._waiting.append(read)
            self._grown_s = time.monotonic()
        count = sum(map(len, self._waiting))
        if time.monotonic() - self._grown_s < self._patience_s or len(read):
            count -= count % ROWS_PER_ITEM
        if not count:
            return read[:0]
        rows = np.concatenate(self._waiting)
        self._waiting = [rows[count:]] if len(rows) > count else []
        return rows[:count]

    def _check(self) -> None:
        """Raise ReplayError where the server does not have exactly what it should."""
        state = self._writer.state()
        if state is None:
            raise ReplayError('the replay server does not answer')
        if state.identity != self._server:
            # Reverb's writer sends again what was under way, perhaps to the new server; one of
            # another run has nothing of it, and is refused here
            self._writer.reset()
            raise ReplayError('the replay server was started again')
        expected = self._source.position - sum(map(len, self._waiting))
        if state.position != expected:
            raise ReplayError(
                f'the replay server expects row {state.position}, row {expected} is the next'
            )

    def _connect(self) -> None:
        """Find out which row comes next.

        Raises:
            ReplayError: no server answers.
            JournalError: the journal does not have that row.
            ConfigurationError: it is the server of another run; nothing is changed.
        """
        state = self._writer.calm_state()
        if state is None:
            raise ReplayError('no replay server answers')
        position = state.position
        if state.is_half_refilled:
            self._writer.reset()
            position = state.first
        self._source.seek(position)
        self._server, self._waiting = state.identity, []
        _LOGGER.info('Reverb answers and expects row %d', position)

    def _run(self) -> None:
        """Feed until stopped."""
        said = ''
        while not self._stop.is_set():
            self._news.clear()
            try:
                count = self.feed()
                self.state, said = 'feeding', ''
            except RlError as error:
                count, self._server = 0, ''
                for_whom = ' for the learner' if isinstance(error, ReplayError) else ''
                self.state = f'waiting{for_whom}: {error}'
                if str(error) != said:
                    _LOGGER.warning('rows wait in the journal: %s', error)
                    said = str(error)
                self._stop.wait(_LOOK_PERIOD_S)
            if not count:
                self._news.wait(self._patience_s if self._waiting else _LOOK_PERIOD_S)
