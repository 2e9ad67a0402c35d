# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Latency of the control loop at 50 and 500 Hz, with a learner and after it has failed.

A real-time robot, an agent and a learner run as separate processes; policies of 84,000 parameters
arrive ten times a second, and transitions are sent and acknowledged. Latency is measured from the
start of the tick, when the observation is complete but not yet read from the messages, until the
command is published. For comparison, the floor of the machine is the lateness of a loop that only
sleeps, measured before and after.

Then the agent and a plain rclpy node take turns, see `punctuality.comparison`: how far their
commands deviate from the schedule, without and with new policies.
"""

import argparse
import contextlib
import json
import os
from pathlib import Path
import signal
import subprocess
import tempfile
import time
from typing import Any

from punctuality.comparison import agent_command, compare, table
from rich.console import Console
from rich.table import Table
from rl_learner.system.domain import claim_domain, local_environment
from workers.control_processes import ask, running, Worker, worker

BENCH = Path(__file__).parent
RATES = (50, 500)
HAND = """
teleop:
  topic: joy
  axes: {j0: {axis: 0}, j1: {axis: 1}, j2: {axis: 2}, j3: {axis: 3}, j4: {axis: 4}, j5: {axis: 5}}
  dead_man: 4
  deadline_s: 1.0
"""
WARM_UP_S = 3.0
PHASES = ('learner_stopped', 'learner_killed', 'learner_restarted')
FIGURES = ('latency_p50_us', 'latency_p99_us', 'late_fraction', 'missed_fraction')
Figures = dict[str, Any]


def main() -> None:
    """Measure and print a table, then one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=300.0, help='with a working learner')
    parser.add_argument('--fault-seconds', type=float, default=60.0, help='for each fault')
    parser.add_argument(
        '--floor-seconds', type=float, default=30.0, help='measured twice for each rate'
    )
    parser.add_argument('--rates', nargs='+', type=int, choices=RATES, default=RATES)
    parser.add_argument(
        '--priority', type=int, default=60, help='under SCHED_FIFO; 0: normal scheduling'
    )
    parser.add_argument(
        '--shared', action='store_true', help='let other processes use the control processor'
    )
    parser.add_argument(
        '--asleep', action='store_true', help='let the control processor enter sleep states'
    )
    parser.add_argument(
        '--fleet',
        type=int,
        default=0,
        help='number of other robots whose acknowledgements the agent receives',
    )
    parser.add_argument(
        '--turns', type=int, default=3, help='of agent and plain node; 0: no comparison'
    )
    parser.add_argument(
        '--turn-seconds', type=float, default=20.0, help='without policies, then as long with them'
    )
    parser.add_argument(
        '--hand', action='store_true', help='a person drives with a joystick all the time'
    )
    options = parser.parse_args()
    options.cpus = control_and_others(options.shared)
    results = {f'hz_{rate}': measure(rate, options) for rate in options.rates}
    show(results)
    print(json.dumps({'bench': 'control', 'seconds': options.seconds, **results}))


def control_and_others(shared: bool) -> tuple[int, set[int] | None]:
    """Return the processor of the control thread and those of all other processes.

    docs/install.md describes how a robot's computer reserves a processor. With one processor, or
    if it is shared, returns -1 and None, which mean any.
    """
    available = sorted(os.sched_getaffinity(0))
    return (-1, None) if shared or len(available) < 2 else (available[-1], set(available[:-1]))


def measure(rate_hz: int, options: argparse.Namespace) -> Figures:
    """Return the figures for one rate."""
    with tempfile.TemporaryDirectory() as folder, claim_domain() as domain:
        robot = Path(folder) / 'robot.yaml'
        text = (BENCH / 'control_robot.yaml').read_text()
        robot.write_text(
            text.replace('rate_hz: 50 ', f'rate_hz: {rate_hz} ') + HAND * options.hand
        )
        environment = {
            **local_environment(domain),
            'PYTHONPATH': str(BENCH),
            'ROS_LOG_DIR': folder,
        }
        floors = [floor(rate_hz, options, environment)]
        result = drive(rate_hz, robot, options, environment)
        floors.append(floor(rate_hz, options, environment))
        result |= compare(rate_hz, robot, options, environment)
    return {**result, 'floor': {key: max(item[key] for item in floors) for key in floors[0]}}


