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

"""`rl_train`: train on a Gymnasium task or a simulated robot in one process, without ROS."""

import os

from rl_agent.real_time.blas import blas_environment
from rl_learner.system.openmp import openmp_environment

# before NumPy and torch are imported
os.environ.update(blas_environment(os.environ))
os.environ.update(openmp_environment(os.environ))

import argparse
from collections.abc import Sequence
from dataclasses import asdict
import math
from pathlib import Path
import signal
import statistics
import sys
from typing import Any, TYPE_CHECKING

from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.gymnasium_tasks.task_robot import (
    make_task_robot,
    robot_name,
    ROBOT_YAML,
    TaskRobot,
)
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import command_line
from rl_learner.cli.command_line import at_least
from rl_learner.cli.shared.resume_options import refuse_changes, refuse_given
from rl_learner.one_process.train_files import (
    load_run_robot,
    read_train_options,
    TrainOptions,
)
from rl_learner.run.folder import new_log_folder, new_run_folder, POLICY_FILE, run_folder
from rl_learner.run.manifest import read_run

if TYPE_CHECKING:  # torch and Reverb are imported when a run begins: completion needs neither
    from rl_learner.one_process.training_run import RunPlan, RunStatus

_STEPS = 50_000
_EXAMPLES = """
  rl_train --task Hopper-v5                          # 50,000 steps
  rl_train --task dm_control/walker-walk-v0 --algorithm tqc --steps 200000
  rl_train --task my_package:MyTask-v0 --robots 4    # a task that a module of your own registers
  rl_train --task CarRacing-v3 --image-size 64       # learns from images
  rl_train --robot quadruped --algorithm droq        # a simulated robot of config/robots
  rl_train --task Hopper-v5 --algorithm rlpd --demonstrations runs/good/experience
  rl_train --resume runs/first --steps 50000         # 50,000 more
  rl_evaluate runs/first --film
"""
_DEFAULTS: dict[str, Any] = {
    'algorithm': '',  # depends on the task
    'seed': 0,
    'robots': 1,
    'steps': _STEPS,
    'episode_steps': 0,
    'image_size': 0,
    'stack': 1,
    'evaluate_every': 5000,
    'evaluation_episodes': 10,
}
_FIXED = ('robot', 'algorithm', 'seed', 'robots')


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_train',
        'Train on a Gymnasium task or a simulated robot in one process, without ROS: same'
        '\nalgorithms, replay, run folder and tools as with robots.',
        _EXAMPLES,
    )
    what = parser.add_argument_group('what')
    what.add_argument('--task', help='a Gymnasium task: ID, or module:ID')
    what.add_argument('--robot', help='or a simulated robot: name in config/robots, or its file')
    what.add_argument(
        '--algorithm',
        help='name in config/algorithms, or a file; default: default, with images drq_sac',
    )
    what.add_argument(
        '--episode-steps',
        type=at_least(1),
        help='with --task: truncate episodes after so many steps; default: as registered',
    )
    what.add_argument(
        '--image-size',
        type=at_least(8),
        help='with --task: images with more rows or columns shrink to so many; default: none do',
    )
    what.add_argument(
        '--stack',
        type=at_least(1),
        help='with --task: frames in an observation, the newest first; default: 1',
    )
    what.add_argument(
        '--demonstrations',
        type=Path,
        nargs='+',
        default=[],
        metavar='FILE',
        help='to learn from, too: recordings or runs, as for rl_import --demonstrations',
    )
    how = parser.add_argument_group('how')
    how.add_argument(
        '--steps', type=at_least(1), help=f'of all robots together; default: {_STEPS:,}'
    )
    how.add_argument('--robots', type=at_least(1), help='copies of the task; default: 1')
    how.add_argument('--seed', type=at_least(0), help='seed of all random numbers; default: 0')
    how.add_argument(
        '--evaluate-every',
        type=at_least(0),
        help='steps between two evaluations; 0: only one at the end; default: 5,000',
    )
    how.add_argument(
        '--evaluation-episodes',
        type=at_least(0),
        help='deterministic episodes of an evaluation; 0: no evaluation; default: 10',
    )
    how.add_argument(
        '--device', choices=('auto', 'cpu', 'cuda'), default='auto', help='default: %(default)s'
    )
    how.add_argument(
        '--threads',
        type=at_least(1),
        default=0,
        help='CPU threads of an update; default: as many as are fastest, measured while training',
    )
    command_line.add_port(how, 'TCP port of the Reverb server; default: a free one')
    where = parser.add_argument_group('where')
    where.add_argument('--name', help='name of the run folder; default: task, seed and time')
    where.add_argument('--resume', type=Path, metavar='RUN', help='go on with a run')
    where.add_argument(
        '--runs', type=Path, default=Path('runs'), help='folder of the runs; default: %(default)s'
    )
    return parser


