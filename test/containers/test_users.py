# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Who hears whom on one machine: users, and containers with or without the host's /dev/shm.

The processes are in a network of their own, because with discovery on the local machine only,
ROS 2 ignores FASTDDS_BUILTIN_TRANSPORTS.
"""

from collections.abc import Iterator, Sequence
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time

from namespaces import connected, ROBOT, unavailable_reason
import pytest
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess

OWNER, OTHER = 61001, 61002  # user ids
OWN_SHARED_MEMORY = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /dev/shm; exec "$@"']
NO_SHARED_MEMORY = {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}
UNHEARD = (
    '/replay_bridge: nodes are discovered, but nothing is heard (they hang, or belong to another'
    ' user, or to a container with another /dev/shm) in 6 s'
)
START_S = 60.0


def why_not() -> str:
    """Return why this cannot be tested here; empty: it can."""
    if shutil.which('setpriv') is None or shutil.which('unshare') is None:
        return 'other users need setpriv and unshare (util-linux), which are not installed'
    reason = unavailable_reason()
    if reason:
        return reason
    asked = subprocess.run([*user(OWNER), sys.executable, '-c', 'import rl_agent'], check=False)
    return '' if asked.returncode == 0 else 'other users must be able to read this folder'


def user(number: int) -> list[str]:
    """Return the command prefix that runs a program as a user without privileges."""
    return ['setpriv', f'--reuid={number}', f'--regid={number}', '--clear-groups']


class Machine:
    """A machine with a replay bridge that belongs to OWNER."""

    def __init__(self, prefix: list[str], environment: dict[str, str], folder: Path) -> None:
        """Start the bridge."""
        self._prefix, self._environment = prefix, environment
        run = folder / 'run'
        run.mkdir()
        os.chown(run, OWNER, OWNER)
        arguments = ['-p', 'robot:=pendulum', '-p', f'run_folder:={run}']
        arguments += ['-p', f'replay_port:={free_port()}']
        module = 'rl_learner.nodes.replay_bridge_node'
        command = [*user(OWNER), sys.executable, '-m', module, '--ros-args', *arguments]
        self.bridge = ChildProcess(
            'bridge', [*prefix, *command], folder / 'bridge.log', environment
        )

    def health(
        self, number: int, seconds: float, wrapper: Sequence[str] = (), **variables: str
    ) -> tuple[int, str]:
        """Return what a user's `rl_health` says about the bridge, in a wrapper such as unshare."""
        words = [sys.executable, '-m', 'rl_agent.health.rl_health', 'replay_bridge']
        words += ['--seconds', f'{seconds:g}']
        command = [*self._prefix, *wrapper, *(['sh'] if wrapper else []), *user(number), *words]
        done = subprocess.run(
            command,
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture(scope='module')
def shared_folder() -> Iterator[Path]:
    """Return a new folder that every user can reach; pytest's own belong to the user alone."""
    with tempfile.TemporaryDirectory(prefix='users_', dir='/tmp') as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope='module')
def machine(ros_environment: dict[str, str], shared_folder: Path) -> Iterator[Machine]:
    if reason := why_not():
        pytest.skip(reason)
    logs = shared_folder / 'logs'
    logs.mkdir()
    logs.chmod(0o1777)
    environment = {
        **ros_environment,
        'HOME': str(logs),
        'ROS_LOG_DIR': str(logs),
        'XDG_STATE_HOME': str(logs),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
    }
    with connected() as network:
        machine = Machine(network.prefix(ROBOT), environment, shared_folder)
        try:
            deadline_s = time.monotonic() + START_S
            while machine.health(OWNER, 5)[0] != 0:
                assert machine.bridge.exit_code is None, machine.bridge.last_lines(5)
                assert time.monotonic() < deadline_s, machine.bridge.last_lines(5)
            yield machine
        finally:
            machine.bridge.ask_to_end()
            machine.bridge.end(time.monotonic() + 30)


def test_another_user_discovers_a_node_but_hears_nothing(machine: Machine) -> None:
    assert machine.health(OTHER, 6) == (1, UNHEARD)


def test_another_user_hears_a_node_without_shared_memory(machine: Machine) -> None:
    code, said = machine.health(OTHER, 20, **NO_SHARED_MEMORY)
    assert code == 0, said


def test_the_hosts_network_without_its_shared_memory_hears_nothing(machine: Machine) -> None:
    code, said = machine.health(OWNER, 6, OWN_SHARED_MEMORY)
    assert (code, said) == (1, UNHEARD)
    code, said = machine.health(OWNER, 20, OWN_SHARED_MEMORY, **NO_SHARED_MEMORY)
    assert code == 0, said
