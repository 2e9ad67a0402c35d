# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Many robots sending to bridge and Reverb: losses, latency and peak rate.

First every robot sends at its control rate; then each starts with a full spool and all send as
fast as they can, in full batches. The senders are real spools and uplinks, several robots per
process; bridge and learner are started with their own command lines. The learner only waits.
"""

import argparse
from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.domain import claim_domain, local_environment
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess
from workers.legged import RATE_HZ, write_description

WARMUP = 1_000_000  # so many transitions that the learner never trains
START_TIMEOUT_S, SETTLE_TIMEOUT_S = 120.0, 30.0
MEBIBYTE = 1 << 20


class LearnerMachine:
    """Bridge and learner processes.

    Attributes:
        description: of the robots.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Start both and wait until Reverb answers."""
        self.folder, self.environment = folder, environment
        self.description = write_description(folder)
        port = free_port()
        bridge, learner = learner_nodes(
            str(self.description),
            'sac',
            port,
            run_folder=str(folder / 'run'),
            warmup=WARMUP,
            threads=1,
        )
        self.processes = [
            ChildProcess(
                spec.name,
                [sys.executable, *spec.arguments()],
                folder / f'{spec.name}.log',
                environment,
            )
            for spec in (learner, bridge)
        ]
        self._bridge = psutil.Process(self.processes[1]._process.pid)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            # a new client each time, because a refused one waits longer before each attempt
            self._writer = ReplayWriter(port)
            if self._writer.is_ready(timeout_s=2):
                return
            if time.monotonic() > deadline_s:
                raise SystemExit(self.processes[0].last_lines(20))

    def inserted(self) -> int:
        """Return the number of transitions ever inserted into replay."""
        state = self._writer.state(timeout_s=10)
        assert state is not None
        return state.position

    def bridge_cpu_s(self) -> float:
        """Return the bridge's processor time."""
        times = self._bridge.cpu_times()
        return float(times.user + times.system)

    def bridge_mb(self) -> float:
        """Return the bridge's resident memory in MiB."""
        return float(self._bridge.memory_info().rss / MEBIBYTE)

    def close(self) -> None:
        """End both processes."""
        for process in reversed(self.processes):
            process.ask_to_end()
            process.end(time.monotonic() + 15.0)


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--robots', type=int, default=64)
    parser.add_argument('--rate-hz', type=float, default=float(RATE_HZ))
    parser.add_argument('--seconds', type=float, default=300.0)
    parser.add_argument('--processes', type=int, default=4, help='shared by the senders')
    parser.add_argument('--peak-robots', type=int, default=8)
    parser.add_argument('--peak-rows', type=int, default=20_000, help='per robot')
    options = parser.parse_args()
    with machine() as learner:
        steady = send(learner, options.robots, options.processes, options.rate_hz, options.seconds)
    with machine() as learner:
        peak = send(
            learner, options.peak_robots, min(2, options.processes), 1.0, 1.0, options.peak_rows
        )
    result = {
        'bench': 'uplink',
        'robots': options.robots,
        'seconds': options.seconds,
        **steady,
        'peak_transitions_per_s': peak['transitions_per_s'],
        'peak_bridge_cores': peak['bridge_cores'],
        'peak_dropped': peak['dropped'],
        'peak_lost': peak['lost'],
        'peak_duplicated': peak['duplicated'],
    }
    table = Table(title=f'{options.robots} robots at {options.rate_hz:g} Hz, then the peak')
    table.add_column('measured')
    table.add_column('value', justify='right')
    for name, value in result.items():
        table.add_row(name.replace('_', ' '), str(value))
    Console().print(table)
    print(json.dumps(result))


@contextlib.contextmanager
def machine() -> Iterator[LearnerMachine]:
    """Yield a learner machine with its own ROS domain and folder."""
    with claim_domain() as domain, tempfile.TemporaryDirectory() as folder:
        environment = local_environment(domain)
        environment['ROS_LOG_DIR'] = folder
        environment['PYTHONPATH'] = str(Path(__file__).parent)
        learner = LearnerMachine(Path(folder), environment)
        try:
            yield learner
        finally:
            learner.close()


def send(
    learner: LearnerMachine,
    robots: int,
    processes: int,
    rate_hz: float,
    seconds: float,
    rows: int = 0,
) -> dict[str, Any]:
    """Return the figures of robots that send."""
    shares = [len(part) for part in np.array_split(np.arange(robots), processes)]
    senders = []
    for number, share in enumerate(shares):
        arguments = [sum(shares[:number]), share, rate_hz, seconds, rows]
        senders.append(start_sender(learner, number, [str(value) for value in arguments]))
    for sender in senders:
        wait_for_ready(sender)
    before_s, before_cpu_s = time.monotonic(), learner.bridge_cpu_s()
    for sender in senders:
        assert sender.stdin is not None
        sender.stdin.write('\n')
        sender.stdin.flush()
    memory = watch_memory(learner, senders)
    results = [json.loads(sender.communicate()[0].strip().splitlines()[-1]) for sender in senders]
    took_s = max(result['seconds'] for result in results)
    cpu_s, wall_s = learner.bridge_cpu_s() - before_cpu_s, time.monotonic() - before_s
    sent = sum(result['sent'] for result in results)
    inserted = settled_count(learner, sent)
    latencies_s = np.concatenate([result['latencies_s'] for result in results])
    return {
        'sent': sent,
        'lost': max(0, sent - inserted),
        'duplicated': max(0, inserted - sent),
        'dropped': sum(result['dropped'] for result in results),
        'unacknowledged': sum(result['pending'] for result in results),
        'resent': sum(result['resent'] for result in results),
        'missed_ticks': sum(result['missed_ticks'] for result in results),
        'ack_p50_s': round(float(np.quantile(latencies_s, 0.5)), 3),
        'ack_p99_s': round(float(np.quantile(latencies_s, 0.99)), 3),
        'bridge_cores': round(cpu_s / wall_s, 3),
        'bridge_mb': round(memory[-1], 1) if memory else None,
        'bridge_mb_growth': round(memory[-1] - memory[len(memory) // 3], 1) if memory else None,
        'transitions_per_s': round(sent / took_s),
        'sender_cores': round(sum(result['cpu_s'] for result in results) / took_s, 3),
    }


def start_sender(
    learner: LearnerMachine, number: int, arguments: list[str]
) -> 'subprocess.Popen[str]':
    """Start a process of senders."""
    paths = [str(learner.description), str(learner.folder / f'spools_{number}')]
    return subprocess.Popen(
        [sys.executable, '-m', 'workers.uplink_senders', *paths, *arguments],
        env={**os.environ, **learner.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_ready(sender: 'subprocess.Popen[str]') -> None:
    """Wait until a process has created its robots.

    Raises:
        SystemExit: the process ended.
    """
    assert sender.stdout is not None
    if sender.stdout.readline().strip() != 'ready':
        raise SystemExit('a process of senders ended')


def watch_memory(learner: LearnerMachine, senders: list['subprocess.Popen[str]']) -> list[float]:
    """Return the bridge's memory in MiB, read once a second until the senders are done."""
    memory = []
    while any(sender.poll() is None for sender in senders):
        memory.append(learner.bridge_mb())
        time.sleep(1.0)
    return memory


def settled_count(learner: LearnerMachine, expected: int) -> int:
    """Return the final number of insertions; the bridge acknowledges before it inserts."""
    deadline_s = time.monotonic() + SETTLE_TIMEOUT_S
    while learner.inserted() < expected and time.monotonic() < deadline_s:
        time.sleep(0.2)
    return learner.inserted()


if __name__ == '__main__':
    main()
