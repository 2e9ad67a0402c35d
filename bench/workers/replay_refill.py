# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How fast a restarted learner gets its transitions back from the journal."""

from pathlib import Path
import tempfile
import time

import numpy as np
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_columns import COLUMNS
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

from workers.legged import ACTION_SIZE, OBSERVATION_SIZE

_ROWS_PER_BATCH, _BATCHES_PER_GROUP = 50, 100
_SENDER = Sender('robot_1', 'session', 'legged')


def measure_refill(rows: int) -> float:
    """Return the rows per second from a journal of `rows` transitions into an empty server."""
    layout = ReplayLayout(OBSERVATION_SIZE, ACTION_SIZE)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), _SENDER.fingerprint, JournalSettings())
        for first in range(1, rows, _ROWS_PER_BATCH * _BATCHES_PER_GROUP):
            _append(journal, first)
        total = journal.written.total
        server = ReplayServer(
            free_port(),
            width=layout.width,
            capacity=total,
            samples_per_insert=1.0,
            warmup=1,
            start=ReplayStart(0, total, 0.0),
        )
        source = JournalRows(Path(folder), lambda: journal.written, layout, n_step=1, gamma=0.99)
        feeder = ReplayFeeder(source, ReplayWriter(server.port), pad_after_s=0.0)
        started_s = time.monotonic()
        while feeder.feed():
            pass
        took_s = time.monotonic() - started_s
        assert server.counts() == (total, total)
        server.stop()
        journal.close()
    return total / took_s


def _append(journal: Journal, first: int) -> None:
    """Append a group of batches to the journal."""
    step = _ROWS_PER_BATCH
    numbers = [first + step * number for number in range(_BATCHES_PER_GROUP)]
    last = numbers[-1] + step - 1
    journal.append(
        [encode(_batch(number)) for number in numbers],
        step * _BATCHES_PER_GROUP,
        {(_SENDER.robot, _SENDER.session): last},
    )


def _batch(first: int) -> TransitionBatch:
    """Return a batch of random transitions."""
    count = _ROWS_PER_BATCH
    sizes = {'observation_size': OBSERVATION_SIZE, 'action_size': ACTION_SIZE}
    random = np.random.default_rng(first)
    columns = {}
    for column in COLUMNS:
        shape = (count, sizes[column.size_field]) if column.size_field else (count,)
        values = random.standard_normal(shape) if column.type == 'float32' else np.zeros(shape)
        columns[column.name] = values.astype(column.dtype)
    return TransitionBatch(
        stamp=(0, 0),
        frame_id='',
        sender=_SENDER,
        first_sequence=first,
        oldest_sequence=1,
        count=count,
        columns=columns,
        **sizes,
    )
