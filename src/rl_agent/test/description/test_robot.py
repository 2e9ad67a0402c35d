# Copyright 2026 The rl_agent authors
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

"""Robot descriptions are read as written; the shipped ones are valid."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rl_agent.configuration import config_folder
from rl_agent.description.action import ActionDescription, LIST_PATHS
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from robot_contents import ARM, Content, SCAN, write


def test_shipped_pendulum_equals_gymnasium() -> None:
    robot = load_robot('pendulum')
    assert (robot.name, robot.rate_hz, robot.episode_steps) == ('pendulum', 20.0, 200)
    assert [item.name for item in robot.observation] == ['cos_angle', 'sin_angle', 'velocity']
    assert [item.limits for item in robot.observation] == [(-1, 1), (-1, 1), (-8, 8)]
    assert (robot.action.low, robot.action.high) == ((-2.0,), (2.0,))
    assert robot.task.name == 'swing_up'
    assert robot.simulation is not None
    assert robot.simulation.model == 'pendulum'


def test_a_users_description_is_loaded(tmp_path: Path) -> None:
    robot = load_robot(write(tmp_path, ARM))
    assert robot.action.joints == ('shoulder', 'elbow')
    assert robot.reset.timeout_s == 10.0
    assert robot.simulation is None


def test_elements_are_named_by_field_and_joint(tmp_path: Path) -> None:
    robot = load_robot(write(tmp_path, ARM))
    assert robot.observation[2].element_names == ('velocity',)
    assert robot.observation[3].element_names == ('effort/shoulder', 'effort/elbow')


@pytest.mark.parametrize(
    ('transform', 'bounds', 'limits'),
    [
        ('none', None, (-math.inf, math.inf)),
        ('none', (-3.0, 4.0), (-3.0, 4.0)),
        ('sin', None, (-1.0, 1.0)),
        ('cos', None, (-1.0, 1.0)),
    ],
)
def test_limits_are_bounds_after_the_transform(
    transform: Any, bounds: tuple[float, float] | None, limits: tuple[float, float]
) -> None:
    item = ObservationField('a', 't', 'p/msg/M', 'f', ('j',), transform, 'rad', bounds)
    assert item.limits == limits


def test_documented_list_paths_are_those_of_the_code() -> None:
    documentation = ActionDescription.__doc__ or ''
    for message_type, path in LIST_PATHS.items():
        assert message_type.rpartition('/')[2] in documentation
        assert f'`{path}`' in documentation


def test_a_task_gets_its_parameters(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    content['task']['parameters'] = {'effort_cost': 0.5}
    assert load_robot(write(tmp_path, content)).task.parameters == {'effort_cost': 0.5}


def test_the_learner_needs_no_message_packages_of_the_robot(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    content['observation'][3] = {**SCAN, 'type': 'rover_msgs/msg/Scan', 'size': 3}
    assert load_robot(write(tmp_path, content)).observation[3].raw_size == 3


@pytest.mark.parametrize('name', [path.stem for path in (config_folder() / 'robots').glob('*')])
def test_every_shipped_robot_is_valid(name: str) -> None:
    robot = load_robot(name)
    for package in sorted({kind.partition('/')[0] for kind in robot.message_types}):
        reason = f'{package} is not installed; test/ready_robots tries {name} with a stand-in'
        pytest.importorskip(f'{package}.msg', reason=reason)
    assert load_ros_robot(name) == robot


@pytest.mark.parametrize(
    ('more', 'names'),
    [
        ({}, ('scan',)),
        ({'size': 2}, ('scan/0', 'scan/1')),
        ({'indices': [5]}, ('scan',)),
        ({'indices': [5, 3]}, ('scan/5', 'scan/3')),
        ({'indices': '0:360:120'}, ('scan/0', 'scan/120', 'scan/240')),
        ({'indices': '7:10'}, ('scan/7', 'scan/8', 'scan/9')),
        (
            {'size': 4, 'transform': 'roll_pitch_yaw'},
            ('scan/roll', 'scan/pitch', 'scan/yaw'),
        ),
        ({'size': 4, 'transform': 'projected_gravity'}, ('scan/x', 'scan/y', 'scan/z')),
    ],
)
def test_elements_are_named_by_index(
    tmp_path: Path, more: Content, names: tuple[str, ...]
) -> None:
    content = copy.deepcopy(ARM)
    content['observation'].append({**SCAN, **more})
    assert load_robot(write(tmp_path, content)).observation[4].element_names == names


def test_a_users_task_needs_no_line_in_this_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'my_robots.py').write_text(OWN_TASK)
    monkeypatch.syspath_prepend(str(tmp_path))
    content = copy.deepcopy(ARM)
    content['task'] = {'name': 'my_robots:Lift', 'parameters': {'wanted_m': 2}}
    task = load_robot(write(tmp_path, content)).task.make()
    assert task.outcome({}, np.zeros(1), {}).parts == {'wanted': 2.0}
    content['task']['parameters'] = {'wanted_m': -1}
    with pytest.raises(ConfigurationError, match=r'task.parameters: wanted_m: given -1'):
        load_robot(write(tmp_path, content))


OWN_TASK = """
from dataclasses import dataclass
from typing import ClassVar
from rl_agent.tasks.task import Outcome, Parameters

@dataclass(frozen=True)
class Lift(Parameters):
    fields: ClassVar[tuple[str, ...]] = ('effort',)
    wanted_m: float = 1.0

    def __post_init__(self):
        if self.wanted_m < 0:
            raise ValueError(f'wanted_m: given {self.wanted_m:g}; accepted: at least 0')

    def outcome(self, observation, command, next_observation):
        return Outcome({'wanted': self.wanted_m}, terminated=False)
"""


def test_an_unknown_robot_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"robot: given 'r2d2'; accepted: .*pendulum"):
        load_robot('r2d2')
