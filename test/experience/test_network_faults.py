# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Robot and learner on two machines with a faulty network: nothing is lost or repeated.

Network namespaces simulate the machines, see namespaces.py. Runs with RL_TEST_NETWORK=1 in the
environment. The cut lasts 12 s; with RL_TEST_CUT_S=30, 30 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
import time

from fleet import running
from namespaces import connected, LEARNER, Network, ROBOT, skip_reason
import pytest
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.ros.ros_topics import AGENT_STATUS
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.system.ports import free_port

_REASON = skip_reason()
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(400),
]

CUT_S = float(os.environ.get('RL_TEST_CUT_S', '12'))
STEPS = 1000
HELPERS = Path(__file__).resolve().parents[1] / 'helpers'
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
except OSError as error:
    print(type(error).__name__)
else:
    print('connected')
"""


@dataclass
class LearnerMachine:
    """A machine with bridge and learner, behind a link.

    Attributes:
        network: network with the link.
        environment: environment of all processes.
        folder: folder for logs.
        port: port of Reverb.
        expected: number of steps that robots have executed so far.
    """

    network: Network
    environment: dict[str, str]
    folder: Path
    port: int
    expected: int = 0

    def run(self, machine: str, code: str, *words: str) -> str:
        """Run a program on a machine; return the last line of its output."""
        command = [*self.network.prefix(machine), sys.executable, '-c', code, *words]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.splitlines()[-1]

    def inserted(self) -> int:
        """Return how many transitions were ever inserted into Reverb."""
        count = (HELPERS / 'replay_count.py').read_text()
        line = self.run(LEARNER, count, str(self.port), str(self.expected))
        return int(line.removeprefix('inserted '))


@pytest.fixture(scope='module')
def learner_machine(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LearnerMachine]:
    """Start bridge and a learner that never trains on their own machine."""
    folder = tmp_path_factory.mktemp('network_faults')
    port = free_port()
    bridge, learner = learner_nodes(
        'pendulum', 'default', port, run_folder=str(folder / 'run'), warmup=1_000_000, threads=1
    )
    with connected() as network:
        environment = {**ros_environment, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}
        with running([learner, bridge], environment, folder, network.prefix(LEARNER)):
            yield LearnerMachine(network, environment, folder, port)


class Robot:
    """The status of a robot, received on its own machine."""

    def __init__(self, machine: LearnerMachine, name: str) -> None:
        """Start to listen."""
        self._output = machine.folder / f'{name}_status.txt'
        command = [sys.executable, str(HELPERS / 'print_status.py')]
        with self._output.open('wb') as file:
            self._process = subprocess.Popen(
                [*machine.network.prefix(ROBOT), *command, f'/{name}/{AGENT_STATUS}'],
                env=machine.environment,
                stdout=file,
            )

    @property
    def status(self) -> dict[str, int] | None:
        """The newest status; None before the first."""
        lines = self._output.read_text().splitlines(keepends=True)
        complete = [line for line in lines if line.endswith('\n')]
        return json.loads(complete[-1]) if complete else None

    def until(self, field: str, value: int, timeout_s: float) -> None:
        """Wait until a field of the status reaches a value."""
        deadline_s = time.monotonic() + timeout_s
        while (status := self.status) is None or status[field] < value:
            assert time.monotonic() < deadline_s, f'{field} is not {value}: {status}'
            time.sleep(0.05)

    def close(self) -> None:
        """Stop listening."""
        self._process.kill()
        self._process.wait()


def drive(machine: LearnerMachine, name: str, cut_s: float = 0.0, **faults: float) -> None:
    """Let a robot take its steps over a faulty link; each must arrive once.

    No step waits for the network: while the link is cut, the robot takes all of them. The faults
    start before the first step, because a robot in lockstep may need less than a second for all.
    """
    network = machine.network
    network.set_link(loss=0.0, delay_s=0.0, reorder=0.0, cut=False)
    environment, prefix = machine.environment, network.prefix(ROBOT)
    agent = simulated_agent('pendulum', name, seed=1, max_steps=STEPS, robot_timeout_s=60.0)
    robot = Robot(machine, name)
    try:
        with running([agent], environment, machine.folder, prefix):
            robot.until('policies_accepted', 1, 90.0)  # it has found the learner machine
            network.set_link(**faults, cut=cut_s > 0)
            cut_from_s = time.monotonic()
            simulated = simulated_robot('pendulum', name, seed=1)
            with running([simulated], environment, machine.folder, prefix):
                robot.until('steps', STEPS, 90.0)
                if cut_s:
                    time.sleep(
                        max(0.0, cut_from_s + cut_s - time.monotonic())
                    )  # until the cut ends
                    assert robot.status is not None
                    assert robot.status['transitions_acknowledged'] == 0
                    network.set_link(cut=False)
                robot.until('transitions_acknowledged', STEPS, 120.0)
            status = dict(robot.status or {})
            assert status.pop('policies_accepted') > 0
            assert status == {
                'steps': STEPS,
                'ticks_missed': 0,
                'transitions_acknowledged': STEPS,
                'transitions_dropped': 0,
                'transitions_pending': 0,
            }
    finally:
        robot.close()
    machine.expected += STEPS
    assert machine.inserted() == machine.expected


def test_five_percent_loss_with_50_ms_delay(learner_machine: LearnerMachine) -> None:
    drive(learner_machine, 'robot_1', loss=0.05, delay_s=0.05)
    assert learner_machine.network.set_link()['lost'] > 0


def test_a_cut(learner_machine: LearnerMachine) -> None:
    drive(learner_machine, 'robot_2', cut_s=CUT_S)


def test_reordering(learner_machine: LearnerMachine) -> None:
    drive(learner_machine, 'robot_3', delay_s=0.02, reorder=0.2, reorder_s=0.03)
    assert learner_machine.network.set_link()['late'] > 0


def test_reverb_answers_only_its_own_machine(learner_machine: LearnerMachine) -> None:
    """Other machines are refused over IPv4 and IPv6; loopback clients are not."""
    learner_machine.network.set_link(loss=0.0, delay_s=0.0, reorder=0.0, cut=False)
    port = str(learner_machine.port)
    for address in ('127.0.0.1', '::1'):
        assert learner_machine.run(LEARNER, CONNECT, address, port) == 'connected'
    for address in ('10.99.0.2', 'fd99::2'):
        assert learner_machine.run(ROBOT, CONNECT, address, port) == 'ConnectionRefusedError'
