# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Two simulated machines: network namespaces joined by a link with adjustable faults."""

from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

ROBOT, LEARNER, LINK = 'robot', 'learner', 'link'
_RELAY = Path(__file__).with_name('relay.py')
_PREFIX = 'rltest'
_VARIABLE = 'RL_TEST_NETWORK'
_NO_DETECTION = {False: (), True: ('nodad',)}  # makes an IPv6 address usable at once


def unavailable_reason() -> str:
    """Return why network namespaces are not available; empty if they are."""
    if shutil.which('ip') is None:
        return 'network namespaces need iproute2 (`ip`), which is not installed'
    if os.geteuid() != 0:
        return 'network namespaces need root'
    name = f'{_PREFIX}-{os.getpid()}-probe'
    created = _try('netns', 'add', name)
    if created.returncode:
        return f'network namespaces cannot be created: {created.stderr.strip()}'
    _try('netns', 'del', name)
    return ''


def skip_reason() -> str:
    """Return why tests with network namespaces are skipped; empty if they run."""
    if _VARIABLE not in os.environ:
        return f'takes minutes: set {_VARIABLE}=1 to run it'
    return unavailable_reason()


class Network:
    """A robot machine, a learner machine and the link between them."""

    def __init__(self, names: dict[str, str], relay: 'subprocess.Popen[str]') -> None:
        """Use existing namespaces; `connected` creates them."""
        self._names, self._relay = names, relay

    def prefix(self, machine: str) -> list[str]:
        """Return the command prefix that runs a program on a machine."""
        return ['ip', 'netns', 'exec', self._names[machine]]

    def set_link(self, **faults: Any) -> dict[str, int]:
        """Set faults, see relay.py; return the counts of packets so far."""
        assert self._relay.stdin is not None
        assert self._relay.stdout is not None
        self._relay.stdin.write(json.dumps(faults) + '\n')
        self._relay.stdin.flush()
        counts: dict[str, int] = json.loads(self._relay.stdout.readline())
        return counts


@contextlib.contextmanager
def connected() -> Iterator[Network]:
    """Create a robot machine, a learner machine and a perfect link; remove them at the end.

    Their addresses are 10.99.0.1 and 10.99.0.2, fd99::1 and fd99::2.
    """
    _remove_leftovers()
    names = {machine: f'{_PREFIX}-{os.getpid()}-{machine}' for machine in (ROBOT, LEARNER, LINK)}
    relay = None
    try:
        for name in names.values():
            _ip('netns', 'add', name)
            _ip('-n', name, 'link', 'set', 'lo', 'up')
        for number, machine in enumerate((ROBOT, LEARNER), start=1):
            _join(names, machine, number)
        relay = subprocess.Popen(
            ['ip', 'netns', 'exec', names[LINK], sys.executable, _RELAY, ROBOT, LEARNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        network = Network(names, relay)
        network.set_link()  # answers once the relay works
        yield network
    finally:
        if relay is not None:
            relay.kill()
            relay.communicate()
        for name in names.values():
            _try('netns', 'del', name)


def _join(names: dict[str, str], machine: str, number: int) -> None:
    """Connect a machine to the link."""
    name, link = names[machine], names[LINK]
    _ip('-n', link, 'link', 'add', machine, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    for address in (f'10.99.0.{number}/24', f'fd99::{number}/64'):
        _ip('-n', name, 'address', 'add', address, 'dev', 'eth0', *_NO_DETECTION[':' in address])
    subprocess.run(
        ['ip', 'netns', 'exec', name, sys.executable, _RELAY, '--complete-checksums', 'eth0'],
        check=True,
    )
    _ip('-n', name, 'link', 'set', 'eth0', 'up')
    _ip('-n', link, 'link', 'set', machine, 'up')
    _ip('-n', name, 'route', 'add', '224.0.0.0/4', 'dev', 'eth0')


def _remove_leftovers() -> None:
    """Remove the namespaces of killed test runs."""
    for path in Path('/run/netns').glob(f'{_PREFIX}-*'):
        if not Path('/proc', path.name.split('-')[1]).exists():
            _try('netns', 'del', path.name)


def _ip(*words: str) -> None:
    """Run `ip`; raise CalledProcessError if it fails."""
    subprocess.run(['ip', *words], check=True, capture_output=True, text=True)


def _try(*words: str) -> 'subprocess.CompletedProcess[str]':
    """Run `ip` and return its result."""
    return subprocess.run(['ip', *words], check=False, capture_output=True, text=True)