def drive(
    rate_hz: int, robot: Path, options: argparse.Namespace, environment: dict[str, str]
) -> Figures:
    """Return the agent's figures with a working learner and after each fault."""
    cpus = options.cpus[1]
    learner_command = worker('control_learner', robot, options.fleet)
    with (
        running(worker('control_robot', rate_hz), environment, cpus),
        running(learner_command, environment, cpus) as learner,
        running(agent_command(robot, options), environment, cpus) as agent,
        contextlib.ExitStack() as hands,
    ):
        wait_until_it_moves(agent)
        if options.hand:
            hands.enter_context(running(worker('control_hand'), environment, cpus))
        time.sleep(WARM_UP_S)
        ask(agent, 'timing')
        result = figures_over(agent, options.seconds)
        learner.send_signal(signal.SIGSTOP)
        faults = {PHASES[0]: figures_over(agent, options.fault_seconds)}
        learner.kill()
        faults[PHASES[1]] = figures_over(agent, options.fault_seconds)
        with running(learner_command, environment, cpus):
            faults[PHASES[2]] = figures_over(agent, options.fault_seconds)
    return {**result, **faults}


def figures_over(agent: Worker, seconds: float) -> Figures:
    """Return the figures over the next seconds."""
    time.sleep(seconds)
    timing = ask(agent, 'timing')
    counts = ('ticks', 'policies', 'steps', 'person_steps')
    return {**figures(timing), **{key: timing[key] for key in counts}}


def figures(timing: Figures) -> Figures:
    """Return the published figures."""
    due = timing['ticks'] + timing['missed']
    return {
        'latency_p50_us': timing['p50'],
        'latency_p99_us': timing['p99'],
        'late_fraction': timing['late'] / timing['ticks'] if timing['ticks'] else None,
        'missed_fraction': timing['missed'] / due if due else None,
    }


def floor(rate_hz: int, options: argparse.Namespace, environment: dict[str, str]) -> Figures:
    """Return the lateness of a loop that only sleeps, with the same rate and priority."""
    arguments = rate_hz, options.floor_seconds, options.priority
    output = subprocess.run(
        worker('control_floor', *arguments),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    bare = figures(json.loads(output.splitlines()[-1]))
    return {
        'wake_up_p50_us': bare['latency_p50_us'],
        'wake_up_p99_us': bare['latency_p99_us'],
        'late_fraction': bare['late_fraction'],
        'missed_fraction': bare['missed_fraction'],
    }


def wait_until_it_moves(agent: Worker) -> None:
    """Wait until the agent takes steps.

    Raises:
        RuntimeError: it takes none within a minute.
    """
    for _ in range(120):
        time.sleep(0.5)
        if ask(agent, 'timing')['ticks']:
            return
    raise RuntimeError('the agent does not move')


def show(results: dict[str, Figures]) -> None:
    """Print tables."""
    latencies = Table(title='control loop: latency and ticks; floor: a loop that only sleeps')
    for name in ('rate', 'while', *FIGURES):
        latencies.add_column(name.replace('_', ' '), justify='right')
    for rate, result in results.items():
        floors = result['floor']
        cells = [floors['wake_up_p50_us'], floors['wake_up_p99_us']]
        cells += [floors['late_fraction'], floors['missed_fraction']]
        rows: dict[str, list[Any]] = {'floor (wake-up)': cells}
        rows['learner running'] = [result[name] for name in FIGURES]
        for phase in PHASES:
            rows[phase.replace('_', ' ')] = [result[phase][name] for name in FIGURES]
        for name, row in rows.items():
            latencies.add_row(
                rate, name, *['-' if cell is None else f'{cell:.3g}' for cell in row]
            )
    Console().print(latencies)
    Console().print(table(results))


if __name__ == '__main__':
    main()
