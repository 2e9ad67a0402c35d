# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`rl_evaluate`: judge a policy on a robot or a Gymnasium task."""

import argparse
from collections.abc import Iterator, Sequence
import contextlib
from dataclasses import replace
import datetime
from itertools import islice
import json
from pathlib import Path
import shutil
import sys
import tempfile

from rl_agent.array_types import Frame
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_learner.cli import command_line
from rl_learner.evaluation.evaluation import EvaluatedEpisode, Evaluation
from rl_learner.evaluation.film import check_ffmpeg, FILMS, write_film
from rl_learner.evaluation.film_process import film_policy
from rl_learner.evaluation.gymnasium_evaluation import TaskEvaluation
from rl_learner.evaluation.report import as_json, as_table, write_report
from rl_learner.evaluation.ros_robot_evaluation import RobotEvaluation, run_evaluation
from rl_learner.export.load_policy import load_source
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import numbered

_EXAMPLES = """
  rl_evaluate runs/first                                 # its robot, simulated, 10 episodes
  rl_evaluate runs/first --episodes 20 --seeds 3         # 60 episodes, three seeds
  rl_evaluate runs/first/export/policy.onnx --explore    # acting as in training
  rl_evaluate runs/first --task Pendulum-v1 --target -200
  rl_evaluate runs/walk --episodes 5 --film              # also film.mp4 and film.gif
  rl_evaluate policy.npz --task HalfCheetah-v5 --film
  rl_evaluate runs/first --real --namespace robot_1      # asks before the robot moves
"""
_MOST_AT_ONCE = 999


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_evaluate',
        'Judge a policy: whole episodes on the simulated robot that it was trained for, on the'
        '\nreal one, or on a Gymnasium task. Prints mean, deviation, interquartile mean and their'
        '\n95 % bootstrap intervals, and writes JSON, CSV and pictures into a new folder.',
        _EXAMPLES,
    )
    command_line.add_policy(parser)
    where = parser.add_argument_group('where')
    command_line.add_robot(where)
    where.add_argument('--task', help='a Gymnasium task in place of the robot')
    where.add_argument(
        '--real',
        action='store_true',
        help='the real robot, on the ROS domain of this terminal; asks before it moves',
    )
    where.add_argument('--namespace', default='', help='of the real robot, as in robot_1')
    where.add_argument('--yes', action='store_true', help='do not ask: the robot is free to move')
    how = parser.add_argument_group('how')
    at_least = command_line.at_least
    how.add_argument('--episodes', type=at_least(1), default=10, help='of each seed; default: 10')
    how.add_argument('--seed', type=at_least(0), default=0, help='the first one; default: 0')
    how.add_argument('--seeds', type=at_least(1), default=1, help='how many; default: 1')
    how.add_argument(
        '--explore', action='store_true', help='act as in training, not deterministically'
    )
    how.add_argument('--target', type=float, help='exit with 1 if the mean return is below')
    how.add_argument(
        '--film',
        action='store_true',
        help='also film.mp4 and film.gif of an episode: of a task, or a robot simulated by MuJoCo',
    )
    command_line.add_out(parser, 'new folder; default: RUN/evaluations/DATE-TIME')
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Check everything, run the episodes, report."""
    _check_options(options)
    policy = load_source(options.policy, options.robot)
    if options.film:
        check_ffmpeg()
    with (
        _result_folder(options) as folder,
        tempfile.TemporaryDirectory(prefix='rl_evaluate_') as made,
    ):
        judge = _judge_task if options.task else _judge_robot
        evaluation, films = judge(options, policy, Path(made))
        folder.mkdir(parents=True, exist_ok=True)  # somebody may have removed an empty folder
        paths = write_report(folder, evaluation)
        for name in FILMS:  # with --force: of another policy, perhaps
            (folder / name).unlink(missing_ok=True)
        paths += [Path(shutil.move(film, folder / film.name)) for film in films]
    content = as_json(evaluation)
    if options.json:
        print(json.dumps({**content, 'folder': str(folder)}))
    else:
        command_line.print_table(as_table(evaluation))
        print(f'{folder}/ has {", ".join(path.name for path in paths)}')
    mean = content['all']['mean']
    if options.target is None or mean >= options.target:
        return command_line.DONE
    print(f'mean {mean:.1f} is below the target {options.target:g}', file=sys.stderr)
    return command_line.FAILED


def _check_options(options: argparse.Namespace) -> None:
    """Raise ConfigurationError for options that exclude each other."""
    if options.task and (options.real or options.robot):
        raise ConfigurationError('--task: given beside --robot or --real; accepted: one of them')
    if options.film and options.real:
        raise ConfigurationError(
            '--film: given with --real; accepted: a camera, for a real robot has no model to draw'
        )
    if options.real and options.seeds > 1:
        raise ConfigurationError('--seeds: given with --real; accepted: 1, a real robot has none')
    if options.namespace and not options.real:
        raise ConfigurationError('--namespace: given without --real; accepted: with --real')


@contextlib.contextmanager
def _result_folder(options: argparse.Namespace) -> Iterator[Path]:
    """Yield the folder for the results, made before there are any: it is nobody else's.

    What was made and stays empty is removed.

    Raises:
        ConfigurationError: it is there already, without --force, or cannot be made.
    """
    folder = options.out or _default_folder(options.policy)
    command_line.refuse_to_overwrite(folder, force=options.force or not options.out)
    if options.out and options.force and folder.is_dir():
        yield folder
        return
    missing = [path for path in folder.parents if not path.exists()]
    folder = _make_folder(folder, is_default=not options.out)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # not empty
            for path in (folder, *missing):
                path.rmdir()


def _default_folder(policy: Path) -> Path:
    """Return a folder in the run that a policy belongs to, else beside the caller."""
    run = policy if policy.is_dir() else Path()
    return run / 'evaluations' / datetime.datetime.now().strftime('%Y%m%d-%H%M%S')


def _make_folder(wanted: Path, *, is_default: bool) -> Path:
    """Make a folder that was not there; return it.

    Args:
        wanted: its path.
        is_default: where that is taken, `wanted-2`, then `wanted-3` and so on.

    Raises:
        ConfigurationError: it is there.
    """
    for folder in islice(numbered(wanted), _MOST_AT_ONCE if is_default else 1):
        # not found: another evaluation has just removed the folder above, which was empty
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            folder.mkdir(parents=True)
            return folder
    raise ConfigurationError(
        f'--out: given {wanted}: no folder, or one that another evaluation has just made;'
        ' accepted: a new name'
    )


def _judge_task(
    options: argparse.Namespace, policy: PolicyWithRobot, made: Path
) -> tuple[Evaluation, Sequence[Path]]:
    """Return the evaluation on a task, and its films in the folder `made`."""
    frames: list[Frame] = []
    with TaskEvaluation(options.task, policy.parameters, film=options.film) as task:

        def run(seed: int) -> Iterator[EvaluatedEpisode]:
            film = frames.append if options.film and seed == options.seed else None
            return task.episodes(options.episodes, seed, explore=options.explore, on_frame=film)

        episodes = [item for seed in _seeds(options) for item in _shown(options, run(seed))]
        pace = task.frames_per_s
    architecture = policy.parameters.architecture
    names = [f'observation/{index}' for index in range(architecture.observation_size)]
    actions = [str(index) for index in range(architecture.action_size)]
    evaluation = _evaluation(options, policy, options.task, 'task', names, actions)
    films = write_film(made, frames, pace) if frames else ()
    return replace(evaluation, episodes=episodes), films


def _judge_robot(
    options: argparse.Namespace, policy: PolicyWithRobot, made: Path
) -> tuple[Evaluation, Sequence[Path]]:
    """Return the evaluation on a simulated or real robot, and its films in the folder `made`."""
    robot = policy.robot
    if robot is None:
        raise ConfigurationError(
            f'policy: given {options.policy}, which does not say for which robot; accepted: with'
            ' --robot NAME, or --task ID for a Gymnasium task'
        )
    if options.real:
        _ask(options, robot)
    elif robot.simulation is None:
        raise ConfigurationError(
            f'robot {robot.name!r}: simulation: missing, so it cannot be simulated; accepted: with'
            ' --real on the robot itself'
        )
    parameters = replace(policy.parameters, uniform_exploration=False)
    films: Sequence[Path] = ()
    if options.film:  # first, for it finds out in seconds whether there can be one
        print(f'filming {robot.name}', file=sys.stderr, flush=True)
        shown = PolicyWithRobot(parameters, robot)
        films = film_policy(shown, made, seed=options.seed, explore=options.explore)
    episodes: list[EvaluatedEpisode] = []
    for seed in _seeds(options):
        robot_evaluation = RobotEvaluation(
            robot,
            parameters,
            options.episodes,
            seed,
            options.explore,
            options.real,
            options.namespace.strip('/'),
        )
        episodes += _shown(options, run_evaluation(robot_evaluation))
    setting = 'real robot' if options.real else 'simulated robot'
    spaces = Spaces(robot)
    evaluation = _evaluation(
        options, policy, robot.name, setting, spaces.observation_names, spaces.action_names
    )
    return replace(evaluation, episodes=episodes), films


def _evaluation(
    options: argparse.Namespace,
    policy: PolicyWithRobot,
    judged_on: str,
    setting: str,
    observation_names: Sequence[str],
    action_names: Sequence[str],
) -> Evaluation:
    """Return an evaluation without its episodes."""
    return Evaluation(
        policy=str(options.policy),
        version=policy.parameters.version,
        updates=policy.parameters.updates,
        judged_on=judged_on,
        setting=setting,
        deterministic=not options.explore,
        observation_names=observation_names,
        action_names=action_names,
    )


def _seeds(options: argparse.Namespace) -> range:
    """Return the seeds to judge with."""
    return range(options.seed, options.seed + options.seeds)


def _shown(
    options: argparse.Namespace, episodes: Iterator[EvaluatedEpisode]
) -> list[EvaluatedEpisode]:
    """Return episodes, each with a line on stderr as it ends."""
    done = []
    for item in episodes:
        done.append(item)
        print(
            f'seed {item.seed}, episode {item.episode} of {options.episodes}: return'
            f' {item.episode_return:.1f}, {item.steps} steps',
            file=sys.stderr,
            flush=True,
        )
    return done


def _ask(options: argparse.Namespace, robot: RobotDescription) -> None:
    """Return once a person has said that the robot may move.

    Raises:
        ConfigurationError: nobody did.
    """
    seconds = robot.episode_steps / robot.rate_hz
    name = f'{robot.name} in namespace /{options.namespace.strip("/")}'
    print(
        f'The real robot {name} will move for {options.episodes} episodes of at most'
        f' {seconds:g} s.',
        file=sys.stderr,
    )
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError('--real: nobody there to ask; accepted: with --yes')
    print('Is everybody out of its way? Type yes: ', end='', file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != 'yes':
        raise ConfigurationError('--real: not confirmed, nothing moved; accepted: yes')


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
