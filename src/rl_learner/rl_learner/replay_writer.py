# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From the bridge into Reverb: each row an item of its own.

Reverb prints warnings once a writer has 50 rows on their way, and a writer that waits for the
server every few rows is slow; so a refill has several writers. TrajectoryWriter's Python layer
takes two thirds of the time of an insertion: all rows but the first go past it. StructuredWriter
is as fast, but cannot be closed while its server is gone.
"""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import math
import time

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ReplayError
from rl_learner.replay_server import BEGINNING, TABLE
from rl_learner.reverb_quietly import reverb

# with 50 on their way Reverb prints warnings
_ROWS_PER_FLUSH = 16
_ROWS_ON_THEIR_WAY = 32
_LANES, _ROWS_PER_LANE = 4, 40
_CALM_S = 0.3


@dataclass(frozen=True)
class ReplayState:
    """A server as it stands.

    Attributes:
        identity: of this start of the server.
        position: number of the row that it expects next.
        first: number of the row that its table begins with.
        refilled_to: rows before this number are a refill, of which nothing is sampled until it is
            complete.
    """

    identity: str
    position: int
    first: int
    refilled_to: int

    @property
    def is_half_refilled(self) -> bool:
        """Whether a refill was begun and not completed."""
        return self.first < self.position < self.refilled_to


class ReplayWriter:
    """Inserts rows and confirms that the server has them."""

    def __init__(self, port: int) -> None:
        """Prepare to write to the server on this machine; connects with the first row."""
        self._client = reverb.Client(f'localhost:{port}')
        self._port = port
        self._writers: list[reverb.TrajectoryWriter] = []

    def is_ready(self, timeout_s: int = 1) -> bool:
        """Return whether the server answers."""
        return self.state(timeout_s) is not None

    def state(self, timeout_s: int = 1) -> ReplayState | None:
        """Return which server answers, and what it has; None if none does."""
        try:
            tables = self._client.server_info(timeout=timeout_s)
        except Exception:  # Reverb raises types of its own for each gRPC state
            return None
        begins = [name for name in tables if name.startswith(BEGINNING)]
        if TABLE not in tables or not begins:
            return None
        numbers, identity = begins[0].removeprefix(BEGINNING).split(' of ')
        first, refilled_to = map(int, numbers.split(' refilled to '))
        inserted = int(tables[TABLE].rate_limiter_info.insert_stats.completed)
        return ReplayState(identity, first + inserted, first, refilled_to)

    def calm_state(self, timeout_s: float = 30.0) -> ReplayState | None:
        """Return the state once nothing more trickles in of what an earlier writer sent."""
        deadline_s, last = time.monotonic() + timeout_s, self.state()
        while last is not None and time.monotonic() < deadline_s:
            time.sleep(_CALM_S)
            state = self.state()
            if state == last:
                break
            last = state
        return last

    def insert(self, rows: NDArray[np.float32], timeout_s: float = 10.0) -> None:
        """Insert rows in order, (count, width); on return the server has them.

        Raises:
            ReplayError: the server does not take them in time; the first few may be in.
        """
        with self._explained():
            writer = self._connected(1, timeout_s)[0]
            timeout_ms = int(timeout_s * 1000)
            for start in range(0, len(rows), _ROWS_PER_FLUSH):
                _put(writer, rows[start : start + _ROWS_PER_FLUSH])
                writer.flush(_ROWS_ON_THEIR_WAY, timeout_ms)
            writer.flush(timeout_ms=timeout_ms)

    def refill(self, rows: NDArray[np.float32], timeout_s: float = 10.0) -> None:
        """Insert rows in about their order, faster; on return the server has them.

        Several writers take turns, so that none waits for the server. If it fails, which rows are
        in cannot be told from their count: the table must be emptied.

        Raises:
            ReplayError: the server does not take them in time; some may be in.
        """
        with self._explained():
            writers, timeout_ms = self._connected(_LANES, timeout_s), int(timeout_s * 1000)
            for turn, start in enumerate(range(0, len(rows), _ROWS_PER_LANE)):
                writer = writers[turn % _LANES]
                writer.flush(timeout_ms=timeout_ms)
                _put(writer, rows[start : start + _ROWS_PER_LANE])
            for writer in writers:
                writer.flush(timeout_ms=timeout_ms)

    def reset(self) -> None:
        """Empty the table; it expects its very first row again.

        Raises:
            ReplayError: the server does not answer.
        """
        self.close()
        with self._explained():
            self._client.reset(TABLE)

    def close(self) -> None:
        """Give up the connection; the next insertion makes a new one."""
        self._writers = []

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what Reverb raises into ReplayError, and give up the connection."""
        try:
            yield
        except Exception as error:  # Reverb raises types of its own for each gRPC state
            self.close()
            reason = ' '.join(str(error).split())
            raise ReplayError(f'Reverb on port {self._port}: {reason}') from error

    def _connected(self, count: int, timeout_s: float) -> 'list[reverb.TrajectoryWriter]':
        """Return so many writers; errors of many types where the server does not answer."""
        if len(self._writers) < count:
            # a new writer would wait for its server for ever, and hear no signal meanwhile
            self._client.server_info(timeout=math.ceil(timeout_s))
        while len(self._writers) < count:
            self._writers.append(self._client.trajectory_writer(num_keep_alive_refs=1))
        return self._writers


def _put(writer: 'reverb.TrajectoryWriter', rows: NDArray[np.float32]) -> None:
    """Hand rows to a writer, which sends them on a thread of its own."""
    for row in rows[:1]:  # the public way: it checks, and tells the writer its column
        writer.append({'row': row})
        writer.create_item(TABLE, 1.0, {'row': writer.history['row'][-1]})
    append, create_item = writer._writer.Append, writer._writer.CreateItem
    for row in rows[1:]:
        create_item(TABLE, 1.0, [append([row])], [True])
