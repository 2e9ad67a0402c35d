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

"""The Reverb server in the learner's process: replay, and demonstrations where they are used.

Each has one table with many rows per item: one column of numbers, and one of frames with images.
"""

from dataclasses import dataclass
from functools import partial
import logging
import math
import os
import uuid

from rl_agent.errors import ReplayError
from rl_learner.frames.pixel_columns import PixelColumns
from rl_learner.replay.items import item_shapes, items_for
from rl_learner.replay.loopback_only import bind_to_loopback
from rl_learner.replay.reverb_import import local_address, reverb, tensorflow
from rl_learner.replay.state import (
    DEMONSTRATIONS,
    item_table_name,
    note_table_name,
    PaddingNote,
    REPLAY,
    ReplayState,
    ReplayStateReader,
    TableNames,
    write_note,
)
from rl_learner.system.ports import free_port

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReplayStart:
    """Where a server continues in a run; the defaults are a new run.

    Attributes:
        first: number of the first row that will be inserted; older rows exceed the capacity.
        total: rows of the run so far. Those from `first` on are inserted again, and no sample is
            drawn before that is complete.
        samples_due: samples still to be drawn for the rows before `total`; negative during warmup.
            None: none were drawn yet.
    """

    first: int = 0
    total: int = 0
    samples_due: float | None = None


class ServedTable:
    """One table of transitions of a server, and the table with its padding note.

    Attributes:
        port: of the server.
        table: name of the table of items.
    """

    def __init__(
        self,
        port: int,
        names: TableNames,
        run: str,
        *,
        width: int,
        capacity: int,
        pixels: PixelColumns | None,
        start: ReplayStart,
    ) -> None:
        """Describe the tables, which `open` follows once they are served.

        Args:
            port: of the server.
            names: of the tables.
            run: see `ReplayServer`.
            width: see there.
            capacity: see there.
            pixels: see there.
            start: see there.
        """
        self.port, self.table = port, item_table_name(run, names)
        self._names, self._start = names, start
        self._notes = note_table_name(start.first, start.total, uuid.uuid4().hex, names)
        self._shapes, self._capacity = item_shapes(width, pixels), capacity
        self._is_refilled = False

    def tables(self) -> 'list[reverb.Table]':
        """Return the tables to serve."""
        shapes = self._shapes.items()
        signature = {name: tensorflow.TensorSpec(of, tensorflow.float32) for name, of in shapes}
        items = reverb.Table(
            name=self.table,
            sampler=reverb.selectors.Uniform(),
            remover=reverb.selectors.Fifo(),
            max_size=items_for(self._capacity),
            rate_limiter=reverb.rate_limiters.MinSize(1),
            signature=signature,
        )
        note = reverb.Table(  # its name says where the items start
            name=self._notes,
            sampler=reverb.selectors.Fifo(),
            remover=reverb.selectors.Fifo(),
            max_size=1,
            rate_limiter=reverb.rate_limiters.MinSize(1),
        )
        return [items, note]

    def open(self) -> None:
        """Write the first note, without which no writer inserts."""
        client = reverb.Client(local_address(self.port))
        write_note(client, self._notes, PaddingNote())
        self._reader = ReplayStateReader(client, self._names)

    @property
    def size(self) -> int:
        """Number of transitions in the table."""
        return self.state().size

    def allowance(self) -> tuple[int, float]:
        """Return `size`, and the number of samples allowed: any, once a row is there."""
        state = self.state()
        is_ready = state.size > 0 and state.position >= self._start.total
        return state.size, math.inf if is_ready else 0.0

    @property
    def is_refilled(self) -> bool:
        """Whether the rows of earlier starts are there; asked until they are."""
        self._is_refilled = self._is_refilled or self.state().position >= self._start.total
        return self._is_refilled

    def state(self) -> ReplayState:
        """Return the state of the table."""
        state = self._reader.read()
        if state is None:
            raise ReplayError(f'Reverb on port {self.port}: its counts change too fast to be read')
        return state


