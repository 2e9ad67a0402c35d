# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether training went on after every start of the learner."""

from collections.abc import Sequence
import itertools
from typing import NamedTuple

CHECKPOINT_PERIOD_S = 10.0
_LOST_PERIODS = 3.0  # of checkpoints, that a kill may take back: writing one takes a while


class Progress(NamedTuple):
    """One status of the learner.

    Attributes:
        at_s: when it was heard, since the start.
        session: of the learner, a new one at each start.
        updates: of the run.
        version: of the newest policy; 0: none since this start.
        backlog: transitions that wait for their updates.
    """

    at_s: float
    session: str
    updates: int
    version: int
    backlog: int


def training_faults(heard: Sequence[Progress]) -> list[str]:
    """Return what is wrong with the counts of updates and versions.

    A started learner continues from a checkpoint that is at most a few periods old, and then gets
    further than the one before. Policy versions never repeat.

    Args:
        heard: every status, by time.
    """
    faults = []
    sessions: dict[str, list[Progress]] = {}
    for item in heard:
        sessions.setdefault(item.session, []).append(item)
    lives = list(sessions.values())
    for before, own in itertools.pairwise(lives):
        where = f'learner started at {own[0].at_s:.0f} s'
        safe_s = before[-1].at_s - _LOST_PERIODS * CHECKPOINT_PERIOD_S
        least = max((item.updates for item in before if item.at_s <= safe_s), default=0)
        if own[0].updates < least:
            faults.append(f'{where}: continues at update {own[0].updates}, not after {least}')
        newest, next_one = before[-1].version, next((i.version for i in own if i.version), None)
        if next_one is not None and next_one < newest:
            faults.append(f'{where}: policy {next_one} follows {newest}')
    for own in lives:
        for earlier, later in itertools.pairwise(own):
            if later.updates < earlier.updates or later.version < earlier.version:
                faults.append(f'learner at {later.at_s:.0f} s: counts went back: {later}')
    most = max((item.updates for item in heard), default=0)
    if not most or heard[-1].updates < most:
        faults.append(f'learner: {heard[-1].updates if heard else 0} updates at the end of {most}')
    return faults
