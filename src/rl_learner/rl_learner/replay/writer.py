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

"""Writes the bridge's rows into Reverb, in items of a fixed size, the last one padded if needed.

TrajectoryWriter's Python layer takes two thirds of the time of an insertion, so all items but the
first bypass it. StructuredWriter is as fast, but cannot be closed while its server is gone.
"""

from collections.abc import Iterator
import contextlib
import math
import time
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import ConfigurationError, ReplayError
from rl_learner.frames.frame_items import FrameItem, most_frames, stored_width, to_frame_items
from rl_learner.frames.pixel_columns import PixelColumns
from rl_learner.replay.items import FRAMES, ROWS, ROWS_PER_ITEM, to_items
from rl_learner.replay.reverb_import import local_address, replay_error, reverb
from rl_learner.replay.state import (
    item_table_name,
    PaddingNote,
    REPLAY,
    ReplayState,
    ReplayStateReader,
    TableNames,
    write_note,
)

# Reverb prints warnings from 50 unconfirmed items on
_ITEMS_PER_FLUSH = 16
_MAX_UNCONFIRMED_ITEMS = 32
_SETTLE_PERIOD_S = 0.3
_RESET_TIMEOUT_S = 10.0


class ReplayWriter:
    """Inserts rows of a run and waits until the server confirms them."""

    def __init__(
        self,
        port: int,
        run: str = '',
        names: TableNames = REPLAY,
        pixels: PixelColumns | None = None,
    ) -> None:
        """Prepare to write to the server on this machine; the first insertion connects.

        Args:
            port: of the server.
            run: key of the run, see `run_key`; servers of other runs are rejected.
            names: of the table.
            pixels: columns of images in a row, None without any.
        """
        self._pixels = pixels
        self._client = reverb.Client(local_address(port))
        self._reader = ReplayStateReader(self._client, names)
        self._port, self._run, self._table = port, run, item_table_name(run, names)
        self._writer: reverb.TrajectoryWriter | None = None
        self._put: _Items

    def is_ready(self, timeout_s: int = 1) -> bool:
        """Return whether the server answers."""
        return self.state(timeout_s) is not None

    def state(self, timeout_s: int = 1) -> ReplayState | None:
        """Return the state of the server that answers, of any run; None if none answers."""
        try:
            return self._reader.read(timeout_s)
        except Exception:  # see `replay_error`
            return None

    def settled_state(self, timeout_s: float = 30.0) -> ReplayState | None:
        """Return the state once no more items of an earlier writer arrive.

        Raises:
            ConfigurationError: the server belongs to another run.
        """
        deadline_s, last = time.monotonic() + timeout_s, self._check_run(self.state())
        while last is not None and time.monotonic() < deadline_s:
            time.sleep(_SETTLE_PERIOD_S)
            state = self._check_run(self.state())
            if state == last:
                break
            last = state
        return last

    def insert(self, rows: Float32Array, timeout_s: float = 10.0) -> None:
        """Insert rows in order, (count, width); return when the server has them.

        If the rows do not fill the last item, it is padded, which takes space in the table.

        Raises:
            ReplayError: the server does not confirm them in time; the first may be inserted.
            ConfigurationError: the server belongs to another run.
        """
        with self._reverb_errors():
            writer = self._connect(timeout_s)
            whole = len(rows) // ROWS_PER_ITEM * ROWS_PER_ITEM
            self._insert(writer, rows[:whole], timeout_s)
            if len(rows) > whole:
                self._note_padding(ROWS_PER_ITEM - (len(rows) - whole), timeout_s)
                self._insert(writer, rows[whole:], timeout_s)

    def reset(self) -> None:
        """Empty the table, which then expects its first row again.

        Raises:
            ReplayError: the server does not answer.
            ConfigurationError: the server belongs to another run.
        """
        self.close()
        with self._reverb_errors():
            state = self._own_state(_RESET_TIMEOUT_S)
            self._client.reset(self._table)
            write_note(self._client, state.note_table, PaddingNote())

    def close(self) -> None:
        """Drop the connection; the next insertion makes a new one."""
        self._writer = None

    @contextlib.contextmanager
    def _reverb_errors(self) -> Iterator[None]:
        """Convert Reverb's exceptions to ReplayError and drop the connection."""
        try:
            yield
        except ConfigurationError:
            self.close()
            raise
        except Exception as error:  # see `replay_error`
            self.close()
            raise replay_error(self._port, error) from error

    def _connect(self, timeout_s: float) -> 'reverb.TrajectoryWriter':
        """Return the writer, connected if necessary; raises Reverb's exceptions."""
        if self._writer is None:
            # without this check, a new writer would block signals and wait without limit
            state = self._own_state(timeout_s)
            if state.has_stale_note:  # the next item is not the one in the note
                self._note_padding(0, timeout_s)
            self._writer = self._client.trajectory_writer(num_keep_alive_refs=1)
            self._put = _Items(self._writer, self._table)
            if self._pixels is not None:
                self._put = _ItemsWithFrames(self._writer, self._table, self._pixels)
        return self._writer

    def _insert(
        self, writer: 'reverb.TrajectoryWriter', rows: Float32Array, timeout_s: float
    ) -> None:
        """Insert rows; return when the server has them."""
        timeout_ms = int(timeout_s * 1000)
        items = to_items(rows)
        for start in range(0, len(items), _ITEMS_PER_FLUSH):
            self._put(items[start : start + _ITEMS_PER_FLUSH])
            writer.flush(_MAX_UNCONFIRMED_ITEMS, timeout_ms)
        writer.flush(timeout_ms=timeout_ms)

    def _note_padding(self, padding: int, timeout_s: float) -> None:
        """Write the note for the next item."""
        state = self._own_state(timeout_s)
        note = PaddingNote(state.items, state.padding, padding)
        write_note(self._client, state.note_table, note, timeout_s)

    def _own_state(self, timeout_s: float) -> ReplayState:
        """Return the state of this run's server; raises Reverb's exceptions."""
        state = self._check_run(self._reader.read(math.ceil(timeout_s)))
        if state is None:
            raise ReplayError('no replay table is ready')
        return state

    def _check_run(self, state: ReplayState | None) -> ReplayState | None:
        """Return the given state.

        Raises:
            ConfigurationError: it is the state of another run's server.
        """
        if state is not None and state.run != self._run:
            origin = 'another run' if state.run else 'an older version'
            raise ConfigurationError(
                f'replay_port: given {self._port}, where a learner of {origin} answers; accepted:'
                ' the port of the learner with this run_folder; each run needs its own'
                ' replay_port'
            )
        return state


