# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The Reverb server, in the learner's process: one table, one flat column."""

import logging
import sys

from rl_agent.errors import ReplayError
from rl_learner.loopback_only import bind_to_loopback
from rl_learner.ports import free_port
from rl_learner.reverb_quietly import reverb, tensorflow

TABLE = 'replay'
_LOGGER = logging.getLogger(__name__)


class ReplayServer:
    """Holds transitions and lets them be sampled at a fixed ratio to insertions.

    Only this machine reaches it, for it asks nobody who they are. The limiter is one-sided:
    `samples_per_insert * (inserts - warmup)` samples may be drawn, and whoever wants more waits;
    whoever inserts never waits.
    """

    def __init__(
        self, port: int, *, width: int, capacity: int, samples_per_insert: float, warmup: int
    ) -> None:
        """Start the server.

        Args:
            port: to listen on.
            width: numbers in a transition's row.
            capacity: transitions; beyond it the oldest goes.
            samples_per_insert: updates_to_data x batch size.
            warmup: transitions before the first sample.

        Raises:
            ReplayError: the port is in use.
        """
        _refuse_used_port(port)
        table = reverb.Table(
            name=TABLE,
            sampler=reverb.selectors.Uniform(),
            remover=reverb.selectors.Fifo(),
            max_size=capacity,
            rate_limiter=reverb.rate_limiters.RateLimiter(
                samples_per_insert=samples_per_insert,
                min_size_to_sample=max(warmup, 1),
                min_diff=samples_per_insert * warmup,
                max_diff=sys.float_info.max,
            ),
            signature={'row': tensorflow.TensorSpec((width,), tensorflow.float32)},
        )
        self.port = port
        self._server = reverb.Server([table], port=port)
        _hide_from_network(port)
        self._client = reverb.Client(f'localhost:{port}')

    @property
    def size(self) -> int:
        """Transitions in the table now."""
        return self.counts()[0]

    @property
    def inserted(self) -> int:
        """Transitions ever inserted."""
        return self.counts()[1]

    def counts(self) -> tuple[int, int]:
        """Return `size` and `inserted` of one moment, in one request."""
        info = self._client.server_info(timeout=10)[TABLE]
        return int(info.current_size), int(info.rate_limiter_info.insert_stats.completed)

    def stop(self) -> None:
        """Stop the server; a sampler that waits for data goes on waiting."""
        self._server.stop()


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
