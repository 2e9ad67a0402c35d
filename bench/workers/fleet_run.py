# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One fleet of the fleet benchmark: its processes, their phases, and what is measured of them."""

from collections.abc import Sequence
import json
import math
from pathlib import Path
import subprocess
import sys
import time
from typing import Any, TypeAlias

import numpy as np
import psutil
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE

from workers import fast_dds_profiles
from workers.learner_machine import LearnerMachine
from workers.machines import prefix

MEBIBYTE = 1 << 20
SETTLE_S = 5.0
_Process: TypeAlias = 'subprocess.Popen[str]'


class FleetRun:
    """Processes of robots, and a discovery server if there is one.

    Attributes:
        environment: of all processes but the discovery server.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        *,
        same_machine: bool,
        policies_hz: float,
        at_once: bool,
    ) -> None:
        """Start nothing yet.

        Args:
            folder: of all files.
            environment: of all processes.
            same_machine: all robots are on this machine.
            policies_hz: rate of policies in a second phase; 0: there is none.
            at_once: all processes create their robots at the same time.
        """
        self._folder, self._same_machine = folder, same_machine
        self._policies_hz, self._at_once = policies_hz, at_once
        self.environment = dict(environment)
        self._server: _Process | None = None
        self._robots: list[_Process] = []

    def start_server(self, address: str) -> None:
        """Start a discovery server on this machine; all later processes are its clients."""
        profile = self._folder / 'server.xml'
        fast_dds_profiles.write_server(profile, address)
        environment = {**self.environment, 'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile)}
        command = [sys.executable, '-m', 'workers.discovery_server']
        self._server = _start(command, environment, self._folder / 'server.log')
        assert self._server.stdout is not None
        self._server.stdout.readline()
        self.environment['ROS_DISCOVERY_SERVER'] = f'{address}:{fast_dds_profiles.PORT}'

    def measure(
        self, learner: LearnerMachine, shares: Sequence[range], rate_hz: float, seconds: float
    ) -> dict[str, Any]:
        """Return the figures of robots, one process for each share of their numbers."""
        for machine, share in enumerate(shares, start=1):
            self._start_robots(machine, share, learner.description, rate_hz, seconds)
        self._answers()  # imported
        imported_mb = self._robots_mb()
        started_s, cpu_s = time.monotonic(), self._all_cpu_s(learner)
        self._create()
        created_s = time.monotonic()
        acknowledged_s = self._acknowledged_s()
        count = len(acknowledged_s)
        figures = {
            'matched': int(np.isfinite(acknowledged_s).sum()),
            'creation_s': round(created_s - started_s, 2),
            'found_s': _finite(max(acknowledged_s) - started_s),
            'found_cpu_s': round(self._all_cpu_s(learner) - cpu_s, 1),
            'robot_mb': round((self._robots_mb() - imported_mb) / count, 1),
            **self._sent(learner, count, seconds),
            'bridge_mb': round(learner.bridge.resident_mb(), 1),
            'with_policies': self._with_policies(learner, count, seconds),
        }
        learner.bridge.kill()
        restarted_s = time.monotonic()
        learner.start_bridge()
        returned_s = max(self._acknowledged_s()) - restarted_s
        journal = learner.folder / 'run' / EXPERIENCE
        stored = list(read_journal(journal))
        rows = sum(batch.last_sequence - batch.first_sequence + 1 for batch in stored)
        return {
            **figures,
            'return_s': _finite(returned_s),
            'transitions_per_batch': round(rows / len(stored), 2),
            'journal_bytes_per_transition': round(_size(journal) / rows, 1),
        }

    def close(self) -> None:
        """End all processes."""
        for process in (*self._robots, *([self._server] if self._server else [])):
            process.kill()
            process.communicate()

    def _with_policies(
        self, learner: LearnerMachine, count: int, seconds: float
    ) -> dict[str, Any] | None:
        """Return the figures of robots that send while policies come; None: not wanted."""
        if not self._policies_hz:
            return None
        module = [sys.executable, '-m', 'workers.fleet_policies']
        command = [*module, str(learner.description), str(self._policies_hz)]
        publisher = _start(command, self.environment, self._folder / 'policies.log')
        try:
            assert publisher.stdout is not None
            publisher.stdout.readline()
            time.sleep(SETTLE_S)  # until it has found the robots
            figures = self._sent(learner, count, seconds, {'publisher': publisher.pid})
        finally:
            publisher.kill()
            publisher.communicate()
        return figures

    def _sent(
        self,
        learner: LearnerMachine,
        count: int,
        seconds: float,
        also: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        """Return the figures of the phase in which all robots send.

        Args:
            learner: its bridge is watched.
            count: number of robots.
            seconds: of the phase.
            also: process ids of others to watch, by name.
        """
        watched = {'bridge': learner.bridge.pid, **(also or {})}
        if self._server:
            watched['server'] = self._server.pid
        before_s, cpu_s, traffic = time.monotonic(), _cpu_s(watched), _traffic()
        stored, _ = learner.inserted(), psutil.cpu_percent()
        self._begin('send')
        time.sleep(seconds)
        took_s, after_s, passed = (
            time.monotonic() - before_s,
            _cpu_s(watched),
            _traffic() - traffic,
        )
        stored, busy = learner.inserted() - stored, psutil.cpu_percent()
        results = self._answers()
        sent = sum(result['sent'] for result in results)
        latencies_s = np.concatenate([result['latencies_s'] for result in results])
        into, out = (passed / took_s / count / 1000).round(2).tolist()
        cores = {name: round((after_s[name] - cpu_s[name]) / took_s, 3) for name in watched}
        return {
            'transitions_per_s': round(stored / took_s),
            'ack_p50_s': _finite(float(np.quantile(latencies_s, 0.5))),
            'ack_p99_s': _finite(float(np.quantile(latencies_s, 0.99))),
            'lost': max(0, sent - learner.settled_count(sent)),
            'unacknowledged': sum(result['pending'] for result in results),
            'resent': sum(result['resent'] for result in results),
            'missed_ticks': sum(result['missed_ticks'] for result in results),
            'acknowledgements_per_s': round(sum(r['acknowledgements'] for r in results) / seconds),
            'server_cores': None,
            **{f'{name}_cores': value for name, value in cores.items()},
            'robot_cores': round(sum(r['cpu_s'] for r in results) / took_s / count, 4),
            'machine_busy': round(busy / 100, 2),
            'robot_to_learner_kb_per_s': None if self._same_machine else into,
            'learner_to_robot_kb_per_s': None if self._same_machine else out,
        }

    def _start_robots(
        self, machine: int, share: range, description: Path, rate_hz: float, seconds: float
    ) -> None:
        """Start a process of robots."""
        module = [sys.executable, '-m', 'workers.fleet_robots']
        values = [description, share.start, len(share), rate_hz, seconds]
        where = [] if self._same_machine else prefix(machine)
        command = [*where, *module, *(str(value) for value in values)]
        log = self._folder / f'robots_{machine}.log'
        self._robots.append(_start(command, self.environment, log))

    def _create(self) -> None:
        """Let all processes create their robots, one process after the other or all at once."""
        if self._at_once:
            self._phase('create')
            return
        for process in self._robots:
            self._begin('create', [process])
            self._answers([process])

    def _all_cpu_s(self, learner: LearnerMachine) -> float:
        """Return the processor time of bridge, discovery server and robots."""
        pids = [learner.bridge.pid, *(process.pid for process in self._robots)]
        pids += [self._server.pid] if self._server else []
        return sum(_cpu_s({str(pid): pid for pid in pids}).values())

    def _acknowledged_s(self) -> list[float]:
        """Let each robot send one transition; return when each was acknowledged."""
        return [value for answer in self._phase('greet') for value in answer['acknowledged_s']]

    def _phase(self, name: str) -> list[dict[str, Any]]:
        """Let all processes go through a phase; return their answers."""
        self._begin(name)
        return self._answers()

    def _begin(self, phase: str, processes: Sequence[_Process] = ()) -> None:
        """Let processes of robots begin a phase; none given: all."""
        for process in processes or self._robots:
            assert process.stdin is not None
            process.stdin.write(f'{phase}\n')
            process.stdin.flush()

    def _answers(self, processes: Sequence[_Process] = ()) -> list[dict[str, Any]]:
        """Return the next answer of each process of robots; none given: all.

        Raises:
            SystemExit: one has ended.
        """
        answers = []
        for process in processes or self._robots:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                machine = self._robots.index(process) + 1
                log = (self._folder / f'robots_{machine}.log').read_text()
                raise SystemExit(f'a process of robots ended; its log ends with:\n{log[-2000:]}')
            answers.append(json.loads(line))
        return answers

    def _robots_mb(self) -> float:
        """Return the resident memory of all processes of robots in MiB."""
        return sum(psutil.Process(p.pid).memory_info().rss for p in self._robots) / MEBIBYTE


def _start(command: list[str], environment: dict[str, str], log: Path) -> _Process:
    """Start a process that is written to and read from; what it logs goes to a file."""
    with log.open('w') as file:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )


def _cpu_s(pids: dict[str, int]) -> dict[str, float]:
    """Return the processor time of each process."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: float(item.user + item.system) for name, item in times.items()}


def _size(folder: Path) -> int:
    """Return the size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def _traffic() -> 'np.ndarray[Any, np.dtype[np.float64]]':
    """Return the bytes that this machine has received and sent; (2,)."""
    counts = psutil.net_io_counters(pernic=True).get('eth0')
    return np.array([counts.bytes_recv, counts.bytes_sent] if counts else [0.0, 0.0])


def _finite(value: float) -> float | None:
    """Return a rounded value; None for an infinite one."""
    return round(value, 3) if math.isfinite(value) else None
