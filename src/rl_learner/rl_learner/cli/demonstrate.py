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

"""`rl_demonstrate`: record episodes that a person drives, without a learner."""

import argparse
from collections.abc import Callable, Sequence
import contextlib
import os
import select
import signal
import sys
import threading

from rl_agent.configuration import find_file
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import checked_namespace
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent
from rl_learner.cli import command_line
from rl_learner.demo.demonstration_plan import DemonstrationPlan, SIMULATED
from rl_learner.run.folder import run_folder
from rl_learner.system.domain import claim_domain, local_environment

_POLL_PERIOD_S = 0.2
_KEYS = {'s': 'success', 'f': 'failure', 'd': 'discard', 'p': 'pause', 'r': 'resume'}
_EXAMPLES = """
  rl_demonstrate --robot peg --name first             # simulated in real time; drive with a stick
  rl_demonstrate --robot peg --name first --scripted  # a scripted person drives
  rl_demonstrate --robot my_arm.yaml --name first --real --namespace arm_1
  rl_demonstrate --robot peg --name first --episodes 5  # five more, into the same run
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_demonstrate',
        'Record demonstrations: episodes that a person drives with the hand in the teleop section'
        "\nof the robot's description, into a run's folder. No learner runs; one that is started"
        '\nin this folder later learns from them, see demonstration_fraction.'
        '\n\nIn a terminal, a letter and Enter say a word: '
        + ', '.join(f'{key} {word}' for key, word in _KEYS.items())
        + '.',
        _EXAMPLES,
    )
    at_least = command_line.at_least
    parser.add_argument('--robot', required=True, help='name in config/robots, or a YAML file')
    parser.add_argument('--name', required=True, help='name of the run folder, new or not')
    command_line.add_runs(parser)
    parser.add_argument(
        '--episodes', type=at_least(1), default=10, help='episodes to keep; default: %(default)s'
    )
    parser.add_argument(
        '--only-successes', action='store_true', help='drop episodes that end without success'
    )
    where = parser.add_argument_group('where')
    where.add_argument(
        '--real',
        action='store_true',
        help='the real robot, on the ROS domain of this terminal; asks before it moves',
    )
    where.add_argument('--namespace', default='', help='of the real robot, such as robot_1')
    where.add_argument('--prefix', default='', help="of the real robot's joints and frames")
    where.add_argument('--yes', action='store_true', help='do not ask: the robot may move')
    where.add_argument(
        '--scripted', action='store_true', help='a scripted person drives, in simulation only'
    )
    where.add_argument(
        '--seed', type=at_least(0), default=0, help='of the simulation; default: %(default)s'
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    """Check everything, record, and say what is stored."""
    from rl_learner.demo.demonstrations import DemonstrationRun  # needs ROS, unlike --help

    robot = load_robot(options.robot, prefix=options.prefix)
    _check_options(options, robot)
    if options.real:
        command_line.confirm_motion(robot, options.namespace, options.episodes, yes=options.yes)
    stop = SignalSafeEvent()
    set_by_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    folder = run_folder(options.runs, options.name, robot.name, options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    plan = DemonstrationPlan(
        robot=str(find_file('robots', options.robot)),
        folder=folder,
        episodes=options.episodes,
        only_successes=options.only_successes,
        simulated=not options.real,
        namespace=checked_namespace(options.namespace, '--namespace'),
        prefix=options.prefix,
        scripted=options.scripted,
        seed=options.seed,
    )
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        if options.scripted:
            environment = local_environment(stack.enter_context(claim_domain()))
        elif not options.real:
            _print(f'The simulated robot is in the namespace /{SIMULATED}, and so is its hand.')
        run = DemonstrationRun(plan, environment, stop, _print)
        ended = threading.Event()
        typing = threading.Thread(target=_pass_words, args=(run.say, ended), daemon=True)
        if sys.stdin.isatty():
            typing.start()
        try:
            stored = run.run()
        finally:
            ended.set()
    _print(f'{folder}: {stored} transitions stored by this start')
    return command_line.DONE if stored else command_line.FAILED


def _check_options(options: argparse.Namespace, robot: RobotDescription) -> None:
    """Raise ConfigurationError for options that contradict each other or the robot."""
    if robot.teleop is None:
        raise ConfigurationError(
            f'robot {robot.name!r}: teleop: missing; accepted: a description with the hand of a'
            ' person, see docs/teach.md'
        )
    if options.real and options.scripted:
        raise ConfigurationError('--scripted: given with --real; accepted: without')
    if (options.namespace or options.prefix) and not options.real:
        raise ConfigurationError('--namespace, --prefix: given without --real; accepted: with')
    if not options.real and robot.simulation is None:
        raise ConfigurationError(
            f'robot {robot.name!r}: simulation: missing; accepted: a robot with a simulation, or'
            ' --real for the robot itself'
        )


def _pass_words(say: Callable[[str], None], ended: threading.Event) -> None:
    """Pass on the words that a person types."""
    while not ended.is_set():
        readable, _, _ = select.select([sys.stdin], [], [], _POLL_PERIOD_S)
        if not readable:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        key = line.strip().lower()
        if key in _KEYS:
            say(_KEYS[key])
        elif key:
            _print(f'given {key[:20]!r}; accepted: {", ".join(_KEYS)}')


def _print(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
