# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Which processes to kill, stop and end, and when: a random schedule with a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
import random
from typing import Literal

Kind = Literal['kill', 'pause', 'end']  # SIGKILL; SIGSTOP, then SIGCONT; SIGTERM

BRIDGE, LEARNER = 'replay_bridge', 'learner'
MEAN_GAP_S = 20.0
LONGEST_PAUSE_S, LONGEST_ABSENCE_S = 20.0, 5.0
FIRST_FAULT_S = 45.0  # all processes have started
_KINDS: dict[Kind, int] = {'kill': 5, 'pause': 3, 'end': 2}
_GROUPS = {'agent': 9, 'simulated_robot': 4, BRIDGE: 3, LEARNER: 4}
_TOGETHER = 0.15  # of the faults hit two processes at the same time
# between two faults of a process, so that it is at work again
_LEAST_GAP_S = {BRIDGE: 45.0, LEARNER: 90.0}
# Share of the time in which bridge and learner are only paused: a leak needs a long life to show.
_LONG_LIFE = (0.45, 0.9)


@dataclass(frozen=True)
class Fault:
    """Something that happens to some processes at the same moment.

    Attributes:
        at_s: since the start.
        kind: what happens.
        names: of the processes.
        lasts_s: until they are started again or continue.
    """

    at_s: float
    kind: Kind
    names: tuple[str, ...]
    lasts_s: float


def schedule(seed: int, seconds: float, robots: Sequence[str]) -> list[Fault]:
    """Return the faults of a soak, by time.

    A quarter of the robots is only ever paused, and so are bridge and learner for a long time:
    their processes grow old.

    Args:
        seed: of everything random.
        seconds: length of the soak; the last 5 % of it have no faults.
        robots: their namespaces.
    """
    source = random.Random(seed)
    mean_gap_s = min(MEAN_GAP_S, seconds / 15.0)
    spared = set(robots[: len(robots) // 4])
    last_s: dict[str, float] = {}
    faults = []
    at_s = FIRST_FAULT_S
    while at_s < 0.95 * seconds:
        kind = source.choices(list(_KINDS), list(_KINDS.values()))[0]
        wanted = 2 if source.random() < _TOGETHER else 1
        groups = source.choices(list(_GROUPS), list(_GROUPS.values()), k=wanted)
        lasts_s = source.uniform(1.0, LONGEST_PAUSE_S if kind == 'pause' else LONGEST_ABSENCE_S)
        protected = kind != 'pause' and _LONG_LIFE[0] <= at_s / seconds < _LONG_LIFE[1]
        names = []
        for group in dict.fromkeys(groups):
            victims = [name for name in robots if kind == 'pause' or name not in spared]
            name = f'{source.choice(victims)}_{group}' if group not in _LEAST_GAP_S else group
            recent = at_s - last_s.get(name, -1e9) < _LEAST_GAP_S.get(name, 15.0) + lasts_s
            if not recent and not (protected and name in _LEAST_GAP_S):
                names.append(name)
                last_s[name] = at_s
        if names:
            faults.append(Fault(at_s, kind, tuple(names), lasts_s))
        at_s += source.uniform(0.2, 1.8) * mean_gap_s
    return faults
