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

from pathlib import Path

import pytest
from rl_agent.description.robot import load_robot
from rl_learner.cli.demo import parse_arguments
from rl_learner.demo.demo_description import load_demo
from rl_learner.demo.demo_plan import DemoPlan
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


@pytest.mark.parametrize(('algorithm', 'updates'), [('default', 2.0), ('droq', 0.0)])
def test_another_algorithm_has_its_own_updates_to_data(
    tmp_path: Path, algorithm: str, updates: float
) -> None:
    plan = make_plan(tmp_path, algorithm)
    (learner,) = (spec for spec in plan.node_specs() if spec.name == 'learner')
    assert learner.parameters['updates_to_data'] == updates
