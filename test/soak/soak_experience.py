# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What is missing in the journal, or there twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rl_learner.journal.journal_reader import read_journal

Session = tuple[str, str]  # robot and session
Steps: TypeAlias = NDArray[Any]  # of type `STEP`
STEP = np.dtype([('stamp', 'i8'), ('episode', 'u4'), ('step', 'u4')])  # names a step of a robot
_NAMED = 5  # faults of a kind that are named; the others are counted


@dataclass
class Stored:
    """The content of a journal.

    Attributes:
        transitions: number of transitions.
        ranges: first and last number of every batch, in the order of storage.
        steps: robot to its steps, in the order of storage.
    """

    transitions: int = 0
    ranges: dict[Session, list[tuple[int, int]]] = field(default_factory=dict)
    steps: dict[str, Steps] = field(default_factory=dict)


@dataclass
class Told:
    """What an agent said last about a session.

    Attributes:
        steps: transitions that it made.
        dropped: transitions that it lost to a full spool.
        ended: it took its last step before it said that.
    """

    steps: int = 0
    dropped: int = 0
    ended: bool = False


def read_stored(folder: Path) -> Stored:
    """Return the content of the journal in a folder."""
    stored = Stored()
    parts: dict[str, list[Steps]] = {}
    for batch in read_journal(folder):
        sender, steps = batch.sender, np.empty(len(batch), STEP)
        for name in STEP.names or ():
            steps[name] = batch.columns[name]
        parts.setdefault(sender.robot, []).append(steps)
        ranges = stored.ranges.setdefault((sender.robot, sender.session), [])
        ranges.append((batch.first_sequence, batch.last_sequence))
        stored.transitions += len(batch)
    stored.steps = {robot: np.concatenate(own) for robot, own in parts.items()}
    return stored


def numbering_faults(ranges: Mapping[Session, Iterable[tuple[int, int]]]) -> list[str]:
    """Return the numbers that are missing or there twice; each session's begin with 1."""
    faults = []
    for (robot, session), pairs in ranges.items():
        where, wanted = f'{robot}, session {session[:8]}', 1
        for first, last in sorted(pairs):
            if first > wanted:
                faults.append(f'{where}: {wanted} to {first - 1} are lost')
            elif first < wanted:
                twice = min(last, wanted - 1)
                faults.append(
                    f'{robot}, session {session[:8]}: {first} to {twice} are there twice'
                )
            wanted = max(wanted, last + 1)
    return faults


def told_faults(told: Mapping[Session, Told], stored: Stored) -> list[str]:
    """Return sessions of which less is stored than their agents said.

    After a clean end, the counts are equal. An agent that was killed may have made some more; its
    last step may be missing, because an agent counts a step just before it keeps it.
    """
    faults = []
    for (robot, session), said in told.items():
        numbers = stored.ranges.get((robot, session), [])
        count = max((last for _, last in numbers), default=0)
        if count != said.steps if said.ended else count < said.steps - 1:
            faults.append(f'{robot}, session {session[:8]}: {said.steps} made, {count} are stored')
        if said.dropped:
            faults.append(f'{robot}, session {session[:8]}: {said.dropped} dropped')
    return faults


def step_faults(heard: Mapping[str, Steps], stored: Mapping[str, Steps]) -> list[str]:
    """Return executed steps that are not stored, and stored ones that are there twice.

    This compares what robots did, whatever the number under which it was stored.

    Args:
        heard: robot to the steps that it published; some may be missing.
        stored: robot to its stored steps.
    """
    faults = []
    for robot in sorted({*heard, *stored}):
        own = stored.get(robot, np.empty(0, STEP))
        lost = np.setdiff1d(heard.get(robot, np.empty(0, STEP)), own)
        steps, counts = np.unique(own, return_counts=True)
        twice = steps[counts > 1]
        if len(lost):
            faults.append(f'{robot}: {len(lost)} executed steps are lost: {_named(lost)}')
        if len(twice):
            faults.append(f'{robot}: {len(twice)} steps are there twice: {_named(twice)}')
    return faults


def _named(steps: Steps) -> str:
    """Return the first steps for people."""
    words = [f'episode {item["episode"]} step {item["step"]}' for item in steps[:_NAMED]]
    return ', '.join(words) + (' ...' if len(steps) > _NAMED else '')
