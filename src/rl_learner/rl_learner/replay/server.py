# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The Reverb server, in the learner's process: one table, one column, many rows an item."""

from dataclasses import dataclass
import logging
import os
import uuid

from rl_agent.errors import ReplayError
from rl_learner.replay.items import items_for, ROWS_PER_ITEM
from rl_learner.replay.loopback_only import bind_to_loopback
from rl_learner.replay.reverb_import import reverb, tensorflow
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
    """Where a server goes on in a run; without arguments: a new run.

    Attributes:
        first: number of the first row that will be inserted; older ones no longer fit.
        total: rows that the run has already. Those from `first` on are inserted again, and no
            sample is drawn before they are in.
        samples_due: samples to be drawn for the rows before `total`; negative during warmup,
            None: none were drawn yet.
    """

    first: int = 0
    total: int = 0
    samples_due: float | None = None


class ReplayServer:
    """Holds transitions and lets them be sampled at a fixed ratio to insertions.

    Only this machine reaches it, for it asks nobody who they are. The limit is one-sided:
    `samples_per_insert * (inserts - warmup)` samples may be used, and whoever wants more waits;
    whoever inserts never waits. The rule is that of the whole run, earlier starts of the learner
    included. Reverb's own limiter counts items, which are not all full, and also what was drawn
    and not used yet; so it lets all pass, and `ReplaySampler` keeps to `allowance`, in rows.

    Attributes:
        port: that it listens on.
        table: name of the table with the items.
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
            width: numbers in a transition's row.
            capacity: transitions, rounded up to whole items; beyond it the oldest go.
            samples_per_insert: updates_to_data x batch size.
            warmup: transitions before the first sample.
            start: where the run stands.
            run: its key, see `run_key`; it takes rows from the writer of that run alone.

        Raises:
            ReplayError: the port is in use.
        """
        _refuse_used_port(port)
        start = start or ReplayStart()
        due = start.samples_due
        if due is None:
            due = samples_per_insert * (start.total - warmup)
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
        self._due, self._samples_per_insert = due, samples_per_insert
        # Left to itself, Reverb makes a folder for checkpoints at each start, and leaves it. The
        # journal is what the table is filled from; where there is no folder, none is made.
        checkpointer = reverb.platform.checkpointers_lib.DefaultCheckpointer(os.devnull)
        self._server = reverb.Server([table, notes], port=port, checkpointer=checkpointer)
        _hide_from_network(port)
        client = reverb.Client(f'localhost:{port}')
        write_note(client, notes.name, PaddingNote())
        self._reader = ReplayStateReader(client)

    @property
    def size(self) -> int:
        """Transitions in the table now."""
        return self.counts()[0]

    @property
    def inserted(self) -> int:
        """Transitions of the run, those of earlier starts included."""
        return self.counts()[1]

    def counts(self) -> tuple[int, int]:
        """Return `size` and `inserted` of one moment, in one request."""
        state = self._state()
        return state.size, max(state.position, self._start.total)

    def allowance(self) -> tuple[int, float]:
        """Return `size`, and the samples that may have been used since this start by now."""
        state = self._state()
        if state.position < self._start.total:
            return state.size, 0.0
        new = state.position - self._start.total
        return state.size, self._due + self._samples_per_insert * new

    def stop(self) -> None:
        """Stop the server; a sampler should be stopped first."""
        self._server.stop()

    def _state(self) -> ReplayState:
        """Return what the table has."""
        state = self._reader.read()
        if state is None:
            raise ReplayError(f'Reverb on port {self.port}: its counts change too fast to be read')
        return state


def _note_table(start: ReplayStart) -> reverb.Table:
    """Return the table whose name says where the other one begins, see `ReplayState`."""
    return reverb.Table(
        name=note_table_name(start.first, start.total, uuid.uuid4().hex),
        sampler=reverb.selectors.Fifo(),
        remover=reverb.selectors.Fifo(),
        max_size=1,
        rate_limiter=reverb.rate_limiters.MinSize(1),
    )


def _refuse_used_port(port: int) -> None:
    """Raise ReplayError where something listens already."""
    try:
        free_port(port)
    except OSError as error:
        raise ReplayError(
            f'replay_port: given {port}: {error.strerror}; accepted: a free TCP port'
        ) from error


def _hide_from_network(port: int) -> None:
    """Keep other machines from the port; a warning where the system does not permit that."""
    try:
        if bind_to_loopback(port):
            return
        reason = 'its socket was not found'
    except OSError as error:
        reason = str(error)
    _LOGGER.warning(
        'Reverb on port %d can be reached from other machines: %s; accepted: a firewall before'
        ' that port, or Linux with the capability CAP_NET_RAW',
        port,
        reason,
    )
