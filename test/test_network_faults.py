# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Robot and learner on two machines with a bad network between them: nothing lost or repeated.

Network namespaces stand for the machines, see namespaces.py. The cut lasts 12 s; with
RL_TEST_CUT_S=30 in the environment, 30 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

from fleet import Listener, running
from namespaces import connected, LEARNER, Network, ROBOT, why_not
import pytest
from rl_agent.node_specs import simulated_agent, simulated_robot
from rl_agent.ros_topics import AGENT_STATUS, STATUS_QOS
from rl_learner.node_specs import learner_nodes
from rl_learner.ports import free_port
from rl_msgs.msg import AgentStatus

_REASON = why_not()
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(400),
]

CUT_S = float(os.environ.get('RL_TEST_CUT_S', '12'))
STEPS = 1000
COUNT_INSERTED = """
import sys
from rl_learner.replay_server import TABLE
from rl_learner.reverb_quietly import reverb
info = reverb.Client(f'localhost:{sys.argv[1]}').server_info(timeout=10)[TABLE]
print('inserted', info.rate_limiter_info.insert_stats.completed)
"""
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
        network: to it.
        environment: of all processes.
        folder: for logs.
        port: of Reverb.
        expected: transitions that robots have executed so far.
    """

    network: Network
    environment: dict[str, str]
    folder: Path
    port: int
    expected: int = 0

    def run(self, machine: str, code: str, *words: str) -> str:
        """Return what a program says on a machine."""
        command = [*self.network.prefix(machine), sys.executable, '-c', code, *words]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.splitlines()[-1]

    def inserted(self) -> int:
        """Return how many transitions Reverb ever took."""
        return int(self.run(LEARNER, COUNT_INSERTED, str(self.port)).removeprefix('inserted '))


@pytest.fixture(scope='module')
def learner_machine(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LearnerMachine]:
    """Start a learner that never trains, and its bridge, on a machine of their own."""
    folder = tmp_path_factory.mktemp('network_faults')
    port = free_port()
    bridge, learner = learner_nodes(
        'pendulum', 'default', port, run_folder=str(folder / 'run'), warmup=1_000_000, threads=1
    )
    with connected() as network, pytest.MonkeyPatch.context() as patch:
        environment = {**ros_environment, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
        with running([learner, bridge], environment, folder, network.prefix(LEARNER)):
            yield LearnerMachine(network, environment, folder, port)


class Robot:
    """What is heard of a robot on its own machine."""

    def __init__(self, name: str) -> None:
        """Listen."""
        self._topic = f'/{name}/{AGENT_STATUS}'
        self._listener = Listener({self._topic: (AgentStatus, STATUS_QOS)})
        self.close = self._listener.close

    @property
    def statuses(self) -> list[Any]:
        """All that came."""
        return self._listener.heard[self._topic]

    def until_steps(self, steps: int) -> None:
        """Wait until it has taken so many steps."""
        self._listener.until(
            lambda: bool(self.statuses) and self.statuses[-1].steps >= steps,
            90.0,
            f'{steps} steps',
        )

    def until_acknowledged(self) -> None:
        """Wait until nothing is pending any more after the last step."""
        self._listener.until(
            lambda: self.statuses[-1].transitions_acknowledged == STEPS, 120.0, 'acknowledgements'
        )

    def listen_for(self, seconds: float) -> None:
        """Listen for some time."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._listener.executor.spin_once(timeout_sec=0.1)


def drive(machine: LearnerMachine, name: str, cut_s: float = 0.0, **faults: float) -> None:
    """Let a robot take its steps over a bad link; every one must arrive, once.

    No step waits for the network: while the link is cut, the robot takes all that are left.
    """
    network = machine.network

    def listen() -> None:
        robot = Robot(name)
        robot.until_steps(1)
        network.set_link(**faults, cut=cut_s > 0)
        cut_from_s = time.monotonic()
        robot.until_steps(STEPS)
        if cut_s:
            robot.listen_for(cut_from_s + cut_s - time.monotonic())
            assert robot.statuses[-1].transitions_acknowledged < STEPS
            network.set_link(cut=False)
        robot.until_acknowledged()
        status = robot.statuses[-1]
        assert (status.steps, status.transitions_pending) == (STEPS, 0)
        assert (status.transitions_dropped, status.ticks_missed) == (0, 0)
        robot.close()

    network.set_link(loss=0.0, delay_s=0.0, reorder=0.0, cut=False)
    specs = [
        simulated_robot('pendulum', name, seed=1),
        simulated_agent('pendulum', name, seed=1, max_steps=STEPS, robot_timeout_s=60.0),
    ]
    with running(specs, machine.environment, machine.folder, network.prefix(ROBOT)):
        network.run_on(ROBOT, listen)
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


def test_reverb_answers_its_own_machine_alone(learner_machine: LearnerMachine) -> None:
    """Other machines are refused, by IPv4 and IPv6; loopback clients are not."""
    learner_machine.network.set_link(loss=0.0, delay_s=0.0, reorder=0.0, cut=False)
    port = str(learner_machine.port)
    for address in ('127.0.0.1', '::1'):
        assert learner_machine.run(LEARNER, CONNECT, address, port) == 'connected'
    for address in ('10.99.0.2', 'fd99::2'):
        assert learner_machine.run(ROBOT, CONNECT, address, port) == 'ConnectionRefusedError'
