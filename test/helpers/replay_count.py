# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Reads the state of Reverb in a running run: python replay_count.py PORT ROWS."""

import sys
import time

from rl_learner.replay.state import REPLAY, ReplayState, TableNames
from rl_learner.replay.writer import ReplayWriter

_TIMEOUT_S = 45.0


def replay_state_with(port: int, transitions: int, names: TableNames = REPLAY) -> ReplayState:
    """Return the state of a table once it has this many transitions, or after a timeout.

    Rows that do not fill an item arrive shortly after their acknowledgement.
    """
    writer, deadline_s = ReplayWriter(port, names=names), time.monotonic() + _TIMEOUT_S
    while True:
        state = writer.state(timeout_s=10)
        if state is not None and state.position >= transitions:
            return state
        if time.monotonic() > deadline_s:
            assert state is not None, 'no replay server answers'
            return state
        time.sleep(0.1)


if __name__ == '__main__':
    print('inserted', replay_state_with(int(sys.argv[1]), int(sys.argv[2])).position)