def _checked(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Return the options with their defaults; with `--resume`, those that the run began with."""
    if options.resume:
        refuse_given(parser, options, ('name', 'task', 'episode_steps', 'image_size', 'stack'))
        try:
            before = asdict(read_train_options(options.resume))
        except ConfigurationError as error:
            parser.error(f'--resume: {error}')
        refuse_changes(parser, options, before, _FIXED)
        given = {name: value for name, value in vars(options).items() if value is not None}
        return argparse.Namespace(**{**vars(options), **before, **given})
    if (options.task is None) == (options.robot is None):
        parser.error('--task, --robot: accepted: one of them')
    if options.episode_steps and not options.task:
        parser.error('--episode-steps: given without --task; accepted: with --task')
    if options.image_size and not options.task:
        parser.error('--image-size: given without --task; accepted: with --task')
    if options.stack and not options.task:
        parser.error('--stack: given without --task; accepted: with --task')
    given = {name: value for name, value in vars(options).items() if value is not None}
    return argparse.Namespace(**{**vars(options), **_DEFAULTS, **given})


def _plan(options: argparse.Namespace) -> 'RunPlan':
    """Return the plan; everything is checked before anything is written.

    Raises:
        RlError: a name, file or value is invalid, or a task does not work.
    """
    from rl_learner.one_process.training_run import RunPlan
    from rl_learner.run.journal_feed import replay_layout
    from rl_learner.training.learner import LearnerSettings
    from rl_learner.training.training_session import SessionSettings
    from rl_learner.vision.feature_batches import FeatureBatches

    task: TaskRobot | None = None
    if options.resume:
        robot, name = load_run_robot(options.resume, options.robot), options.robot
    elif options.task:
        sizes = (options.episode_steps, options.image_size, options.stack)
        task = make_task_robot(options.task, *sizes)
        robot, name = task.description, ROBOT_YAML
        if task.image_notice:
            print(task.image_notice, file=sys.stderr)
    else:
        robot, name = load_run_robot(Path(), options.robot), options.robot
    options.algorithm = options.algorithm or ('drq_sac' if robot.images else 'default')
    algorithm = (
        read_run(options.resume).algorithm  # the file may be elsewhere by now
        if options.resume
        else load_algorithm(options.algorithm, episode_steps=robot.episode_steps)
    )
    if robot.images:  # whatever cannot be used with them is refused before there is a folder
        FeatureBatches(algorithm, replay_layout(Spaces(robot)))
    if options.demonstrations and not algorithm.demonstration_fraction:
        raise ConfigurationError(
            f'--demonstrations: given with {options.algorithm}, whose demonstration_fraction is 0;'
            ' accepted: an algorithm that uses them, such as rlpd, hil or teach'
        )
    port = command_line.find_port(options.port)
    folder = options.resume or new_run_folder(_run_folder(options))
    _import_demonstrations(folder, options.demonstrations, robot)
    if task is not None:
        task.write(folder)
    if not options.resume:
        TrainOptions(
            name,
            options.algorithm,
            options.seed,
            options.robots,
            options.steps,
            options.evaluate_every,
            options.evaluation_episodes,
        ).write(folder)
    session = SessionSettings(
        seed=options.seed,
        device=options.device,
        threads=options.threads,
        replay_port=port,
        periods=LearnerSettings(publish_period_s=0.1, checkpoint_period_s=60.0),
    )
    recorded = {'algorithm': options.algorithm, 'robot': name, 'seed': options.seed}
    return RunPlan(
        robot=robot,
        algorithm=algorithm,
        folder=folder,
        session=session,
        recorded=recorded,
        robots=options.robots,
        steps=options.steps,
        seed=options.seed,
        evaluate_every=options.evaluate_every,
        evaluation_episodes=options.evaluation_episodes,
    )


def _import_demonstrations(run: Path, files: Sequence[Path], robot: RobotDescription) -> None:
    """Store demonstrations in a run.

    Raises:
        RlError: a file cannot be read, or is of another robot.
    """
    from rl_learner.recordings.importer import (
        import_batches,
        journal_to_teach_from,
        source_of,
    )

    if files:
        sources = [source_of(journal_to_teach_from(path), robot) for path in files]
        counts = import_batches(run, sources, Spaces(robot), demonstrations=True)
        print(f'{counts.total:,} demonstrations, {counts.imported:,} of them new', flush=True)


def _run_folder(options: argparse.Namespace) -> Path:
    """Return the folder for a new run."""
    trained = robot_name(options.task) if options.task else Path(options.robot).stem
    return run_folder(options.runs, options.name, trained, options.seed)


def _run(options: argparse.Namespace) -> int:
    """Train; return the exit code."""
    from rl_learner.one_process.training_run import TrainingRun

    stop = SignalSafeEvent()
    set_by_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    plan = _plan(options)
    _move_messages_of_libraries(plan.folder)
    run = TrainingRun(plan, stop)
    print(
        f'{plan.folder}: {plan.robots} x {plan.robot.name}, {options.algorithm}, seed'
        f' {plan.seed}; Ctrl-C stops and saves',
        flush=True,
    )
    run.run(lambda status: print(_line(status, plan.steps), flush=True))
    if run.returns:
        spread = statistics.pstdev(run.returns)
        print(
            f'{len(run.returns)} deterministic episodes: mean return'
            f' {statistics.fmean(run.returns):.1f}, standard deviation {spread:.1f}'
        )
    print(f'{plan.folder}/ has {POLICY_FILE}; look at it with rl_evaluate, rl_plot, rl_dashboard')
    return command_line.INTERRUPTED if stop.is_set() else command_line.DONE


def _move_messages_of_libraries(folder: Path) -> None:
    """Let what C++ libraries print go into a log of the run; Python's own errors stay visible."""
    log = new_log_folder(folder) / 'train.log'
    sys.stderr = os.fdopen(os.dup(2), 'w', buffering=1)
    with log.open('wb') as file:
        os.dup2(file.fileno(), 2)


def _line(status: 'RunStatus', steps: int) -> str:
    """Return the progress in one line."""
    evaluation = '-' if status.evaluation is None else f'{status.evaluation:.0f}'
    last = '-' if math.isnan(status.last_return) else f'{status.last_return:.0f}'
    return (
        f'steps {status.steps:,} of {steps:,} ({status.steps_per_s:.0f}/s), updates'
        f' {status.updates:,} ({status.updates_per_s:.0f}/s), last return {last}, evaluation'
        f' {evaluation}, policy {status.policy_version}'
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = make_parser()
    command_line.run_tool(parser, lambda options: _run(_checked(parser, options)), arguments)


if __name__ == '__main__':
    main()
