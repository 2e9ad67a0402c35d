# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The end of a soak: everything drains, then what is stored is compared with what was done."""

from collections.abc import Callable
from pathlib import Path
import time

from replay_count import replay_state_with
from rl_agent.control.agent import ENDED_STATES
from soak_experience import numbering_faults, read_stored, step_faults, Stored, told_faults
from soak_fleet import experience_folder, Fleet, UPDATES_TO_DATA
from soak_hearing import Hearing
from soak_watch import Watch

_START_TIMEOUT_S = 180.0  # of everything that was away
_SEND_TIMEOUT_S, _TRAIN_TIMEOUT_S = 120.0, 300.0
_POLL_PERIOD_S = 0.5
# Files in shared memory without a process, at the end. Fast DDS leaves the small ones of its
# ports, which the next process takes over; a segment of a process that was killed has 0.5 MB.
_LARGEST_ORPHANS_MB = 4.0
Report = Callable[[str], None]


def drain(fleet: Fleet, hearing: Hearing, port: int, report: Report) -> int:
    """Let every robot finish and everything arrive; return the count of the replay table.

    What does not happen in time is reported.
    """
    fleet.hurry()

    def wait(what: str, condition: Callable[[], bool], timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline_s:
                report(f'at the end, not within {timeout_s:g} s: {what}')
                return
            fleet.tick()
            time.sleep(_POLL_PERIOD_S)

    began_s = time.monotonic()
    wait('all processes at work', lambda: fleet.all_up, _START_TIMEOUT_S)
    wait('all agents heard', lambda: _all_heard(fleet, hearing, began_s), _START_TIMEOUT_S)
    asked_s = 0.0

    def finished() -> bool:
        nonlocal asked_s
        if time.monotonic() - asked_s > 10.0:  # one that has just started may have missed it
            hearing.finish()
            asked_s = time.monotonic()
        return all(
            status.state in ENDED_STATES and not status.transitions_pending
            for _, status in hearing.agents.values()
        )

    wait('all robots finished and acknowledged', finished, _SEND_TIMEOUT_S)
    began_s = time.monotonic()  # the newest counts of bridge and learner
    wait('a status of the bridge', lambda: hearing.bridge_s > began_s, _START_TIMEOUT_S)
    wait('a new status of the learner', lambda: hearing.learner_s > began_s, _START_TIMEOUT_S)
    inserted = replay_state_with(port, int(hearing.bridge.transitions_journaled)).position
    most = int(1.0 / UPDATES_TO_DATA)  # too few for another update
    wait('all trained on', lambda: hearing.learner[-1].backlog < most, _TRAIN_TIMEOUT_S)
    return inserted


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


def _all_heard(fleet: Fleet, hearing: Hearing, began_s: float) -> bool:
    """Return whether every agent has been heard since."""
    agents = [m for m in fleet.members.values() if m.spec.executable == 'agent']
    heard = [at_s for at_s, _ in hearing.agents.values() if at_s > began_s]
    return len(heard) == len(agents)
