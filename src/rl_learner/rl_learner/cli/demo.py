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

"""`make demo`: simulated robots learn through ROS 2 and Reverb, each part in its own process."""

import argparse
from collections.abc import Sequence
import contextlib
import datetime
from pathlib import Path
import signal
import sys

from rl_agent.configuration import find_file
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.system.folders import folder_name
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli.command_line import (
    add_port,
    add_runs,
    at_least,
    DONE,
    FAILED,
    find_port,
    make_parser,
    WRONG_USAGE,
)
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_plan import DemoPlan, read_options
from rl_learner.demo.demo_run import DemoRun
from rl_learner.run.folder import new_run_folder
from rl_learner.system.domain import claim_domain

_EXAMPLES = """
  make demo                                    # the pendulum
  make demo ROBOT=quadruped ROBOTS=2 SEED=3    # make takes capital options
  demo --robot quadruped --robots 2 --seed 3   # the same
  demo --resume runs/first --steps 12000       # resume a run
"""


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line; on a wrong one exit with 2 and a one-line error."""
    parser = make_parser(
        'demo',
        'Let simulated robots learn through ROS 2 and Reverb, each part in its own process.',
        _EXAMPLES,
        f'exit codes: {DONE} learned, {FAILED} not learned or failed, {WRONG_USAGE} wrong usage',
    )
    parser.add_argument(
        '--robot',
        default='pendulum',
        help='name in config/demos, or a YAML file; default: %(default)s',
    )
    parser.add_argument(
        '--algorithm',
        help='name in config/algorithms, or a YAML file; default: the one of the demo, with'
        ' its updates_to_data',
    )
    parser.add_argument(
        '--seed',
        type=at_least(0),
        default=0,
        help='seed of all random numbers; default: %(default)s',
    )
    parser.add_argument(
        '--robots', type=at_least(1), default=1, help='number of robots; default: %(default)s'
    )
    parser.add_argument('--steps', type=at_least(1), help='maximum of all robots together')
    parser.add_argument('--name', help='name of the run folder; default: robot, seed and time')
    parser.add_argument(
        '--resume', type=Path, metavar='RUN', help="resume a demo's run with its options"
    )
    add_runs(parser)
    add_port(parser, 'TCP port of the Reverb server; default: a free one')
    return _resumed(parser, parser.parse_args(arguments))


def _resumed(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Return the options; with `--resume`, those that the run was started with."""
    if not options.resume:
        return options
    if options.name:
        parser.error('--name: given with --resume; accepted: one of them')
    try:
        before = read_options(options.resume)
    except ConfigurationError as error:
        parser.error(f'--resume: {error}')
    wanted = {'steps': options.steps} if options.steps else {}
    return argparse.Namespace(**{**vars(options), **before, **wanted})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; exit with 0 if the robot learned, else with 1."""
    options = parse_arguments(arguments)
    stop = SignalSafeEvent()
    set_by_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        with contextlib.ExitStack() as stack:
            code = DemoRun(_plan(options, stack), stop).run()
    except RlError as error:
        print(f'error: {error}', file=sys.stderr)
        code = FAILED
    sys.exit(code)


def _plan(options: argparse.Namespace, stack: contextlib.ExitStack) -> DemoPlan:
    """Return the plan; everything is checked before anything is started or written.

    Raises:
        ConfigurationError: a name, file or value is invalid.
    """
    if not options.resume:
        find_file('robots', options.robot)
    description = load_demo(options.robot)
    algorithm = options.algorithm or description.algorithm
    load_algorithm(algorithm)
    return DemoPlan(
        demo=options.robot,
        description=description,
        robot=load_robot(description.robot),
        algorithm=algorithm,
        seed=options.seed,
        robots=options.robots,
        max_steps=options.steps or description.max_steps,
        port=find_port(options.port),
        domain=stack.enter_context(claim_domain()),
        folder=options.resume or new_run_folder(_run_folder(options)),
    )


def _run_folder(options: argparse.Namespace) -> Path:
    """Return the folder for a new run."""
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S-%f')
    name = options.name or f'{Path(options.robot).stem}-seed{options.seed}-{stamp}'
    folder_name(name, '--name')
    return Path(options.runs) / name.replace('/', '%2F')


if __name__ == '__main__':
    main()
