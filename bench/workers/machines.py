# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Simulated machines with a network of their own: network namespaces joined by a switch."""

from collections.abc import Iterator
import contextlib
import ctypes
import os
from pathlib import Path
import subprocess

LEARNER = 0  # number of the learner machine; the others have robots
_PREFIX = 'rlbench'
_CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def machines(robot_machines: int) -> Iterator[None]:
    """Create a learner machine and others; this process runs on the learner machine meanwhile.

    Raises:
        SystemExit: namespaces cannot be created.
    """
    names = [_name(number) for number in (LEARNER, *range(1, robot_machines + 1))]
    switch = f'{_PREFIX}-{os.getpid()}-switch'
    home = os.open('/proc/self/ns/net', os.O_RDONLY)
    try:
        _ip('netns', 'add', switch)
        _ip('-n', switch, 'link', 'add', 'switch', 'type', 'bridge', 'mcast_snooping', '0')
        _ip('-n', switch, 'link', 'set', 'switch', 'up')
        for number, name in enumerate(names):
            _join(number, name, switch)
        with Path('/run/netns', names[LEARNER]).open() as file:
            _enter(file.fileno())
        yield
    finally:
        _enter(home)
        os.close(home)
        for name in (*names, switch):
            subprocess.run(['ip', 'netns', 'del', name], check=False, capture_output=True)


def address(machine: int) -> str:
    """Return the address of a machine."""
    return f'10.98.{machine // 250}.{machine % 250 + 1}'


def prefix(machine: int) -> list[str]:
    """Return the command prefix that runs a program on a machine."""
    return ['ip', 'netns', 'exec', _name(machine)]


def _name(machine: int) -> str:
    """Return the name of a machine's namespace."""
    return f'{_PREFIX}-{os.getpid()}-{machine}'


def _join(number: int, name: str, switch: str) -> None:
    """Create a machine and connect it to the switch."""
    port = f'port{number}'
    _ip('netns', 'add', name)
    _ip('-n', name, 'link', 'set', 'lo', 'up')
    _ip('-n', switch, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    _ip('-n', switch, 'link', 'set', port, 'master', 'switch', 'up')
    _ip('-n', name, 'address', 'add', f'{address(number)}/16', 'dev', 'eth0')
    _ip('-n', name, 'link', 'set', 'eth0', 'up')
    _ip('-n', name, 'route', 'add', '224.0.0.0/4', 'dev', 'eth0')


def _enter(namespace: int) -> None:
    """Move this thread, and what it starts, to a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


def _ip(*words: str) -> None:
    """Run `ip`.

    Raises:
        SystemExit: it fails.
    """
    try:
        subprocess.run(['ip', *words], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, 'stderr', '') or str(error)
        raise SystemExit(
            f'fleets: given simulated machines: {reason.strip()}; accepted: root and iproute2, or'
            ' --same-machine'
        ) from error
