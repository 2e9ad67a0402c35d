# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""ROS domains: each run on a machine claims its own, so that runs never meet."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import random
import tempfile

from rl_agent.errors import ConfigurationError

# Fast DDS looks for others of this machine at the ports of the first 32 only.
MOST_LOCAL_PARTICIPANTS = 32
_DOMAINS = range(1, 101)  # up to 101 the ports are below Linux's ephemeral ports


@contextmanager
def claim_domain() -> Iterator[int]:
    """Hold a domain id that no other run of this project on this machine holds.

    The claim is a lock on a file, which ends with the process, however it ends. The ROS_DOMAIN_ID
    of this process is never claimed, because other programs may use it.

    Raises:
        ConfigurationError: all domains are in use.
    """
    own = os.environ.get('ROS_DOMAIN_ID', '').strip()
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        if str(domain) == own:
            continue
        try:
            descriptor = _open_lock(Path(tempfile.gettempdir()) / f'rl_ros_domain_{domain}.lock')
        except PermissionError:  # another user's file without read permission
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
    """Return a descriptor to lock; the file is never removed and is for all users.

    Raises:
        PermissionError: it belongs to another user and is not readable.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        # a lock needs no write permission; O_CREAT fails for files of other users in /tmp
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
    """Give this process an environment and restore the previous one afterwards.

    ROS reads its variables when a context is initialised and when its first node is created.
    """
    before = dict(os.environ)
    _replace_environment(environment)
    try:
        yield
    finally:
        _replace_environment(before)


def _replace_environment(environment: Mapping[str, str]) -> None:
    """Replace the environment of this process."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
