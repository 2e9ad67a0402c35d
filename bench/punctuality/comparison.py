# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The agent and a plain rclpy node in turns: how exactly their commands keep the schedule.

Both get the same robot, messages, policies and processors, and take equal turns. The plain node
runs as users start it, and is free to use every processor; a third program is the same node,
scheduled like the agent's control thread, with that thread's processor. NumPy has the agent's
settings in all three (one thread, the processor's kernels).

The instrument is the source timestamp of each command, which DDS sets in the publishing process
as the command leaves it. It is the same code for all three programs, adds nothing to what they do,
and does not depend on when the receiver takes the command. The clock is that of the system, which
runs at the same speed as the steady clock of the schedules. A command that is lost on the way
(`lost`) would count as missed.

The agent's work for safety, transitions and acknowledgements is included; the plain node has none.
Episodes are endless here, because no command is due while a robot is reset.
"""

import argparse
from pathlib import Path
import statistics
import time
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rl_agent.real_time.blas import blas_environment
from workers.control_processes import ask, running, tell, Worker, worker

from punctuality.deviation import figures, PERCENTILES

AGENT, PLAIN_NODE, SCHEDULED_NODE = 'agent', 'plain_node', 'scheduled_node'
PROGRAMS = (PLAIN_NODE, SCHEDULED_NODE, AGENT)
WITHOUT_WEIGHTS, WITH_WEIGHTS = 'without_weights', 'with_weights'
CONDITIONS = {WITHOUT_WEIGHTS: 'pause', WITH_WEIGHTS: 'resume'}
WARM_UP_S, SETTLE_S, LAST_COMMAND_S = 3.0, 1.0, 0.2
SHOWN = (*PERCENTILES, 'missed_fraction')
FIGURES = (*SHOWN, 'lost')
Figures = dict[str, Any]


def agent_command(robot: Path, options: argparse.Namespace) -> list[str]:
    """Return the command line of the agent.

    Args:
        robot: its description.
        options: of the benchmark.
    """
    priority, cpu, awake = scheduling(options)
    parameters = [f'robot:={robot}', f'realtime_priority:={priority}', f'control_cpu:={cpu}']
    if awake:
        parameters.append('keep_awake:=true')
    arguments = [part for parameter in parameters for part in ('-p', parameter)]
    return worker('control_agent', '--ros-args', *arguments)


def scheduling(options: argparse.Namespace) -> tuple[int, int, int]:
    """Return priority and processor of the control thread, and whether that is kept awake."""
    cpu = options.cpus[0]
    return options.priority, cpu, int(cpu >= 0 and not options.asleep)


def compare(
    rate_hz: int, robot: Path, options: argparse.Namespace, environment: dict[str, str]
) -> Figures:
    """Return the ratio of the 99th percentiles under weights, and all deviations.

    Args:
        rate_hz: control rate.
        robot: description of the robot.
        options: of the benchmark.
        environment: of the processes.
    """
    endless = robot.with_name('endless.yaml')
    text = robot.read_text()
    endless.write_text(text.replace('episode_steps: 2000', 'episode_steps: 1000000'))
    turns: dict[str, list[Figures]] = {name: [] for name in PROGRAMS}
    for _ in range(options.turns):
        for name, results in turns.items():
            results.append(turn(name, rate_hz, endless, options, environment))
    return {
        'ratio_to_plain_node_p99': _ratio(turns, WITH_WEIGHTS),
        'deviation': {
            condition: {
                **{name: _medians(turns[name], condition) for name in PROGRAMS},
                'ratio_p99': _ratio(turns, condition),
            }
            for condition in CONDITIONS
        },
    }


def turn(
    name: str,
    rate_hz: int,
    robot: Path,
    options: argparse.Namespace,
    environment: dict[str, str],
) -> Figures:
    """Return a program's deviations in one turn, for each condition; None: no commands."""
    _, others = options.cpus
    learner_command = worker('control_learner', robot, options.fleet)
    command, cpus = agent_command(robot, options), others
    if name != AGENT:
        command, cpus = worker('control_peer', rate_hz), None
        environment = {**environment, **blas_environment(environment)}
    if name == SCHEDULED_NODE:
        command, cpus = [*command, *map(str, scheduling(options))], others
    with (
        running(worker('control_robot', rate_hz), environment, others) as body,
        running(learner_command, environment, others) as learner,
        running(command, environment, cpus),
    ):
        _wait_for_commands(body, name, rate_hz)
        time.sleep(WARM_UP_S)
        results = {}
        for condition, word in CONDITIONS.items():
            tell(learner, word)
            time.sleep(SETTLE_S)
            results[condition] = _measure(body, rate_hz, options.turn_seconds)
        return results


def table(results: dict[str, Figures]) -> Table:
    """Return a table for people.

    Args:
        results: of `compare`, for each rate.
    """
    title = 'deviation of commands from their schedule, us; medians of the turns'
    headings = ('rate', 'weights', 'program', 'p50', 'p99', 'p99.9', 'missed', 'ratio')
    made = Table(*headings, title=title, box=SIMPLE)
    for rate, result in results.items():
        for condition, programs in result['deviation'].items():
            weights = 'arriving' if condition == WITH_WEIGHTS else '-'
            for name in PROGRAMS:
                values = [programs[name][figure] for figure in SHOWN]
                values.append(programs['ratio_p99'] if name == AGENT else None)
                cells = ['-' if value is None else _text(value) for value in values]
                made.add_row(rate, weights, name.replace('_', ' '), *cells)
    return made


def _measure(body: Worker, rate_hz: int, seconds: float) -> Figures | None:
    """Return the deviations of the commands that the robot receives in the next seconds."""
    ask(body, 'commands')
    begin_ns = time.time_ns()
    time.sleep(seconds)
    end_ns = time.time_ns()
    time.sleep(LAST_COMMAND_S)
    commands = ask(body, 'commands')
    measured = figures(commands['published_ns'], (begin_ns, end_ns), rate_hz)
    return measured and {**measured, 'lost': commands['lost']}


def _wait_for_commands(body: Worker, name: str, rate_hz: int) -> None:
    """Wait until the robot receives commands steadily.

    Raises:
        RuntimeError: it does not within a minute.
    """
    for _ in range(120):
        time.sleep(0.5)
        if len(ask(body, 'commands')['published_ns']) >= 0.25 * rate_hz:
            return
    raise RuntimeError(f'{name} sends no commands')


def _medians(turns: list[Figures], condition: str) -> Figures:
    """Return the median over the turns of each figure; None: not measured."""
    measured = [result[condition] for result in turns if result[condition] is not None]
    return {
        name: statistics.median(result[name] for result in measured) if measured else None
        for name in FIGURES
    }


def _ratio(turns: dict[str, list[Figures]], condition: str) -> float | None:
    """Return the median over the turns of the agent's 99th percentile by the plain node's."""
    pairs = [
        (ours[condition], plain[condition])
        for ours, plain in zip(turns[AGENT], turns[PLAIN_NODE], strict=True)
    ]
    ratios = [ours['p99_us'] / plain['p99_us'] for ours, plain in pairs if ours and plain]
    return statistics.median(ratios) if ratios else None


def _text(value: float) -> str:
    """Return a number with three digits, without an exponent where it is large."""
    return f'{value:.0f}' if value >= 100.0 else f'{value:.3g}'
