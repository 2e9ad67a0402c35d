# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Fleets of 16 to 256 robots, each a DDS participant: discovery, bridge, memory, network.

The robots are real agents without their control threads, see `workers.fleet_robots`; bridge and
learner are started with their own command lines, and nothing is trained. By default each process
of robots is on a simulated machine with a network of its own, and participants of one process talk
as those of several machines do: by UDP. With `--same-machine` all are on this machine and find
each other as `ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST` has it.
"""

import argparse
from collections.abc import Iterator
import contextlib
import json
from pathlib import Path
import tempfile
from typing import Any

from rich.console import Console
from rich.table import Table
from rl_learner.system.domain import claim_domain, local_environment
from workers import fast_dds_profiles
from workers.fleet_run import FleetRun
from workers.learner_machine import LearnerMachine
from workers.machines import address, LEARNER, machines

SIMPLE, SERVER = 'simple', 'server'
COLUMNS = (
    'matched',
    'creation_s',
    'found_s',
    'found_cpu_s',
    'return_s',
    'transitions_per_s',
    'ack_p99_s',
    'lost',
    'resent',
    'bridge_cores',
    'bridge_mb',
    'server_cores',
    'machine_busy',
    'robot_mb',
    'robot_to_learner_kb_per_s',
    'learner_to_robot_kb_per_s',
)


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--robots', type=int, nargs='+', default=[16, 32, 64, 128, 256])
    parser.add_argument('--discovery', nargs='+', choices=(SIMPLE, SERVER), default=[SIMPLE])
    parser.add_argument('--rate-hz', type=float, default=10.0)
    parser.add_argument('--commit-period-s', type=float, default=0.1, help='of the bridge')
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--per-process', type=int, default=16, help='robots of a process')
    parser.add_argument('--policies-hz', type=float, default=0.0, help='in a phase of its own')
    parser.add_argument(
        '--intraprocess',
        action='store_true',
        help='robots of one process find each other in memory, as this machine has few processors',
    )
    parser.add_argument('--at-once', action='store_true', help='start all robots at the same time')
    parser.add_argument('--same-machine', action='store_true')
    parser.add_argument('--mutation-tries', type=int, default=100, help='of Fast DDS')
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    for discovery in options.discovery:
        for robots in options.robots:
            entry = measure(discovery, robots, options)
            results.setdefault(discovery, {})[str(robots)] = entry
            print(json.dumps({'discovery': discovery, 'robots': robots, **entry}), flush=True)
    show(results, options.rate_hz)
    given = {key: value for key, value in vars(options).items() if key not in ('robots',)}
    print(json.dumps({'bench': 'fleets', **given, 'participants': results}))


def measure(discovery: str, robots: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a fleet."""
    shares = [
        range(first, min(first + options.per_process, robots))
        for first in range(0, robots, options.per_process)
    ]
    with contextlib.ExitStack() as stack:
        if not options.same_machine:
            stack.enter_context(machines(len(shares)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = stack.enter_context(prepared(folder, options))
        run = FleetRun(
            folder,
            environment,
            same_machine=options.same_machine,
            policies_hz=options.policies_hz,
            at_once=options.at_once,
        )
        stack.callback(run.close)
        if discovery == SERVER:
            where = '127.0.0.1' if options.same_machine else address(LEARNER)
            run.start_server(where)
        learner = LearnerMachine(folder, run.environment, options.commit_period_s)
        stack.callback(learner.close)
        return run.measure(learner, shares, options.rate_hz, options.seconds)


@contextlib.contextmanager
def prepared(folder: Path, options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Yield the environment of all processes."""
    with claim_domain() as domain:
        environment = local_environment(domain)
        environment['ROS_LOG_DIR'] = str(folder)
        environment['PYTHONPATH'] = str(Path(__file__).parent)
        if not options.same_machine:
            environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SUBNET'
            environment['FASTDDS_BUILTIN_TRANSPORTS'] = 'UDPv4'
        profile = folder / 'participants.xml'
        fast_dds_profiles.write_participant(
            profile, options.mutation_tries, intraprocess=options.intraprocess
        )
        environment['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(profile)
        yield environment


def show(results: dict[str, dict[str, Any]], rate_hz: float) -> None:
    """Print a table."""
    table = Table(title=f'fleets at {rate_hz:g} Hz')
    entries = {
        f'{robots}, {discovery}': entry
        for discovery, by_robots in results.items()
        for robots, entry in by_robots.items()
    }
    for name in ('measured', *entries):
        table.add_column(name, justify='right')
    for column in COLUMNS:
        values = [entry[column] for entry in entries.values()]
        table.add_row(column.replace('_', ' '), *('-' if v is None else f'{v:g}' for v in values))
    Console(width=160).print(table)


if __name__ == '__main__':
    main()