class _Items:
    """Hands items to a writer, which sends them on its own thread."""

    def __init__(self, writer: 'reverb.TrajectoryWriter', table: str) -> None:
        """Begin with a new writer."""
        self._writer, self._table = writer, table

    def __call__(self, items: Float32Array) -> None:
        """Hand over items, (item, row, width)."""
        writer = self._writer
        for item in items[:1]:  # the public way, which checks the data and declares the column
            writer.append({ROWS: item})
            writer.create_item(self._table, 1.0, {ROWS: writer.history[ROWS][-1]})
        append, create_item = writer._writer.Append, writer._writer.CreateItem
        for item in items[1:]:
            create_item(self._table, 1.0, [append([item])], [True])


class _ItemsWithFrames(_Items):
    """The same with frames, each sent once, in a chunk of its own, so that items can share it."""

    def __init__(
        self, writer: 'reverb.TrajectoryWriter', table: str, pixels: PixelColumns
    ) -> None:
        """Begin with a new writer."""
        super().__init__(writer, table)
        self._pixels = pixels
        self._most = most_frames(ROWS_PER_ITEM, pixels)
        self._sent: dict[bytes, tuple[int, Any]] = {}  # frames of the item before, by content
        self._count = 0  # frames sent so far
        # a frame that is not older than an item when an item begins can be in that item
        kept = 2 * self._most + 1
        writer.configure((FRAMES,), num_keep_alive_refs=kept, max_chunk_length=1)
        self._is_declared = False

    def __call__(self, items: Float32Array) -> None:
        """Hand over items, (item, row, width)."""
        if not self._is_declared:  # the public way, see `_Items`
            width = stored_width(items.shape[2], self._pixels)
            numbers = np.zeros((ROWS_PER_ITEM, width), np.float32)
            frame = np.zeros(self._pixels.num_words, np.float32)
            self._writer.append({FRAMES: frame, ROWS: numbers})
            self._is_declared = True
        for item in to_frame_items(items, self._pixels):
            self._hand_over(item)

    def _hand_over(self, item: FrameItem) -> None:
        """Hand over one item."""
        append, sent, oldest = self._writer._writer.Append, {}, self._count - self._most
        for frame in item.frames:
            content = frame.tobytes()
            known = self._sent.get(content)
            if known is None or known[0] <= oldest:
                self._count += 1
                known = self._count, append([frame, None])[0]
            sent[content] = known
        self._sent = sent
        rows = append([None, item.rows])[1]
        create_item = self._writer._writer.CreateItem
        create_item(self._table, 1.0, [[ref for _, ref in sent.values()], [rows]], [False, True])
