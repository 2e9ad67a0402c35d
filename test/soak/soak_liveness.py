# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether robots move, learn and are heard while a soak runs."""

from collections.abc import Callable
import time

from soak_faults import BRIDGE, LEARNER
from soak_fleet import Fleet, RATE_HZ
from soak_hearing import Hearing

_RECOVERY_S = 60.0  # from when a process is heard until it must be at work
_STILL_S = 30.0  # without a step or an update, counted from when it had to be at work
LARGEST_LAG = 20  # policy versions, about one per second
_LARGEST_PENDING = 60.0 * RATE_HZ  # transitions in the spool of a robot
_SAMPLES = 3  # in a row that must be wrong before it is a fault


class Liveness:
    """Checks that run beside the soak; each fault is reported once until it is over.

    Attributes:
        largest_lag: most versions that a robot at work was behind a learner at work.
        largest_pending: most transitions that were in one spool.
        largest_backlog: most transitions that waited for their updates.
    """

    def __init__(self, fleet: Fleet, hearing: Hearing, report: Callable[[str], None]) -> None:
        """Check a fleet; `report` is called with each fault."""
        self._fleet, self._hearing, self._report = fleet, hearing, report
        self._counts: dict[str, tuple[float, object]] = {}  # when each count changed last
        self._wrong: dict[str, int] = {}
        self.largest_lag = self.largest_pending = self.largest_backlog = 0

    def check(self) -> None:
        """Check everything once."""
        learning = self._at_work(BRIDGE) and self._at_work(LEARNER)
        progress = self._hearing.learner[-1] if self._hearing.learner else None
        if progress is not None:
            self.largest_backlog = max(self.largest_backlog, progress.backlog)
        updates = progress and (progress.session, progress.updates)
        self._moves('learner: no update', updates, at_work=learning)
        for robot, (_, status) in list(self._hearing.agents.items()):
            at_work = self._at_work(f'{robot}_agent') and self._at_work(f'{robot}_simulated_robot')
            steps = (status.session, status.steps)
            may_move = status.policy_version > 0 or self._at_work(LEARNER)
            self._moves(f'{robot}: no step ({status.state})', steps, at_work=at_work and may_move)
            self.largest_pending = max(self.largest_pending, status.transitions_pending)
            full = at_work and self._at_work(BRIDGE)
            self._note(
                f'{robot}: more than {_LARGEST_PENDING:g} transitions are not acknowledged',
                full and status.transitions_pending > _LARGEST_PENDING,
            )
            lag = progress.version - status.policy_version if progress is not None else 0
            judged = at_work and self._at_work(LEARNER)
            if judged:
                self.largest_lag = max(self.largest_lag, lag)
            self._note(
                f'{robot}: more than {LARGEST_LAG} policy versions behind',
                judged and lag > LARGEST_LAG,
            )

    def _at_work(self, name: str) -> bool:
        """Return whether a process has been heard for long enough to be at work."""
        return self._fleet.members[name].at_work_s >= _RECOVERY_S

    def _moves(self, what: str, count: object, *, at_work: bool) -> None:
        """Report a count that stands still although its processes are at work."""
        key = what.partition(' (')[0]
        now_s = time.monotonic()
        since_s, before = self._counts.get(key, (now_s, None))
        if count != before or not at_work:
            self._counts[key] = (now_s, count)
            self._wrong[key] = 0
        elif now_s - since_s >= _STILL_S:
            self._note(key, True, what, samples=1)

    def _note(self, key: str, is_wrong: bool, what: str = '', *, samples: int = _SAMPLES) -> None:
        """Count how often in a row something is wrong; report it the time that is one too many."""
        self._wrong[key] = self._wrong.get(key, 0) + 1 if is_wrong else 0
        if self._wrong[key] == samples:
            self._report(what or key)
