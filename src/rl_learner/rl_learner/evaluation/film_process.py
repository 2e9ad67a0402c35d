# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Lets a film of a simulated robot be made, in a process of its own."""

from collections.abc import Sequence
import json
import os
from pathlib import Path
import sys
import tempfile
import threading
import time

from rl_agent.description.robot import description_as_json
from rl_agent.errors import ConfigurationError
from rl_agent.policy.policy_file import save_policy
from rl_learner.evaluation.film import FILMS
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import LOGS, POLICY_FILE
from rl_learner.system.processes import ChildProcess

_TIMEOUT_S = 600.0
_LOOK_PERIOD_S = 0.1
_LONGEST_S = 10.0  # of the robot: drawn in software, each second takes several


def make_film(robot: str, folder: Path, stop: threading.Event) -> str:
    """Make the films of a run; return in one line where they are, or why there are none.

    Args:
        robot: name or file of its description.
        folder: of the run.
        stop: ends it early.
    """
    policy = folder / POLICY_FILE
    if not policy.exists():
        return 'no film: there is no policy yet'
    arguments = ['--robot', robot, '--policy', str(policy), '--folder', str(folder)]
    reason = _why_not(arguments, folder / LOGS / 'film.log', stop)
    return f'no film: {reason}' if reason else f'{folder}/ has {" and ".join(FILMS)}'


def film_policy(policy: PolicyWithRobot, folder: Path, *, seed: int, explore: bool) -> list[Path]:
    """Film one episode of a policy on its simulated robot; return the files.

    Args:
        policy: with its robot.
        folder: where the films go.
        seed: of the starting state.
        explore: act as in training.

    Raises:
        ConfigurationError: the robot's model cannot be filmed, or nothing can be drawn here.
    """
    robot = policy.robot
    if robot is None:
        raise ConfigurationError('--film: a policy of no known robot; accepted: with --robot NAME')
    with tempfile.TemporaryDirectory(prefix='rl_film_') as made:
        robot_file, policy_file = Path(made) / f'{robot.name}.yaml', Path(made) / POLICY_FILE
        robot_file.write_text(json.dumps(description_as_json(robot)), encoding='utf-8')
        save_policy(policy_file, policy.parameters)
        seconds = min(_LONGEST_S, robot.episode_steps / robot.rate_hz)
        arguments = ['--robot', str(robot_file), '--policy', str(policy_file)]
        arguments += ['--folder', str(folder), '--seconds', str(seconds), '--seed', str(seed)]
        arguments += ['--explore'] if explore else []
        reason = _why_not(arguments, Path(made) / 'film.log', threading.Event())
    if reason:
        raise ConfigurationError(f'--film: {reason}')
    return [folder / name for name in FILMS]


def _why_not(arguments: Sequence[str], log: Path, stop: threading.Event) -> str:
    """Run the program that films; return in one line why it failed, empty if it did not."""
    command = [sys.executable, '-m', 'rl_learner.evaluation.robot_film', *arguments]
    process = ChildProcess('film', command, log, os.environ)
    deadline_s = time.monotonic() + _TIMEOUT_S
    try:
        while process.exit_code is None and time.monotonic() < deadline_s:
            if stop.wait(_LOOK_PERIOD_S):
                break
    finally:
        in_time = process.exit_code is not None
        if not in_time:
            process.ask_to_end()
            process.end(time.monotonic() + 1.0)
    if not in_time:
        return 'stopped' if stop.is_set() else f'it was not ready within {_TIMEOUT_S:.0f} s'
    if process.exit_code == 0:
        return ''
    lines = process.last_lines(100).splitlines()
    errors = [line for line in lines if line.startswith('error: ')] or lines[-1:]
    return ' '.join(errors[-1:]).removeprefix('error: ')
