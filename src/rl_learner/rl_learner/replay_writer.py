# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From the bridge into Reverb: each row an item of its own."""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ReplayError
from rl_learner.replay_server import TABLE
from rl_learner.reverb_quietly import reverb

# with many more on their way Reverb prints a warning for each row
_ROWS_PER_FLUSH = 32


class ReplayWriter:
    """Inserts rows and confirms that the server has them."""

    def __init__(self, port: int) -> None:
        """Prepare to write to the server on this machine; connects with the first row."""
        self._client = reverb.Client(f'localhost:{port}')
        self._port = port
        self._writer: reverb.TrajectoryWriter | None = None

    def is_ready(self, timeout_s: int = 1) -> bool:
        """Return whether the server answers."""
        try:
            self._client.server_info(timeout=timeout_s)
        except Exception:  # Reverb raises types of its own for each gRPC state
            return False
        return True

    def insert(self, rows: NDArray[np.float32], timeout_s: float = 10.0) -> None:
        """Insert rows, (count, width); on return the server has them.

        Raises:
            ReplayError: the server does not take them in time; some may be in.
        """
        try:
            if self._writer is None:
                # a new writer would wait for its server for ever, and hear no signal meanwhile
                self._client.server_info(timeout=math.ceil(timeout_s))
                self._writer = self._client.trajectory_writer(num_keep_alive_refs=1)
            writer = self._writer
            for number, row in enumerate(rows, start=1):
                writer.append({'row': row})
                writer.create_item(TABLE, 1.0, {'row': writer.history['row'][-1]})
                if number % _ROWS_PER_FLUSH == 0 or number == len(rows):
                    writer.flush(timeout_ms=int(timeout_s * 1000))
        except Exception as error:  # Reverb raises types of its own for each gRPC state
            self.close()
            raise ReplayError(f'Reverb on port {self._port}: {error}') from error

    def close(self) -> None:
        """Give up the connection; the next insertion makes a new one."""
        self._writer = None
