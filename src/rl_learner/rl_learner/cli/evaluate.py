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

"""`rl_evaluate`: evaluate a policy on a robot or a Gymnasium task."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
import json
from pathlib import Path
import shutil
import sys
import tempfile

import numpy as np
from rl_agent.array_types import Frame
from rl_agent.configuration import find_file
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.policy.policy import Policy
from rl_agent.system.folders import checked_namespace
from rl_learner.cli import command_line
from rl_learner.cli.shared.result_folder import result_folder
from rl_learner.evaluation.evaluation import CONFIDENCE_PERCENT, EvaluatedEpisode, Evaluation
from rl_learner.evaluation.film import check_ffmpeg, FILMS, write_film
from rl_learner.evaluation.film_process import film_policy
from rl_learner.evaluation.gymnasium_evaluation import TaskEvaluation
from rl_learner.evaluation.report import as_json, as_table, write_report
from rl_learner.evaluation.robot_evaluation_run import run_evaluation
from rl_learner.evaluation.ros_robot_evaluation import RobotEvaluation
from rl_learner.evaluation.seen_images import SALIENCY, SEEN
from rl_learner.export.load_policy import load_critics, load_source
from rl_learner.export.policy_with_robot import PolicyWithRobot

_EXAMPLES = """
  rl_evaluate runs/first                                 # its robot, simulated, 10 episodes
  rl_evaluate runs/first --episodes 20 --seeds 3         # 60 episodes, three seeds
  rl_evaluate runs/first/export/policy.onnx --explore    # acts as in training
  rl_evaluate runs/first --task Pendulum-v1 --target -200
  rl_evaluate runs/walk --episodes 5 --film              # also film.mp4 and film.gif
  rl_evaluate policy.npz --task HalfCheetah-v5 --film
  rl_evaluate runs/seen --saliency                       # where the critics look
  rl_evaluate runs/first --real --namespace robot_1      # asks before the robot moves
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command_line.make_parser(
        'rl_evaluate',
        'Evaluate a policy: whole episodes on the simulated robot that it was trained for, on the'
        '\nreal robot, or on a Gymnasium task. Prints mean, standard deviation, interquartile mean'
        f'\nand {CONFIDENCE_PERCENT} % bootstrap intervals; writes JSON, CSV and pictures into a'
        ' new folder.',
        _EXAMPLES,
    )
    command_line.add_policy(parser)
    where = parser.add_argument_group('where')
    command_line.add_robot(where)
    where.add_argument('--task', help='a Gymnasium task instead of the robot')
    where.add_argument(
        '--real',
        action='store_true',
        help='the real robot, on the ROS domain of this terminal; asks before it moves',
    )
    where.add_argument('--namespace', default='', help='of the real robot, such as robot_1')
    where.add_argument(
        '--prefix', default='', help="of the real robot's joints and frames, with --robot FILE"
    )
    where.add_argument('--yes', action='store_true', help='do not ask: the robot may move')
    how = parser.add_argument_group('how')
    at_least = command_line.at_least
    how.add_argument(
        '--episodes', type=at_least(1), default=10, help='episodes per seed; default: %(default)s'
    )
    how.add_argument(
        '--episode-steps',
        type=at_least(1),
        default=0,
        help='with --task: truncate episodes after so many steps; default: as registered',
    )
    how.add_argument(
        '--seed', type=at_least(0), default=0, help='first seed; default: %(default)s'
    )
    how.add_argument(
        '--seeds', type=at_least(1), default=1, help='number of seeds; default: %(default)s'
    )
    how.add_argument(
        '--explore', action='store_true', help='act as in training, not deterministically'
    )
    how.add_argument('--target', type=float, help='exit with 1 if the mean return is lower')
    how.add_argument(
        '--film',
        action='store_true',
        help='also film an episode (film.mp4, film.gif): a task, or a robot simulated by MuJoCo',
    )
    how.add_argument(
        '--saliency',
        action='store_true',
        help='also write saliency.png: which pixels of a task change the value of the critics',
    )
    command_line.add_out(parser, 'new folder; default: RUN/evaluations/DATE-TIME')
    command_line.add_json(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Check everything, run the episodes, report."""
    _check_options(options)
    policy = load_source(options.policy, options.robot)
    _choose_task(options, policy)
    if options.saliency:
        _check_saliency(options, policy)
    if options.film:
        check_ffmpeg()
    with (
        result_folder(options.out, options.policy, force=options.force) as folder,
        tempfile.TemporaryDirectory(prefix='rl_evaluate_') as films_folder,
    ):
        evaluate = _evaluate_on_task if options.task else _evaluate_on_robot
        evaluation, films = evaluate(options, policy, Path(films_folder))
        folder.mkdir(parents=True, exist_ok=True)  # it may have been removed while empty
        paths = write_report(folder, evaluation)
        for name in (SEEN, SALIENCY, *FILMS):  # with --force they may show another policy
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
    """Raise ConfigurationError for options that contradict each other."""
    if options.task and (options.real or options.robot):
        raise ConfigurationError('--task: given with --robot or --real; accepted: one of them')
    if options.episode_steps and not options.task:
        raise ConfigurationError('--episode-steps: given without --task; accepted: with --task')
    if options.film and options.real:
        raise ConfigurationError(
            '--film: given with --real; accepted: without, a real robot has no model to render'
        )
    if options.real and options.seeds > 1:
        raise ConfigurationError(
            '--seeds: given with --real; accepted: 1, a real robot has no seed'
        )
    if options.namespace and not options.real:
        raise ConfigurationError('--namespace: given without --real; accepted: with --real')
    if options.prefix and not (options.real and options.robot):
        raise ConfigurationError(
            '--prefix: given without --real and --robot; accepted: with the file that has {prefix}'
        )


def _choose_task(options: argparse.Namespace, policy: PolicyWithRobot) -> None:
    """Evaluate a policy that sees images of a Gymnasium task on it, in this process.

    Raises:
        ConfigurationError: it is to be evaluated elsewhere.
    """
    robot = policy.robot
    if options.task or robot is None or all(image.encoding for image in robot.images):
        return
    if options.real or robot.simulation is None:
        raise ConfigurationError(
            f'policy: given {options.policy}, which sees images of a Gymnasium task; accepted:'
            ' --task ID, because they do not travel on ROS topics'
        )
    options.task = robot.simulation.parameters['task']
    options.episode_steps = int(robot.simulation.parameters.get('episode_steps', 0))


def _check_saliency(options: argparse.Namespace, policy: PolicyWithRobot) -> None:
    """Raise ConfigurationError unless there are critics that see images of a task."""
    if not options.task or policy.parameters.architecture.encoder is None:
        raise ConfigurationError(
            '--saliency: given with a robot, or a policy without images; accepted: with a policy'
            ' that sees images of a Gymnasium task'
        )
    load_critics(options.policy)


def _image_size(policy: PolicyWithRobot) -> int:
    """Return to what images shrank when a policy was trained; 0: they did not."""
    simulation = policy.robot.simulation if policy.robot else None
    return int(simulation.parameters.get('image_size', 0)) if simulation else 0


def _evaluate_on_task(
    options: argparse.Namespace, policy: PolicyWithRobot, films_folder: Path
) -> tuple[Evaluation, Sequence[Path]]:
    """Return the evaluation on a task, and its films and pictures in `films_folder`."""
    frames: list[Frame] = []
    with TaskEvaluation(
        options.task,
        policy.parameters,
        film=options.film,
        episode_steps=options.episode_steps,
        image_size=_image_size(policy),
        stack=policy.robot.stack if policy.robot else 1,
    ) as task:
        if task.limit_notice:
            print(task.limit_notice, file=sys.stderr)

        def episodes_of(seed: int) -> Iterator[EvaluatedEpisode]:
            on_frame = frames.append if options.film and seed == options.seed else None
            return task.episodes(
                options.episodes, seed, explore=options.explore, on_frame=on_frame
            )

        episodes = [
            item for seed in _seeds(options) for item in _printed(options, episodes_of(seed))
        ]
        frames_per_s, seen = task.frames_per_s, task.seen.write(films_folder)
        if options.saliency:
            seen += _write_saliency(options.policy, policy, task, films_folder)
    architecture = policy.parameters.architecture
    names = [f'observation/{index}' for index in range(architecture.vector_size)]
    actions = [str(index) for index in range(architecture.action_size)]
    evaluation = _evaluation(options, policy, options.task, 'task', names, actions)
    films = write_film(films_folder, frames, frames_per_s) if frames else ()
    return replace(evaluation, episodes=episodes), [*seen, *films]


def _write_saliency(
    run: Path, policy: PolicyWithRobot, task: TaskEvaluation, folder: Path
) -> list[Path]:
    """Write where the critics of a run look in the images of `seen.png`."""
    acting, rng = Policy(policy.parameters), np.random.default_rng(0)
    acting.reset(rng)
    kept = task.seen.kept
    actions = [acting.act(observation, rng, deterministic=True) for observation in kept]
    maps = load_critics(run).saliency(kept, np.array(actions, np.float32))
    return task.seen.write_saliency(folder, maps)


def _evaluate_on_robot(
    options: argparse.Namespace, policy: PolicyWithRobot, films_folder: Path
) -> tuple[Evaluation, Sequence[Path]]:
    """Return the evaluation on a simulated or real robot, and its films in `films_folder`."""
    robot = policy.robot
    if robot is None:
        raise ConfigurationError(
            f'policy: given {options.policy}, which does not name its robot; accepted: with'
            ' --robot NAME, or --task ID for a Gymnasium task'
        )
    if options.real:
        command_line.confirm_motion(robot, options.namespace, options.episodes, yes=options.yes)
    elif robot.simulation is None:
        raise ConfigurationError(
            f'robot {robot.name!r}: simulation: missing; accepted: a robot with a simulation, or'
            ' --real for the robot itself'
        )
    parameters = replace(policy.parameters, uniform_exploration=False)
    films: Sequence[Path] = ()
    if options.film:  # first, because it fails within seconds if it must
        print(f'filming {robot.name}', file=sys.stderr, flush=True)
        filmed = PolicyWithRobot(parameters, robot)
        films = film_policy(filmed, films_folder, seed=options.seed, explore=options.explore)
    episodes: list[EvaluatedEpisode] = []
    for seed in _seeds(options):
        robot_evaluation = RobotEvaluation(
            robot,
            parameters,
            options.episodes,
            seed,
            options.explore,
            options.real,
            checked_namespace(options.namespace, '--namespace'),
            options.prefix,
            str(find_file('robots', options.robot)) if options.prefix else '',
        )
        episodes += _printed(options, run_evaluation(robot_evaluation))
    setting = 'real robot' if options.real else 'simulated robot'
    spaces = Spaces(robot)
    names = spaces.observation_names[: spaces.vector_size]  # without images
    evaluation = _evaluation(options, policy, robot.name, setting, names, spaces.action_names)
    return replace(evaluation, episodes=episodes), films


def _evaluation(
    options: argparse.Namespace,
    policy: PolicyWithRobot,
    evaluated_on: str,
    setting: str,
    observation_names: Sequence[str],
    action_names: Sequence[str],
) -> Evaluation:
    """Return an evaluation that has no episodes yet."""
    return Evaluation(
        policy=str(options.policy),
        version=policy.parameters.version,
        updates=policy.parameters.updates,
        evaluated_on=evaluated_on,
        setting=setting,
        deterministic=not options.explore,
        observation_names=observation_names,
        action_names=action_names,
    )


def _seeds(options: argparse.Namespace) -> range:
    """Return the seeds to evaluate with."""
    return range(options.seed, options.seed + options.seeds)


def _printed(
    options: argparse.Namespace, episodes: Iterator[EvaluatedEpisode]
) -> list[EvaluatedEpisode]:
    """Return all episodes; print a line to stderr as each ends."""
    ended = []
    for item in episodes:
        ended.append(item)
        print(
            f'seed {item.seed}, episode {item.episode} of {options.episodes}: return'
            f' {item.episode_return:.1f}, {item.steps} steps',
            file=sys.stderr,
            flush=True,
        )
    return ended


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    command_line.run_tool(make_parser(), _run, arguments)


if __name__ == '__main__':
    main()
