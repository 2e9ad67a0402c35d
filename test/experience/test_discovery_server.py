# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Robots and a learner that find each other by a discovery server, which may go and come back.

Network namespaces simulate the machines, see namespaces.py. Runs with RL_TEST_NETWORK=1 in the
environment.

Asked for in public: ros2/rmw_fastrtps#499 (tools behind a server hear nothing),
eProsima/Fast-DDS#2534, #2290, #5872 (a server that comes back), eProsima/Fast-DDS#6359.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
import subprocess
import sys
import time

from fleet import running
from namespaces import connected, LEARNER, Network, ROBOT, skip_reason
import pytest
from rl_agent.bringup.node_specs import NodeSpec, simulated_agent, simulated_robot
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess, end_in_order

_REASON = skip_reason()
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(400),
]

BENCH = Path(__file__).resolve().parents[2] / 'bench'
ADDRESS = '10.99.0.2'  # of the learner machine
STEPS, TIMEOUT_S, POLL_PERIOD_S = 400, 120.0, 0.2
LEASE_S = 25.0  # Fast DDS: 20


class Machines:
    """A machine of robots, and one with learner and discovery server."""

    def __init__(
        self,
        network: Network,
        environment: dict[str, str],
        folder: Path,
        write_server: Callable[[Path, str], None],
    ) -> None:
        """Start the discovery server."""
        self.network, self.folder = network, folder
        self._profile = folder / 'server.xml'
        write_server(self._profile, ADDRESS)
        self._for_server = {**environment, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}
        self.environment = {**self._for_server, 'ROS_DISCOVERY_SERVER': f'{ADDRESS}:11811'}
        self.start_server()

    def start_server(self) -> None:
        """Start the discovery server, and wait until it serves."""
        program = BENCH / 'workers' / 'discovery_server.py'
        self.server = ChildProcess(
            'discovery_server',
            [*self.network.prefix(LEARNER), sys.executable, str(program)],
            self.folder / 'discovery_server.log',
            {**self._for_server, 'FASTRTPS_DEFAULT_PROFILES_FILE': str(self._profile)},
        )
        deadline_s = time.monotonic() + TIMEOUT_S
        while 'ready' not in self.server.log.read_text():
            assert time.monotonic() < deadline_s
            time.sleep(POLL_PERIOD_S)

    def described(self, **environment: str) -> 'subprocess.CompletedProcess[str]':
        """Look for robots with `rl_describe` on the robots' machine."""
        words = ['-m', 'rl_agent.robot_draft.rl_describe', '--out', '-', '--namespace', 'robot_1']
        return subprocess.run(
            [*self.network.prefix(ROBOT), sys.executable, *words],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )


@pytest.fixture
def machines(
    ros_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machines]:
    monkeypatch.syspath_prepend(str(BENCH))
    from workers.fast_dds_profiles import write_server

    with connected() as network:
        found = Machines(network, ros_environment, tmp_path, write_server)
        try:
            yield found
        finally:
            end_in_order([[found.server]], time.monotonic() + 60.0)


def robot(name: str) -> list[NodeSpec]:
    """Return the nodes of a robot."""
    agent = simulated_agent('pendulum', name, seed=1, max_steps=STEPS, robot_timeout_s=TIMEOUT_S)
    return [agent, simulated_robot('pendulum', name, seed=1)]


def sequences(run: Path) -> list[int]:
    """Return the numbers of the stored transitions of all robots."""
    batches = read_journal(run / EXPERIENCE)
    return [n for item in batches for n in range(item.first_sequence, item.last_sequence + 1)]


def until_stored(run: Path, number: int) -> None:
    """Wait until so many transitions are stored."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while len(sequences(run)) < number:
        assert time.monotonic() < deadline_s
        time.sleep(POLL_PERIOD_S)


@pytest.mark.parametrize('is_killed', [False, True])
def test_each_transition_is_stored_once_while_the_server_goes_and_comes_back(
    machines: Machines, is_killed: bool
) -> None:
    """Clients of a killed server believe that it lives, until their lease ends."""
    run, prefix = machines.folder / 'run', machines.network.prefix
    bridge, learner = learner_nodes(
        'pendulum', 'default', free_port(), run_folder=str(run), warmup=1_000_000, threads=1
    )
    environment, folder = machines.environment, machines.folder
    with running([learner, bridge], environment, folder, prefix(LEARNER)):
        with running(robot('robot_1'), environment, folder, prefix(ROBOT)):
            until_stored(run, 1)
            if is_killed:
                machines.server.kill()
                time.sleep(LEASE_S)
            else:
                end_in_order([[machines.server]], time.monotonic() + 60.0)
            until_stored(run, STEPS)  # those that have met go on
        machines.start_server()
        with running(robot('robot_2'), environment, folder, prefix(ROBOT)):
            until_stored(run, 2 * STEPS)
    assert sorted(sequences(run)) == sorted([*range(1, STEPS + 1)] * 2)


def test_a_tool_that_looks_for_all_topics_says_what_it_needs(machines: Machines) -> None:
    simulated = simulated_robot('pendulum', 'robot_1', seed=1)
    prefix = machines.network.prefix(ROBOT)
    with running([simulated], machines.environment, machines.folder, prefix):
        found = machines.described(ROS_SUPER_CLIENT='TRUE')
        assert found.returncode == 0, found.stderr
        assert 'joint_states' in found.stdout
        nothing = machines.described()
    assert nothing.returncode == 1
    assert 'With ROS_DISCOVERY_SERVER, a program finds the topics' in nothing.stderr
    assert 'ROS_SUPER_CLIENT=TRUE' in nothing.stderr
