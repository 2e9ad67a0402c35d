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
import math
from pathlib import Path
import shutil
import signal
import sys

from rl_agent.configuration import find_file
from rl_agent.description.image import refuse_task_images
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.gymnasium_tasks.task_robot import robot_name
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
from rl_learner.cli.shared.resume_options import refuse_changes, refuse_given
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_plan import DemoPlan, MOST_ROBOTS_WITH_TOPICS, read_options
from rl_learner.demo.demo_run import DemoRun
from rl_learner.demo.task_demo import ALGORITHM_YAML, DEMO_YAML, describe_demo, TaskDemo
from rl_learner.run.folder import new_run_folder, run_folder
from rl_learner.system.domain import claim_domain

_ROBOT = 'pendulum'
_EXAMPLES = """
  make demo                                    # the pendulum
  make demo ROBOT=quadruped ROBOTS=2 SEED=3    # make takes capital options
  demo --robot quadruped --robots 2 --seed 3   # the same
  make demo TASK=Hopper-v5                     # a Gymnasium task plays the robot
  demo --task dm_control/walker-walk-v0        # dm_control, by Shimmy
  demo --task Hopper-v5 --robots 8 --vectorised # eight copies in one process
  demo --task my_package:MyTask-v0 --target 90 # a task that a module of your own registers
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
    parser.add_argument('--robot', help=f'name in config/demos, or a YAML file; default: {_ROBOT}')
    parser.add_argument('--task', help='a Gymnasium task instead of a robot: ID, or module:ID')
    parser.add_argument(
        '--target',
        type=float,
        help='with --task: mean return that counts as learned; default: the reward_threshold of'
        ' the task, if it has one',
    )
    parser.add_argument(
        '--episode-steps',
        type=at_least(1),
        help='with --task: truncate episodes after so many steps; default: as registered',
    )
    parser.add_argument(
        '--algorithm',
        help='name in config/algorithms, or a YAML file; default: the one of the demo, with'
        ' its updates_to_data',
    )
    parser.add_argument('--seed', type=at_least(0), help='seed of all random numbers; default: 0')
    parser.add_argument('--robots', type=at_least(1), help='number of robots; default: 1')
    parser.add_argument(
        '--vectorised',
        action='store_true',
        default=None,
        help='all robots and their agents in one process, without topics between them',
    )
    parser.add_argument(
        '--devices',
        type=at_least(1),
        default=1,
        help='processes of the learner, see docs/scale.md; default: %(default)s',
    )
    parser.add_argument('--steps', type=at_least(1), help='maximum of all robots together')
    parser.add_argument('--name', help='name of the run folder; default: robot, seed and time')
    parser.add_argument(
        '--resume', type=Path, metavar='RUN', help="resume a demo's run with its options"
    )
    add_runs(parser)
    add_port(parser, 'TCP port of the Reverb server; default: a free one')
    return _checked(parser, parser.parse_args(arguments))


def _checked(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Return the options with their defaults; with `--resume`, those that the run began with."""
    if options.resume:
        return _resumed(parser, options)
    if (options.robots or 0) > MOST_ROBOTS_WITH_TOPICS and not options.vectorised:
        parser.error(
            f'--robots: given {options.robots}; accepted: at most {MOST_ROBOTS_WITH_TOPICS}, or'
            ' any number with --vectorised, as no more processes of a machine find each other'
        )
    if options.task and options.robot:
        parser.error('--task: given with --robot; accepted: one of them')
    for name, value in (('--target', options.target), ('--episode-steps', options.episode_steps)):
        if value is not None and not options.task:
            parser.error(f'{name}: given without --task; accepted: with --task')
    if options.target is not None and not math.isfinite(options.target):
        parser.error(f'--target: given {options.target}; accepted: a finite number')
    defaults = {'robot': _ROBOT, 'seed': 0, 'robots': 1, 'episode_steps': 0, 'vectorised': False}
    given = {name: value for name, value in vars(options).items() if value is not None}
    return argparse.Namespace(**{**vars(options), **defaults, **given})


def _resumed(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Return the options that the run began with; only `--steps` may change."""
    if options.name:
        parser.error('--name: given with --resume; accepted: one of them')
    refuse_given(parser, options, ('task', 'target', 'episode_steps'))
    try:
        before = read_options(options.resume)
    except ConfigurationError as error:
        parser.error(f'--resume: {error}')
    refuse_changes(parser, options, before, ('robot', 'algorithm', 'seed', 'robots', 'vectorised'))
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
        RlError: a name, file or value is invalid, or a task does not work.
    """
    task: TaskDemo | None = None
    demo = _demo_file(options)
    if options.task:
        task = describe_demo(
            options.task, episode_steps=options.episode_steps, target=options.target
        )
        description, robot, demo = task.description, task.robot.description, DEMO_YAML
        refuse_task_images(robot.name, robot.images)
    else:
        if not options.resume:
            find_file('robots', options.robot)
        description = load_demo(demo)
        robot = load_robot(description.robot)
    algorithm = options.algorithm or description.algorithm
    copy = options.resume / ALGORITHM_YAML if options.resume else None
    algorithm_file = str(copy) if copy and copy.is_file() else ''
    load_algorithm(algorithm_file or algorithm)
    port, domain = find_port(options.port), stack.enter_context(claim_domain())
    folder = options.resume or new_run_folder(_run_folder(options))
    if Path(algorithm).suffix in ('.yaml', '.yml') and not options.resume:
        algorithm_file = str(shutil.copy(Path(algorithm).expanduser(), folder / ALGORITHM_YAML))
    if task is not None:
        description = task.write(folder)
        if task.robot.limit_notice:
            print(task.robot.limit_notice, file=sys.stderr)
    return DemoPlan(
        demo=options.robot if options.resume else demo,
        description=description,
        robot=robot,
        algorithm=algorithm,
        seed=options.seed,
        robots=options.robots,
        max_steps=options.steps or description.max_steps,
        port=port,
        domain=domain,
        folder=folder,
        vectorised=options.vectorised,
        algorithm_file=algorithm_file,
        devices=options.devices,
    )


def _demo_file(options: argparse.Namespace) -> str:
    """Return the name or file of the demo; a run of a task has its own file."""
    own = options.resume / DEMO_YAML if options.resume else None
    return str(own) if own and options.robot == DEMO_YAML else str(options.robot)


def _run_folder(options: argparse.Namespace) -> Path:
    """Return the folder for a new run."""
    trained = robot_name(options.task) if options.task else Path(options.robot).stem
    return run_folder(options.runs, options.name, trained, options.seed)


if __name__ == '__main__':
    main()
