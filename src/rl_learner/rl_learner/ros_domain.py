# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A ROS domain of one's own, so that runs side by side on a machine never meet."""

from collections.abc import Iterator
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

    The claim is a lock on a file, which ends with the process however it ends.

    Raises:
        ConfigurationError: all are taken.
    """
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        path = Path(tempfile.gettempdir()) / f'rl_ros_domain_{domain}.lock'
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        except PermissionError:  # of another user
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


def local_environment(domain: int) -> dict[str, str]:
    """Return this process's environment with discovery in one domain on this machine only."""
    foreign = ('ROS_LOCALHOST_ONLY', 'ROS_STATIC_PEERS', 'RMW_IMPLEMENTATION')
    environment = {key: value for key, value in os.environ.items() if key not in foreign}
    environment['ROS_DOMAIN_ID'] = str(domain)
    environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    return environment
