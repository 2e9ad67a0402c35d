# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From the bridge into Reverb: each row an item of its own.

Client and server in two processes on two cores, rows of 107 numbers, per second of the client's
processor time: 35 thousand rows through TrajectoryWriter's Python layer, 75 thousand past it, 110
thousand with 256 rows on their way instead of 48; but from 50 on Reverb prints a warning for every
tenth row. StructuredWriter is as fast, but cannot be closed while its server is gone.
"""

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
_CALM_S = 0.3


@dataclass(frozen=True)
class ReplayState:
    """A server as it stands.

    Attributes:
        identity: of this start of the server.
        position: number of the row that it expects next.
    """

    identity: str
    position: int


class ReplayWriter:
    """Inserts rows and confirms that the server has them."""

    def __init__(self, port: int) -> None:
        """Prepare to write to the server on this machine; connects with the first row."""
        self._client = reverb.Client(f'localhost:{port}')
        self._port = port
        self._writer: reverb.TrajectoryWriter | None = None

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
        first, identity = begins[0].removeprefix(BEGINNING).split(' of ')
        inserted = tables[TABLE].rate_limiter_info.insert_stats.completed
        return ReplayState(identity, int(first) + int(inserted))

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
        """Insert rows, (count, width); on return the server has them.

        Raises:
            ReplayError: the server does not take them in time; the first few may be in.
        """
        try:
            self._insert(rows, int(timeout_s * 1000))
        except Exception as error:  # Reverb raises types of its own for each gRPC state
            self.close()
            reason = ' '.join(str(error).split())
            raise ReplayError(f'Reverb on port {self._port}: {reason}') from error

    def _insert(self, rows: NDArray[np.float32], timeout_ms: int) -> None:
        """Insert rows; errors of many types where the server does not take them."""
        if self._writer is None:
            # a new writer would wait for its server for ever, and hear no signal meanwhile
            self._client.server_info(timeout=math.ceil(timeout_ms / 1000))
            self._writer = self._client.trajectory_writer(num_keep_alive_refs=1)
        writer = self._writer
        for row in rows[:1]:  # the public way: it checks, and tells the writer its column
            writer.append({'row': row})
            writer.create_item(TABLE, 1.0, {'row': writer.history['row'][-1]})
        append, create_item = writer._writer.Append, writer._writer.CreateItem
        for number, row in enumerate(rows[1:], start=1):
            create_item(TABLE, 1.0, [append([row])], [True])
            if number % _ROWS_PER_FLUSH == 0:
                writer.flush(_ROWS_ON_THEIR_WAY, timeout_ms)
        writer.flush(timeout_ms=timeout_ms)

    def reset(self) -> None:
        """Empty the table; it expects its very first row again.

        Raises:
            ReplayError: the server does not answer.
        """
        self.close()
        try:
            self._client.reset(TABLE)
        except Exception as error:
            raise ReplayError(f'Reverb on port {self._port}: {error}') from error

    def close(self) -> None:
        """Give up the connection; the next insertion makes a new one."""
        self._writer = None
