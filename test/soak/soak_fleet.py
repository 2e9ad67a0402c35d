# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The processes of a soak: started, disturbed, started again and ended, each by its id."""

from collections.abc import Callable, Sequence
import dataclasses
from pathlib import Path
import signal
import sys
import time
from typing import Literal

from rl_agent.bringup.node_specs import agent, NodeSpec, simulated_robot
from rl_agent.configuration import config_folder, read_yaml
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.processes import ChildProcess, end_in_order
from soak_faults import Fault
from soak_training import CHECKPOINT_PERIOD_S
import yaml

RATE_HZ = 10.0
UPDATES_TO_DATA = 0.1
# small networks, few updates: robots and faults are what this is about
ALGORITHM = {
    'batch_size': 64,
    'actor_hidden_sizes': [32, 32],
    'critic_hidden_sizes': [32, 32],
    'updates_to_data': UPDATES_TO_DATA,
    'warmup': 500,
    'replay_capacity': 20_000,  # full after minutes: from then on memory must be flat
}
PUBLISH_PERIOD_S = 1.0
_JOURNAL_FILE_MB = 2.0  # so that files follow each other
_ROBOT_TIMEOUT_S = 300.0  # longer than all faults
_ROBOT_BACK_S = 30.0  # an agent waits 20 s for the answer to a reset
_END_TIMEOUT_S = 120.0  # a loaded machine is slow
State = Literal['up', 'down', 'paused', 'ending']


def node_specs(folder: Path, port: int, robots: Sequence[str], seed: int) -> list[NodeSpec]:
    """Return learner, bridge, and each robot with its agent, all in real time."""
    robot, algorithm = folder / 'pendulum.yaml', folder / 'small.yaml'
    described = read_yaml(config_folder() / 'robots' / 'pendulum.yaml')
    robot.write_text(yaml.safe_dump({**described, 'rate_hz': RATE_HZ}))
    algorithm.write_text(yaml.safe_dump(ALGORITHM))
    bridge, learner = learner_nodes(
        str(robot),
        str(algorithm),
        port,
        run_folder=str(folder / 'run'),
        seed=seed,
        threads=1,
        device='cpu',
        publish_period_s=PUBLISH_PERIOD_S,
        checkpoint_period_s=CHECKPOINT_PERIOD_S,
    )
    parameters = {**bridge.parameters, 'journal_file_mb': _JOURNAL_FILE_MB}
    specs = [learner, dataclasses.replace(bridge, parameters=parameters)]
    for number, namespace in enumerate(robots):
        specs += [
            simulated_robot(str(robot), namespace, seed=seed + number, real_time=True),
            agent(
                str(robot),
                namespace,
                seed=seed + number,
                spool_folder=str(folder / 'spool'),
                robot_timeout_s=_ROBOT_TIMEOUT_S,
            ),
        ]
    return specs


@dataclasses.dataclass
class Member:
    """One process.

    Attributes:
        spec: its node.
        process: its newest start.
        life: number of that start, from 1.
        state: what was done to it.
        since_s: of that state, on the steady clock.
        heard_s: when it was heard first in this state, on the steady clock; 0: not yet.
        next_s: when it continues or starts again, on the steady clock.
        lasts_s: for how long it stays away after an end that was asked for.
    """

    spec: NodeSpec
    process: ChildProcess
    life: int = 1
    state: State = 'up'
    since_s: float = dataclasses.field(default_factory=time.monotonic)
    heard_s: float = 0.0
    next_s: float = 0.0
    lasts_s: float = 0.0

    def enter(self, state: State) -> None:
        """Note a new state."""
        self.state, self.since_s, self.heard_s = state, time.monotonic(), 0.0

    def note_heard(self, heard_s: float) -> None:
        """Note when its newest message was heard."""
        if not self.heard_s and heard_s > self.since_s:
            self.heard_s = heard_s

    @property
    def at_work_s(self) -> float:
        """For how long it has been heard since its start or fault; 0: it was not, or is away."""
        return time.monotonic() - self.heard_s if self.state == 'up' and self.heard_s else 0.0


