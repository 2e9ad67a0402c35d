# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Films a simulated robot in a separate process."""

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
from rl_learner.evaluation.film import FILMS, ROBOT_FILM_MAX_S
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import LOGS, POLICY_FILE
from rl_learner.system.processes import ChildProcess

_TIMEOUT_S = 600.0
_POLL_PERIOD_S = 0.1
_END_TIMEOUT_S = 1.0


def make_film(robot: str, folder: Path, stop: threading.Event) -> str:
    """Film the policy of a run; return in one line where the films are, or why there are none.

    Args:
        robot: name of the robot's description, or its file.
        folder: folder of the run.
        stop: event that ends the filming early.
    """
    policy = folder / POLICY_FILE
    if not policy.exists():
        return 'no film: there is no policy yet'
    arguments = ['--robot', robot, '--policy', str(policy)]
    error = _run_robot_film(arguments, folder, folder / LOGS / 'film.log', stop)
    return f'no film: {error}' if error else f'{folder}/ has {" and ".join(FILMS)}'


def film_policy(policy: PolicyWithRobot, folder: Path, *, seed: int, explore: bool) -> list[Path]:
    """Film one episode of a policy on its simulated robot; return the files.

    Args:
        policy: policy with its robot.
        folder: where the films go.
        seed: seed of the starting state.
        explore: act as in training.

    Raises:
        ConfigurationError: the policy's robot is unknown, or the film cannot be made.
    """
    robot = policy.robot
    if robot is None:
        raise ConfigurationError(
            "--film: the policy's robot is unknown; accepted: with --robot NAME"
        )
    with tempfile.TemporaryDirectory(prefix='rl_film_') as name:
        temporary = Path(name)
        robot_file, policy_file = temporary / f'{robot.name}.yaml', temporary / POLICY_FILE
        robot_file.write_text(json.dumps(description_as_json(robot)), encoding='utf-8')
        save_policy(policy_file, policy.parameters)
        seconds = min(ROBOT_FILM_MAX_S, robot.episode_steps / robot.rate_hz)
        arguments = ['--robot', str(robot_file), '--policy', str(policy_file)]
        arguments += ['--seconds', str(seconds), '--seed', str(seed)]
        arguments += ['--explore'] if explore else []
        error = _run_robot_film(arguments, folder, temporary / 'film.log', threading.Event())
    if error:
        raise ConfigurationError(f'--film: {error}')
    return [folder / name for name in FILMS]


def _run_robot_film(
    arguments: Sequence[str], folder: Path, log: Path, stop: threading.Event
) -> str:
    """Run `robot_film`; return in one line why it failed, or an empty string.

    The films appear in `folder` only when both are complete.
    """
    with tempfile.TemporaryDirectory(prefix='.film_', dir=folder) as partial:
        command = [sys.executable, '-m', 'rl_learner.evaluation.robot_film', *arguments]
        command += ['--folder', partial]
        process = ChildProcess('film', command, log, os.environ)
        if error := _wait(process, stop):
            return error
        for name in FILMS:
            (Path(partial) / name).replace(folder / name)
    return ''


def _wait(process: ChildProcess, stop: threading.Event) -> str:
    """Wait for the process and end it if it is late; return its error, or an empty string."""
    deadline_s = time.monotonic() + _TIMEOUT_S
    try:
        while process.exit_code is None and time.monotonic() < deadline_s:
            if stop.wait(_POLL_PERIOD_S):
                break
    finally:
        in_time = process.exit_code is not None
        if not in_time:
            process.ask_to_end()
            process.end(time.monotonic() + _END_TIMEOUT_S)
    if not in_time:
        return 'stopped' if stop.is_set() else f'not ready within {_TIMEOUT_S:.0f} s'
    if process.exit_code == 0:
        return ''
    lines = process.last_lines(100).splitlines()
    errors = [line for line in lines if line.startswith('error: ')] or lines[-1:]
    return ' '.join(errors[-1:]).removeprefix('error: ')
