# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From the bridge into Reverb: rows in items of a fixed size, the last one padded if need be.

Reverb prints warnings once a writer has 50 items on their way. TrajectoryWriter's Python layer
takes two thirds of the time of an insertion: all items but the first go past it. StructuredWriter
is as fast, but cannot be closed while its server is gone.
"""

from collections.abc import Iterator
import contextlib
import math
import time

from rl_agent.array_types import Float32Array
from rl_agent.errors import ConfigurationError, ReplayError
from rl_learner.replay.items import ROWS_PER_ITEM, to_items
from rl_learner.replay.reverb_import import reverb
from rl_learner.replay.state import (
    item_table_name,
    PaddingNote,
    ReplayState,
    ReplayStateReader,
    write_note,
)

# with 50 on their way Reverb prints warnings
_ITEMS_PER_FLUSH = 16
_ITEMS_ON_THEIR_WAY = 32
_CALM_S = 0.3


class ReplayWriter:
    """Inserts rows of a run and confirms that its server has them."""

    def __init__(self, port: int, run: str = '') -> None:
        """Prepare to write to the server on this machine; connects with the first row.

        Args:
            port: of the server.
            run: key of the run, see `run_key`; the server of another one is refused.
        """
        self._client = reverb.Client(f'localhost:{port}')
        self._reader = ReplayStateReader(self._client)
        self._port, self._run, self._table = port, run, item_table_name(run)
        self._writer: reverb.TrajectoryWriter | None = None

    def is_ready(self, timeout_s: int = 1) -> bool:
        """Return whether the server answers."""
        return self.state(timeout_s) is not None

    def state(self, timeout_s: int = 1) -> ReplayState | None:
        """Return which server answers, of whatever run, and what it has; None if none does."""
        try:
            return self._reader.read(timeout_s)
        except Exception:  # Reverb raises types of its own for each gRPC state
            return None

    def calm_state(self, timeout_s: float = 30.0) -> ReplayState | None:
        """Return the state once nothing more trickles in of what an earlier writer sent.

        Raises:
            ConfigurationError: the server is that of another run.
        """
        deadline_s, last = time.monotonic() + timeout_s, self._own(self.state())
        while last is not None and time.monotonic() < deadline_s:
            time.sleep(_CALM_S)
            state = self._own(self.state())
            if state == last:
                break
            last = state
        return last

    def insert(self, rows: Float32Array, timeout_s: float = 10.0) -> None:
        """Insert rows in order, (count, width); on return the server has them.

        Rows that do not fill their last item are padded, which costs room in the table.

        Raises:
            ReplayError: the server does not take them in time; the first few may be in.
            ConfigurationError: it is that of another run.
        """
        with self._explained():
            writer = self._connected(timeout_s)
            whole = len(rows) // ROWS_PER_ITEM * ROWS_PER_ITEM
            _insert(writer, self._table, rows[:whole], timeout_s)
            if len(rows) > whole:
                self._announce(ROWS_PER_ITEM - (len(rows) - whole), timeout_s)
                _insert(writer, self._table, rows[whole:], timeout_s)

    def reset(self) -> None:
        """Empty the table; it expects its very first row again.

        Raises:
            ReplayError: the server does not answer.
            ConfigurationError: it is that of another run.
        """
        self.close()
        with self._explained():
            state = self._known_state(10.0)
            self._client.reset(self._table)
            write_note(self._client, state.table, PaddingNote())

    def close(self) -> None:
        """Give up the connection; the next insertion makes a new one."""
        self._writer = None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what Reverb raises into ReplayError, and give up the connection."""
        try:
            yield
        except ConfigurationError:  # of our own, and clear already
            self.close()
            raise
        except Exception as error:  # Reverb raises types of its own for each gRPC state
            self.close()
            reason = ' '.join(str(error).split())
            raise ReplayError(f'Reverb on port {self._port}: {reason}') from error

    def _connected(self, timeout_s: float) -> 'reverb.TrajectoryWriter':
        """Return the writer; errors of many types where the server does not answer."""
        if self._writer is None:
            # a new writer would wait for its server for ever, and hear no signal meanwhile
            state = self._known_state(timeout_s)
            if state.has_stale_note:  # the next item is another one than it says
                self._announce(0, timeout_s)
            self._writer = self._client.trajectory_writer(num_keep_alive_refs=1)
        return self._writer

    def _announce(self, padding: int, timeout_s: float) -> None:
        """Note how much of the next item is padding."""
        state = self._known_state(timeout_s)
        note = PaddingNote(state.items, state.padding, padding)
        write_note(self._client, state.table, note, timeout_s)

    def _known_state(self, timeout_s: float) -> ReplayState:
        """Return the state; errors of many types where the server does not answer."""
        state = self._own(self._reader.read(math.ceil(timeout_s)))
        if state is None:
            raise ReplayError('no replay table is ready')
        return state

    def _own(self, state: ReplayState | None) -> ReplayState | None:
        """Return what it is given, unless that is the state of another run's server.

        Raises:
            ConfigurationError: it is.
        """
        if state is not None and state.run != self._run:
            whose = 'another run' if state.run else 'an older version'
            raise ConfigurationError(
                f'replay_port: given {self._port}, where a learner of {whose} answers; accepted:'
                ' the port of the learner with this run_folder; each run needs a replay_port of'
                ' its own'
            )
        return state


def _insert(
    writer: 'reverb.TrajectoryWriter', table: str, rows: Float32Array, timeout_s: float
) -> None:
    """Insert rows, the last item padded; on return the server has them."""
    items, timeout_ms = to_items(rows), int(timeout_s * 1000)
    for start in range(0, len(items), _ITEMS_PER_FLUSH):
        _put(writer, table, items[start : start + _ITEMS_PER_FLUSH])
        writer.flush(_ITEMS_ON_THEIR_WAY, timeout_ms)
    writer.flush(timeout_ms=timeout_ms)


def _put(writer: 'reverb.TrajectoryWriter', table: str, items: Float32Array) -> None:
    """Hand items to a writer, which sends them on a thread of its own."""
    for item in items[:1]:  # the public way: it checks, and tells the writer its column
        writer.append({'rows': item})
        writer.create_item(table, 1.0, {'rows': writer.history['rows'][-1]})
    append, create_item = writer._writer.Append, writer._writer.CreateItem
    for item in items[1:]:
        create_item(table, 1.0, [append([item])], [True])
