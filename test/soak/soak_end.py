# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The end of a soak: everything drains, then what is stored is compared with what was done."""

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys
import time

from rl_agent.control.agent import ENDED_STATES
from rl_agent.system.signal_safe_event import SignalSafeEvent
from soak_experience import numbering_faults, read_stored, step_faults, Stored, told_faults
from soak_fleet import experience_folder, Fleet, UPDATES_TO_DATA
from soak_hearing import Hearing
from soak_watch import Watch

_START_TIMEOUT_S = 300.0  # of everything that was away
_SEND_TIMEOUT_S, _TRAIN_TIMEOUT_S = 300.0, 600.0
_POLL_PERIOD_S, _ASK_PERIOD_S = 0.5, 10.0  # an agent that has just started may have missed it
_TOO_FEW = int(1.0 / UPDATES_TO_DATA)  # transitions for another update
_COUNTER = Path(__file__).resolve().parents[1] / 'helpers' / 'replay_count.py'
# Files in shared memory without a process, at the end. Fast DDS leaves the small ones of its
# ports, which the next process takes over; a segment of a process that was killed has 0.5 MB.
_LARGEST_ORPHANS_MB = 4.0
Report = Callable[[str], None]


class Drain:
    """Lets every robot finish and everything arrive; what does not happen in time is reported."""

    def __init__(
        self, fleet: Fleet, hearing: Hearing, report: Report, give_up: SignalSafeEvent
    ) -> None:
        """Drain a fleet; `give_up` ends it at once."""
        self._fleet, self._hearing = fleet, hearing
        self._report, self._give_up = report, give_up
        self._asked_s = 0.0

    def run(self, port: int) -> int:
        """Return the number of transitions ever inserted into the replay table at a port.

        If it was given up, that is the newest that the learner reported.
        """
        hearing, began_s = self._hearing, time.monotonic()
        self._fleet.hurry()
        self._wait('all processes at work', lambda: self._fleet.all_up, _START_TIMEOUT_S)
        self._wait('all agents heard', lambda: self._all_heard(began_s), _START_TIMEOUT_S)
        self._wait('all robots finished and acknowledged', self._finished, _SEND_TIMEOUT_S)
        began_s = time.monotonic()  # the newest counts of bridge and learner
        self._wait('the bridge heard', lambda: hearing.bridge_s > began_s, _START_TIMEOUT_S)
        self._wait('the learner heard', lambda: hearing.learner_s > began_s, _START_TIMEOUT_S)
        expected = int(hearing.bridge.transitions_journaled)
        self._wait('all in replay', lambda: hearing.stored >= expected, _TRAIN_TIMEOUT_S)
        self._wait('all trained on', lambda: hearing.backlog < _TOO_FEW, _TRAIN_TIMEOUT_S)
        if self._give_up.is_set():
            self._report('at the end: given up; not everything had time to arrive')
            return hearing.stored
        return _count_replay(port, expected)

    def _wait(self, what: str, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait for a condition; report that it does not hold in time."""
        deadline_s = time.monotonic() + timeout_s
        while not condition() and not self._give_up.wait(_POLL_PERIOD_S):
            if time.monotonic() > deadline_s:
                self._report(f'at the end, not within {timeout_s:g} s: {what}')
                return
            self._fleet.tick(self._hearing.heard_s)

    def _all_heard(self, began_s: float) -> bool:
        """Return whether every agent has been heard since."""
        agents = [m for m in self._fleet.members.values() if m.spec.executable == 'agent']
        heard = [at_s for at_s, _ in self._hearing.agents.values() if at_s > began_s]
        return len(heard) == len(agents)

    def _finished(self) -> bool:
        """Ask for the end from time to time; return whether all robots came to it."""
        if time.monotonic() - self._asked_s > _ASK_PERIOD_S:
            self._hearing.finish()
            self._asked_s = time.monotonic()
        return all(
            status.state in ENDED_STATES and not status.transitions_pending
            for _, status in self._hearing.agents.values()
        )


def experience_faults(folder: Path, hearing: Hearing, inserted: int) -> tuple[Stored, list[str]]:
    """Return what the journal holds, and what is lost, there twice or not in replay."""
    stored = read_stored(experience_folder(folder))
    faults = [
        *numbering_faults(stored.ranges),
        *told_faults(hearing.told, stored),
        *step_faults(hearing.steps(), stored.steps),
    ]
    if inserted != stored.transitions:
        faults.append(f'replay: {inserted} transitions, the journal has {stored.transitions}')
    faults += [
        f'replay bridge: {name} is {count}; accepted: 0'
        for name, count in hearing.refusals.items()
        if count
    ]
    if rejected := sum(hearing.rejected.values()):
        faults.append(f'robots: {rejected} policies were rejected; accepted: 0')
    return stored, faults


def leftover_faults(folder: Path, watch: Watch) -> list[str]:
    """Return what is left behind after the end of all processes."""
    faults = []
    watch.sample()
    spooled = [path.name for path in (folder / 'spool').rglob('*') if path.is_file()]
    if spooled:
        faults.append(f'{len(spooled)} spool files are left: {", ".join(spooled[:5])}')
    left = watch.files[-1]
    if left.orphans_mb > _LARGEST_ORPHANS_MB:
        faults.append(
            f'{left.orphans} files of {left.orphans_mb:.1f} MB are left in shared memory;'
            f' accepted: {_LARGEST_ORPHANS_MB:g} MB'
        )
    return faults


def _count_replay(port: int, expected: int) -> int:
    """Return the number of transitions inserted at a port, in a process of its own.

    Reverb's client brings TensorFlow, half a gigabyte that this process needs for nothing else.
    """
    command = [sys.executable, str(_COUNTER), str(port), str(expected)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])
