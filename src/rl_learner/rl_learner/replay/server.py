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

"""The Reverb server in the learner's process: one table, one column, many rows per item."""

from dataclasses import dataclass
import logging
import os
import uuid

from rl_agent.errors import ReplayError
from rl_learner.replay.items import items_for, ROWS_PER_ITEM
from rl_learner.replay.loopback_only import bind_to_loopback
from rl_learner.replay.reverb_import import local_address, reverb, tensorflow
from rl_learner.replay.state import (
    item_table_name,
    note_table_name,
    PaddingNote,
    ReplayState,
    ReplayStateReader,
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


class ReplayServer:
    """Stores transitions and limits samples to a fixed ratio of insertions.

    The server has no authentication, so only this machine can reach it. The limit is one-sided:
    `samples_per_insert * (inserts - warmup)` samples are allowed, counted over the whole run
    including earlier starts of the learner. Sampling waits when they are used up; inserting never
    waits. Reverb's own limiter is switched off because it counts items, which are not all full,
    and samples drawn but not yet used; `ReplaySampler` obeys `allowance`, in rows, instead.

    Attributes:
        port: the listening port.
        table: name of the table of items.
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
    ) -> None:
        """Start the server.

        Args:
            port: to listen on.
            width: length of a transition's row.
            capacity: transitions, rounded up to whole items; the oldest are removed first.
            samples_per_insert: see `Algorithm.samples_per_insert`.
            warmup: transitions before the first sample.
            start: where the run continues.
            run: key of the run, see `run_key`; only writers of this run can insert.

        Raises:
            ReplayError: the port is in use.
        """
        _check_port_is_free(port)
        start = start or ReplayStart()
        samples_due = start.samples_due
        if samples_due is None:
            samples_due = samples_per_insert * (start.total - warmup)
        self.port, self.table, self._start = port, item_table_name(run), start
        table = reverb.Table(
            name=self.table,
            sampler=reverb.selectors.Uniform(),
            remover=reverb.selectors.Fifo(),
            max_size=items_for(capacity),
            rate_limiter=reverb.rate_limiters.MinSize(1),
            signature={'rows': tensorflow.TensorSpec((ROWS_PER_ITEM, width), tensorflow.float32)},
        )
        notes = _note_table(start)
        self._samples_due, self._samples_per_insert = samples_due, samples_per_insert
        # By default Reverb leaves a checkpoint folder behind at each start. The journal makes
        # checkpoints unnecessary; with a path that cannot be a folder, none is created.
        checkpointer = reverb.platform.checkpointers_lib.DefaultCheckpointer(os.devnull)
        self._server = reverb.Server([table, notes], port=port, checkpointer=checkpointer)
        _hide_from_network(port)
        client = reverb.Client(local_address(port))
        write_note(client, notes.name, PaddingNote())
        self._reader = ReplayStateReader(client)

    @property
    def size(self) -> int:
        """Number of transitions in the table."""
        return self.counts()[0]

    @property
    def inserted(self) -> int:
        """Number of transitions of the run, including earlier starts."""
        return self.counts()[1]

    def counts(self) -> tuple[int, int]:
        """Return `size` and `inserted` from one request, so that they are consistent."""
        state = self._state()
        return state.size, max(state.position, self._start.total)

    def allowance(self) -> tuple[int, float]:
        """Return `size`, and the number of samples allowed since this start."""
        state = self._state()
        if state.position < self._start.total:
            return state.size, 0.0
        new = state.position - self._start.total
        return state.size, self._samples_due + self._samples_per_insert * new

    def stop(self) -> None:
        """Stop the server; stop its samplers first."""
        self._server.stop()

    def _state(self) -> ReplayState:
        """Return the state of the table."""
        state = self._reader.read()
        if state is None:
            raise ReplayError(f'Reverb on port {self.port}: its counts change too fast to be read')
        return state


def _note_table(start: ReplayStart) -> 'reverb.Table':
    """Return the table with the padding note; its name says where the items start."""
    return reverb.Table(
        name=note_table_name(start.first, start.total, uuid.uuid4().hex),
        sampler=reverb.selectors.Fifo(),
        remover=reverb.selectors.Fifo(),
        max_size=1,
        rate_limiter=reverb.rate_limiters.MinSize(1),
    )


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
