# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A learner on two machines, of which one is lost and comes back: the run goes on.

Network namespaces simulate the machines, see namespaces.py. Runs with RL_TEST_NETWORK=1 in the
environment.

Asked for in public: pytorch/pytorch#147064 (what happens when one machine of two goes and comes
back?), pytorch/pytorch#42879 (a machine's own name leads to 127.0.0.1).
"""

from collections.abc import Callable
from pathlib import Path
import sys
import time

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
    pytest.mark.timeout(600),
]

# the other machine has the first address, with which torchrun would make it rank 0
ADDRESSES = {ROBOT: '10.99.0.1', LEARNER: '10.99.0.2'}
SMALL = 'batch_size: 32\nactor_hidden_sizes: [32, 32]\ncritic_hidden_sizes: [32, 32]\n'
STEPS, WARMUP, TIMEOUT_S = 1500, 100, 240.0
POLL_PERIOD_S = 0.2


class TwoMachines:
    """The processes on both machines."""

    def __init__(self, network: Network, environment: dict[str, str], folder: Path) -> None:
        """Start nothing yet."""
        self._network, self._folder = network, folder
        self._environment = {
            **environment,
            'GLOO_SOCKET_IFNAME': 'eth0',
            'RL_RANK_TIMEOUT_S': '30',
        }
        self._meeting = f'{ADDRESSES[LEARNER]}:{free_port()}'
        self.processes: dict[str, ChildProcess] = {}

    def start_ranks(self, machine: str, spec: NodeSpec, name: str) -> None:
        """Start a rank on a machine; it and the other one are enough, and one is, too."""
        words = spec.arguments()
        options = [
            '--nnodes=1:2',
            '--nproc-per-node=1',
            f'--rdzv-endpoint={self._meeting}',
            f'--local-addr={ADDRESSES[machine]}',
        ]
        module = ['-m', 'rl_learner.nodes.learner_ranks', *options]
        self._start(machine, [*module, *words[words.index('--ros-args') :]], name)

    def start_node(self, spec: NodeSpec) -> None:
        """Start a node on the machine that leads."""
        self._start(LEARNER, spec.arguments(), spec.name)

    def log(self, name: str) -> str:
        """Return what a process has printed."""
        return self.processes[name].log.read_text()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline_s, f'not in time: {what}\n{self.log("ranks")}'
            time.sleep(POLL_PERIOD_S)

    def _start(self, machine: str, words: list[str], name: str) -> None:
        """Start Python on a machine."""
        command = [*self._network.prefix(machine), sys.executable, *words]
        log = self._folder / f'{name}.log'
        self.processes[name] = ChildProcess(name, command, log, self._environment)


def specs(folder: Path) -> tuple[NodeSpec, list[NodeSpec]]:
    """Return the learner, and the other nodes."""
    algorithm = folder / 'small.yaml'
    algorithm.write_text(SMALL)
    bridge, learner = learner_nodes(
        'pendulum',
        str(algorithm),
        free_port(),
        run_folder=str(folder / 'run'),
        device='cpu',
        warmup=WARMUP,
        threads=1,
        checkpoint_period_s=2.0,
    )
    robot = simulated_robot('pendulum', 'robot_1', seed=0)
    agent = simulated_agent(
        'pendulum',
        'robot_1',
        seed=0,
        max_steps=STEPS,
        max_steps_ahead=32,
        robot_timeout_s=TIMEOUT_S,
    )
    return learner, [bridge, robot, agent]


def test_a_machine_is_lost_and_comes_back(ros_environment: dict[str, str], tmp_path: Path) -> None:
    learner, others = specs(tmp_path)
    with connected() as network:
        machines = TwoMachines(network, ros_environment, tmp_path)
        try:
            machines.start_ranks(LEARNER, learner, 'ranks')
            machines.start_ranks(ROBOT, learner, 'other_ranks')
            for spec in others:
                machines.start_node(spec)
            together, alone = 'on 2 ranks, each on the CPU', 'for pendulum on the CPU'
            machines.until(lambda: together in machines.log('ranks'), 'two ranks')
            machines.until(lambda: ' updates (' in machines.log('ranks'), 'updates of two ranks')
            machines.processes['other_ranks'].kill()
            machines.until(lambda: alone in machines.log('ranks'), 'one rank')
            machines.start_ranks(ROBOT, learner, 'returned_ranks')
            machines.until(lambda: machines.log('ranks').count(together) == 2, 'two ranks again')
            done = f' {STEPS - WARMUP:,} updates'
            machines.until(lambda: done in machines.log('ranks'), 'all updates')
        finally:
            stages = [[process] for process in reversed(machines.processes.values())]
            end_in_order(stages, time.monotonic() + 60.0)
    assert 'has ended or hangs' in machines.log('ranks')
    batches = list(read_journal(tmp_path / 'run' / EXPERIENCE))
    numbers = [n for item in batches for n in range(item.first_sequence, item.last_sequence + 1)]
    assert numbers == list(range(1, STEPS + 1))
