# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A ROS domain of one's own, so that runs side by side on a machine never meet."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import random
import tempfile

from rl_agent.errors import ConfigurationError

_DOMAINS = range(1, 101)  # up to 101 the ports stay below Linux's ephemeral ones


@contextmanager
def claim_domain() -> Iterator[int]:
    """Hold a domain id that no other run of this project on this machine holds.

    The claim is a lock on a file, which ends with the process however it ends. This process's own
    ROS_DOMAIN_ID is no such domain: whoever is there already need not be a run of this project.

    Raises:
        ConfigurationError: all are taken.
    """
    own = os.environ.get('ROS_DOMAIN_ID', '').strip()
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        if str(domain) == own:
            continue
        try:
            descriptor = _open_lock(Path(tempfile.gettempdir()) / f'rl_ros_domain_{domain}.lock')
        except PermissionError:  # its user lets nobody read it
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield domain
        finally:
            os.close(descriptor)
        return
    raise ConfigurationError(
        f'ROS domains {_DOMAINS[0]} to {_DOMAINS[-1]} are all in use; accepted: end another run'
    )


def _open_lock(path: Path) -> int:
    """Return a descriptor to lock; the file stays for ever, and for all users.

    Raises:
        PermissionError: it is of another user, who lets nobody read it.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        # to lock needs no right to write; O_CREAT is refused for files of others in /tmp
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.fchmod(descriptor, 0o666)  # whatever the umask
    return descriptor


def local_environment(domain: int) -> dict[str, str]:
    """Return this process's environment with discovery in one domain on this machine only."""
    foreign = (
        'ROS_LOCALHOST_ONLY',
        'ROS_STATIC_PEERS',
        'ROS_DISCOVERY_SERVER',
        'RMW_IMPLEMENTATION',
    )
    environment = {key: value for key, value in os.environ.items() if key not in foreign}
    environment['ROS_DOMAIN_ID'] = str(domain)
    environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    return environment


@contextmanager
def applied(environment: Mapping[str, str]) -> Iterator[None]:
    """Give this process an environment; afterwards it has the one from before.

    ROS reads its variables while a context is initialised and gets its first node.
    """
    before = dict(os.environ)
    _become(environment)
    try:
        yield
    finally:
        _become(before)


def _become(environment: Mapping[str, str]) -> None:
    """Make the environment of this process a given one."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