class Fleet:
    """All processes.

    Attributes:
        members: by name.
        done: number of faults by kind and executable.
        skipped: faults of processes that were not at work.
        gave_up: number of agents that ended because their robot was away.
    """

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        folder: Path,
        environment: dict[str, str],
        report: Callable[[str], None],
    ) -> None:
        """Start everything.

        Args:
            specs: nodes, in the order of their start.
            folder: for logs.
            environment: of the processes.
            report: called with each thing that went wrong.
        """
        self._logs, self._environment, self._report = folder / 'logs', environment, report
        self._logs.mkdir()
        self.members: dict[str, Member] = {}
        self.done: dict[str, int] = {}
        self.skipped = self.gave_up = 0
        for spec in specs:
            self.members[spec.name] = Member(spec, self._start(spec, 1))

    def begin(self, fault: Fault) -> None:
        """Let a fault happen to those of its processes that are at work.

        A machine that is loaded would never get to work if every start were disturbed.
        """
        for member in (self.members[name] for name in fault.names):
            if not member.at_work_s:
                self.skipped += 1
                continue
            member.lasts_s = fault.lasts_s
            member.next_s = time.monotonic() + fault.lasts_s
            if fault.kind == 'kill':
                member.process.kill()
                member.enter('down')
            elif fault.kind == 'pause':
                self._signal(member, signal.SIGSTOP)
                member.enter('paused')
            else:
                member.process.ask_to_end()
                member.enter('ending')
            key = f'{fault.kind} {member.spec.executable}'
            self.done[key] = self.done.get(key, 0) + 1

    def tick(self, heard_s: Callable[[str], float]) -> None:
        """Continue or start again what is due; report what ended by itself.

        Args:
            heard_s: returns when a process was last heard, on the steady clock; 0: never.
        """
        now_s = time.monotonic()
        for name, member in self.members.items():
            member.note_heard(heard_s(name))
            code = member.process.exit_code
            if member.state == 'ending':
                self._await_end(member, code)
            elif member.state in ('up', 'paused') and code is not None:
                if code == 1 and self._lacks_robot(member):
                    self.gave_up += 1
                else:
                    self._report_end(member, f'ended by itself with {code}')
                member.next_s = now_s
                member.enter('down')
            elif member.state == 'paused' and now_s >= member.next_s:
                self._signal(member, signal.SIGCONT)
                member.enter('up')
            if member.state == 'down' and now_s >= member.next_s:
                member.life += 1
                member.process = self._start(member.spec, member.life)
                member.enter('up')

    def hurry(self) -> None:
        """Let everything that is away come back at once."""
        for member in self.members.values():
            member.next_s, member.lasts_s = 0.0, 0.0

    @property
    def all_up(self) -> bool:
        """Whether every process is at work."""
        return all(member.state == 'up' for member in self.members.values())

    def end(self, stages: Sequence[str]) -> None:
        """End all, one executable after the other; report who does not end well."""
        for member in self.members.values():
            if member.state == 'paused':
                self._signal(member, signal.SIGCONT)  # a stopped process hears no other signal
        for executable in stages:
            own = [m for m in self.members.values() if m.spec.executable == executable]
            was_up = [member for member in own if member.process.exit_code is None]
            end_in_order([[m.process for m in own]], time.monotonic() + _END_TIMEOUT_S)
            for member in was_up:
                if member.process.exit_code != 0:
                    self._report_end(member, f'ended with {member.process.exit_code} at the end')
                member.enter('down')

    def _lacks_robot(self, member: Member) -> bool:
        """Return whether this is an agent without a robot; it then ends with an error, as told."""
        name = member.spec.name.removesuffix('agent') + 'simulated_robot'
        robot = self.members.get(name)
        return robot is not None and robot is not member and robot.at_work_s < _ROBOT_BACK_S

    def _await_end(self, member: Member, code: int | None) -> None:
        """Note the end that was asked for; kill a process that does not obey."""
        waited_s = time.monotonic() - member.since_s
        if code is None and waited_s < _END_TIMEOUT_S:
            return
        if code is None:
            self._report_end(member, f'did not end within {waited_s:.0f} s of SIGTERM')
            member.process.kill()
        elif code != 0:
            self._report_end(member, f'ended with {code} on SIGTERM')
        member.next_s = time.monotonic() + member.lasts_s
        member.enter('down')

    def _report_end(self, member: Member, what: str) -> None:
        """Report an end with the last lines of its log."""
        lines = member.process.last_lines(3).replace('\n', ' | ')
        self._report(f'{member.spec.name}, life {member.life}: {what}: {lines}')

    def _start(self, spec: NodeSpec, life: int) -> ChildProcess:
        """Start a process with a log of its own."""
        command = [sys.executable, *spec.arguments()]
        log = self._logs / f'{spec.name}_{life}.log'
        return ChildProcess(spec.name, command, log, self._environment)

    def _signal(self, member: Member, number: signal.Signals) -> None:
        """Send a signal to a process, if it has not ended."""
        if member.process.exit_code is None:
            member.process._process.send_signal(number)


def experience_folder(folder: Path) -> Path:
    """Return the folder of the journal."""
    return folder / 'run' / EXPERIENCE
