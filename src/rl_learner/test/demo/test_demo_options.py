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

"""A demo is resumed with the options it was started with."""

from dataclasses import replace
from pathlib import Path

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.gymnasium_tasks.task_robot import ROBOT_YAML
from rl_learner.cli.demo import parse_arguments
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_plan import DemoPlan
from rl_learner.demo.task_demo import DEMO_YAML, describe_demo
from rl_learner.run.folder import LOGS, new_log_folder


def make_plan(folder: Path, algorithm: str) -> DemoPlan:
    """Return the plan of a short pendulum demo with three robots."""
    return DemoPlan(
        demo='pendulum',
        description=load_demo('pendulum'),
        robot=load_robot('pendulum'),
        algorithm=algorithm,
        seed=7,
        robots=3,
        max_steps=900,
        port=8000,
        domain=1,
        folder=folder,
    )


def test_options_are_restored(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, 'tqc')
    plan.write_options()
    options = parse_arguments(['--resume', str(tmp_path)])
    assert (options.robot, options.algorithm, options.seed) == ('pendulum', 'tqc', 7)
    assert (options.robots, options.steps, options.resume) == (3, 900, tmp_path)
    assert parse_arguments(['--resume', str(tmp_path), '--steps', '50']).steps == 50


def test_name_and_resume_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(['--resume', str(tmp_path), '--name', 'x'])
    assert 'given with --resume' in capsys.readouterr().err


def test_logs_of_earlier_starts_are_kept(tmp_path: Path) -> None:
    names = [new_log_folder(tmp_path).name for _ in range(3)]
    assert names == [LOGS, f'{LOGS}-2', f'{LOGS}-3']


@pytest.mark.parametrize(('algorithm', 'updates'), [('small', 2.0), ('droq', 0.0)])
def test_another_algorithm_has_its_own_updates_to_data(
    tmp_path: Path, algorithm: str, updates: float
) -> None:
    plan = make_plan(tmp_path, algorithm)
    plan = replace(plan, description=replace(plan.description, updates_to_data=2.0))
    (learner,) = (spec for spec in plan.node_specs() if spec.name == 'learner')
    assert learner.parameters['updates_to_data'] == updates


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        (['--algorithm', 'sac'], '--algorithm: given sac with --resume; accepted: tqc, which'),
        (['--robots', '2'], '--robots: given 2 with --resume; accepted: 3, which the run began'),
        (['--seed', '8'], '--seed: given 8 with --resume; accepted: 7'),
        (['--robot', 'quadruped'], '--robot: given quadruped with --resume; accepted: pendulum'),
        (['--task', 'Hopper-v5'], '--task: given with --resume; accepted: without it'),
        (['--target', '3'], '--target: given with --resume; accepted: without it'),
        (['--episode-steps', '3'], '--episode-steps: given with --resume; accepted: without it'),
    ],
)
def test_what_a_resumed_run_cannot_change_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], words: str
) -> None:
    """lerobot#492, pytorch/examples#816: options given at a resume were ignored."""
    make_plan(tmp_path, 'tqc').write_options()
    with pytest.raises(SystemExit):
        parse_arguments(['--resume', str(tmp_path), *option])
    assert words in capsys.readouterr().err


def test_options_that_say_the_same_are_accepted_at_a_resume(tmp_path: Path) -> None:
    make_plan(tmp_path, 'tqc').write_options()
    same = ['--algorithm', 'tqc', '--robots', '3', '--seed', '7', '--robot', 'pendulum']
    assert parse_arguments(['--resume', str(tmp_path), *same]).seed == 7


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--task', 'Hopper-v5', '--robot', 'arm'], '--task: given with --robot; accepted: one'),
        (['--robots', '15'], '--robots: given 15; accepted: at most 14, or any number with --vec'),
        (['--target', '3'], '--target: given without --task; accepted: with --task'),
        (['--episode-steps', '3'], '--episode-steps: given without --task; accepted: with'),
        (['--task', 'X-v0', '--target', 'nan'], '--target: given nan; accepted: a finite number'),
        (
            ['--task', 'X-v0', '--episode-steps', '0'],
            "--episode-steps: given '0'; accepted: a whole number, at least 1",
        ),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(options)
    assert words in capsys.readouterr().err


def test_a_task_is_described_in_the_folder_of_its_run(tmp_path: Path) -> None:
    """So a copy of the folder is resumed elsewhere."""
    made = describe_demo('Pendulum-v1', episode_steps=50, target=-100.0)
    written = made.write(tmp_path)
    moved = tmp_path.parent / f'{tmp_path.name}_moved'
    tmp_path.rename(moved)
    demo = load_demo(str(moved / DEMO_YAML))
    assert (demo.target_return, demo.highest_return, demo.film) == (-100.0, None, True)
    assert demo.robot == str(moved / ROBOT_YAML)
    assert Path(written.robot) == tmp_path / ROBOT_YAML
    robot = load_robot(demo.robot)
    assert robot == made.robot.description
    assert robot.episode_steps == 50
    assert robot.simulation is not None
    assert robot.simulation.parameters == {'task': 'Pendulum-v1', 'episode_steps': 50}


def test_the_target_of_a_task_is_that_of_its_maker() -> None:
    assert describe_demo('MountainCarContinuous-v0').description.target_return == 90.0
    made = describe_demo('Pendulum-v1')
    assert made.description.target_return is None
    assert not made.robot.limit_notice
