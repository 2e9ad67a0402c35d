# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The Reverb server, in the learner's process: one table, one flat column."""

from dataclasses import dataclass
import logging
import os
import sys
import uuid

from rl_agent.errors import ReplayError
from rl_learner.loopback_only import bind_to_loopback
from rl_learner.ports import free_port
from rl_learner.reverb_quietly import reverb, tensorflow

TABLE = 'replay'
_LOGGER = logging.getLogger(__name__)
# A second, empty table whose name says with which row of the journal the first one begins, which
# rows are a refill, and which start of the server this is: all in one request with the counts.
BEGINNING = 'begins at '


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

    Only this machine reaches it, for it asks nobody who they are. The limiter is one-sided:
    `samples_per_insert * (inserts - warmup)` samples may be drawn, and whoever wants more waits;
    whoever inserts never waits. The rule is that of the whole run, earlier starts of the learner
    included.
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
    ) -> None:
        """Start the server.

        Args:
            port: to listen on.
            width: numbers in a transition's row.
            capacity: transitions; beyond it the oldest goes.
            samples_per_insert: updates_to_data x batch size.
            warmup: transitions before the first sample.
            start: where the run stands.

        Raises:
            ReplayError: the port is in use.
        """
        _refuse_used_port(port)
        start = start or ReplayStart()
        due = start.samples_due
        if due is None:
            due = samples_per_insert * (start.total - warmup)
        again = start.total - start.first
        table = reverb.Table(
            name=TABLE,
            sampler=reverb.selectors.Uniform(),
            remover=reverb.selectors.Fifo(),
            max_size=capacity,
            rate_limiter=reverb.rate_limiters.RateLimiter(
                samples_per_insert=samples_per_insert,
                min_size_to_sample=max(min(warmup, capacity), again, 1),
                # after `again` insertions so many samples are due
                min_diff=samples_per_insert * again - due,
                max_diff=sys.float_info.max,
            ),
            signature={'row': tensorflow.TensorSpec((width,), tensorflow.float32)},
        )
        self.port, self._start = port, start
        # Left to itself, Reverb makes a folder for checkpoints at each start, and leaves it. The
        # journal is what the table is filled from; where there is no folder, none is made.
        checkpointer = reverb.platform.checkpointers_lib.DefaultCheckpointer(os.devnull)
        self._server = reverb.Server(
            [table, _beginning(start)], port=port, checkpointer=checkpointer
        )
        _hide_from_network(port)
        self._client = reverb.Client(f'localhost:{port}')

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
        info = self._client.server_info(timeout=10)[TABLE]
        inserted = self._start.first + int(info.rate_limiter_info.insert_stats.completed)
        return int(info.current_size), max(inserted, self._start.total)

    def stop(self) -> None:
        """Stop the server; a sampler that waits for data goes on waiting."""
        self._server.stop()


def _beginning(start: ReplayStart) -> reverb.Table:
    """Return the table whose name says where the other one begins."""
    return reverb.Table(
        name=f'{BEGINNING}{start.first} refilled to {start.total} of {uuid.uuid4().hex}',
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
