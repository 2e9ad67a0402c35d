# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Faults and samples of a soak, with small programs in place of nodes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import time
import uuid

from rl_agent.bringup.node_specs import NodeSpec
from soak_faults import Fault
from soak_fleet import Fleet, Member
from soak_watch import Watch

TIMEOUT_S = 30.0
SLEEP = 'import time; print("up", flush=True); time.sleep(600)'
OBEDIENT = f'import signal, sys; signal.signal(15, lambda *_: sys.exit()); {SLEEP}'
MAPPING = 'import mmap, sys; file = open({path!r}, "w+b"); file.truncate(1 << 20); '
MAPPING += 'memory = mmap.mmap(file.fileno(), 1 << 20); memory[:] = bytes(1 << 20); ' + SLEEP


class Program(NodeSpec):
    """A Python program in the place of a node; its text is in `package`."""

    def arguments(self) -> list[str]:
        return ['-c', self.package]


@contextmanager
def fleet_of(program: str, folder: Path) -> Iterator[tuple[Fleet, list[str]]]:
    """Yield a fleet of one program that has started, and what it reported."""
    reported: list[str] = []
    fleet = Fleet([Program(program, 'program')], folder, dict(os.environ), reported.append)
    try:
        until(lambda: 'up' in fleet.members['program'].process.last_lines(1))
        fleet.members['program'].note_heard(time.monotonic())
        yield fleet, reported
    finally:
        fleet.end(['program'])


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def heard_now(name: str) -> float:
    """Return that a process is heard all the time."""
    return time.monotonic()


def ticked(fleet: Fleet) -> Member:
    """Return the program of a fleet after one more tick."""
    fleet.tick(heard_now)
    return fleet.members['program']


def state_of(pid: int) -> str:
    """Return the kernel's letter for the state of a process."""
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]


def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    with fleet_of(OBEDIENT, tmp_path) as (fleet, reported):
        member = fleet.members['program']
        before = member.process
        fleet.begin(Fault(0.0, 'kill', ('program',), 0.0))
        assert (before.exit_code, member.state, fleet.all_up) == (-9, 'down', False)
        fleet.tick(heard_now)
        assert (member.life, member.state, member.process.exit_code) == (2, 'up', None)
        until(lambda: 'up' in member.process.last_lines(1))
    assert reported == []
    assert fleet.done == {'kill program': 1}


def test_a_paused_process_continues_and_is_spared_meanwhile(tmp_path: Path) -> None:
    with fleet_of(OBEDIENT, tmp_path) as (fleet, _):
        member = fleet.members['program']
        fleet.begin(Fault(0.0, 'pause', ('program',), 600.0))
        until(lambda: state_of(member.process.pid) == 'T')
        fleet.begin(Fault(0.0, 'kill', ('program',), 0.0))
        fleet.tick(heard_now)
        assert (member.state, fleet.skipped, member.at_work_s) == ('paused', 1, 0.0)
        fleet.hurry()
        fleet.tick(heard_now)
        until(lambda: state_of(member.process.pid) == 'S')
        assert (member.state, member.life) == ('up', 1)


def test_a_process_that_ends_as_asked_is_started_again(tmp_path: Path) -> None:
    with fleet_of(OBEDIENT, tmp_path) as (fleet, reported):
        member = fleet.members['program']
        fleet.begin(Fault(0.0, 'end', ('program',), 0.0))
        before = member.process
        until(lambda: ticked(fleet).life == 2)
        assert (before.exit_code, member.state) == (0, 'up')
        until(lambda: 'up' in member.process.last_lines(1))
    assert reported == []


def test_a_start_is_not_disturbed(tmp_path: Path) -> None:
    with fleet_of(OBEDIENT, tmp_path) as (fleet, _):
        member = fleet.members['program']
        fleet.begin(Fault(0.0, 'kill', ('program',), 0.0))
        fleet.tick(lambda name: 0.0)
        assert (member.life, member.at_work_s) == (2, 0.0)
        fleet.begin(Fault(0.0, 'kill', ('program',), 0.0))
        assert (member.state, fleet.skipped) == ('up', 1)
        until(lambda: 'up' in member.process.last_lines(1))


def test_ends_that_nobody_asked_for_and_bad_ends_are_reported(tmp_path: Path) -> None:
    with fleet_of('print("up"); exit(3)', tmp_path) as (fleet, reported):
        until(lambda: ticked(fleet).life == 2)
    assert reported[0] == 'program, life 1: ended by itself with 3: up'
    folder = tmp_path / 'second'
    folder.mkdir()
    with fleet_of(SLEEP, folder) as (fleet, reported):
        pass  # it does not handle SIGTERM
    assert reported == ['program, life 1: ended with -15 at the end: up']


def test_what_a_killed_process_leaves_in_shared_memory_is_seen(tmp_path: Path) -> None:
    path = Path(f'/dev/shm/soak_test_{uuid.uuid4().hex}')
    try:
        with fleet_of(MAPPING.format(path=str(path)), tmp_path) as (fleet, _):
            watch = Watch(fleet, tmp_path, time.monotonic())
            watch.sample()
            assert (watch.files[-1].orphans, watch.files[-1].shared_mb) == (0, 1.0)
            own = watch.samples[-1]
            assert (own.name, own.life, own.threads) == ('program', 1, 1)
            assert own.pss_mb >= own.anon_mb + own.shmem_mb
            assert own.shmem_mb >= 1.0
            assert own.descriptors >= 4
            fleet.begin(Fault(0.0, 'kill', ('program',), 600.0))
            watch.sample()
            assert (watch.files[-1].orphans, watch.files[-1].orphans_mb) == (1, 1.0)
            assert len(watch.samples) == 1
    finally:
        path.unlink()
