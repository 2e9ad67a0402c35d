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
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rl_learner.system.domain import claim_domain, local_environment
from workers.learner_machine import LearnerMachine
from workers.legged import RATE_HZ


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
    inserted = learner.settled_count(sent)
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
        env=learner.environment,
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
        memory.append(learner.bridge.resident_mb())
        time.sleep(1.0)
    return memory


if __name__ == '__main__':
    main()