class ReplayServer:
    """Stores transitions and limits samples to a fixed ratio of insertions.

    The server has no authentication, so only this machine can reach it. The limit is one-sided:
    `samples_per_insert * (inserts - warmup)` samples are allowed, counted over the whole run
    including earlier starts of the learner. Sampling waits when they are used up; inserting never
    waits. Reverb's own limiter is switched off because it counts items, which are not all full,
    and samples drawn but not yet used; `ReplaySampler` obeys `allowance`, in rows, instead.

    Demonstrations have no limit. They take the place of rows from replay, so both count as one
    sample: the number of updates is the same with and without them.

    Attributes:
        port: the listening port.
        table: name of the table of items.
        demonstrations: the second table, None without one.
    """

    def __init__(
        self,
        port: int,
        *,
        width: int,
        capacity: int,
        samples_per_insert: float,
        warmup: int,
        start: ReplayStart | None = None,
        run: str = '',
        demonstrations: ReplayStart | None = None,
        pixels: PixelColumns | None = None,
    ) -> None:
        """Start the server.

        Args:
            port: to listen on.
            width: length of a transition's row.
            capacity: transitions of each table, rounded up to whole items; the oldest are removed
                first.
            samples_per_insert: see `Algorithm.samples_per_insert`.
            warmup: transitions before the first sample.
            start: where the run continues.
            run: key of the run, see `run_key`; only writers of this run can insert.
            demonstrations: where the demonstrations of the run continue; None: no such table.
            pixels: columns of images in a row, None without any.

        Raises:
            ReplayError: the port is in use.
        """
        _check_port_is_free(port)
        start = start or ReplayStart()
        samples_due = start.samples_due
        if samples_due is None:
            samples_due = samples_per_insert * (start.total - warmup)
        self.port, self._start = port, start
        self._samples_due, self._samples_per_insert = samples_due, samples_per_insert
        make = partial(ServedTable, port, width=width, capacity=capacity, pixels=pixels)
        self._replay = make(REPLAY, run, start=start)
        self.table, served = self._replay.table, [self._replay]
        self.demonstrations: ServedTable | None = None
        if demonstrations is not None:
            self.demonstrations = make(DEMONSTRATIONS, run, start=demonstrations)
            served.append(self.demonstrations)
        tables = [table for item in served for table in item.tables()]
        # By default Reverb leaves a checkpoint folder behind at each start. The journal makes
        # checkpoints unnecessary; with a path that cannot be a folder, none is created.
        checkpointer = reverb.platform.checkpointers_lib.DefaultCheckpointer(os.devnull)
        self._server = reverb.Server(tables, port=port, checkpointer=checkpointer)
        _hide_from_network(port)
        for item in served:
            item.open()

    @property
    def size(self) -> int:
        """Number of transitions in replay."""
        return self.counts()[0]

    @property
    def inserted(self) -> int:
        """Number of transitions of the run, including earlier starts."""
        return self.counts()[1]

    @property
    def demonstrated(self) -> int:
        """Number of transitions in the table of demonstrations."""
        return self.demonstrations.size if self.demonstrations is not None else 0

    def counts(self) -> tuple[int, int]:
        """Return `size` and `inserted` from one request, so that they are consistent."""
        state = self._replay.state()
        return state.size, max(state.position, self._start.total)

    def allowance(self) -> tuple[int, float]:
        """Return `size`, and the number of samples allowed since this start."""
        state = self._replay.state()
        is_complete = self.demonstrations is None or self.demonstrations.is_refilled
        if state.position < self._start.total or not is_complete:
            return state.size, 0.0
        new = state.position - self._start.total
        return state.size, self._samples_due + self._samples_per_insert * new

    def stop(self) -> None:
        """Stop the server; stop its samplers first."""
        self._server.stop()


def _check_port_is_free(port: int) -> None:
    """Raise ReplayError if the port is in use."""
    try:
        free_port(port)
    except OSError as error:
        raise ReplayError(
            f'replay_port: given {port}: {error.strerror}; accepted: a free TCP port'
        ) from error


def _hide_from_network(port: int) -> None:
    """Make the port unreachable from other machines; log a warning if that is not permitted."""
    try:
        if bind_to_loopback(port):
            return
        reason = 'its socket was not found'
    except OSError as error:
        reason = str(error)
    _LOGGER.warning(
        'Reverb on port %d can be reached from other machines: %s; accepted: a firewall for'
        ' that port, or Linux with the capability CAP_NET_RAW',
        port,
        reason,
    )
