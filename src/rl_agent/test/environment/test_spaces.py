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

"""Observation and action vectors are laid out as described."""

from collections.abc import Callable
import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from rl_agent.description.action import ActionDescription, CompanionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import ResetDescription
from rl_agent.description.robot import RobotDescription, SimulationDescription
from rl_agent.description.task import TaskDescription
from rl_agent.environment.spaces import Spaces


def make_field(name: str, joints: tuple[str, ...], **more: Any) -> ObservationField:
    return ObservationField(
        name, 'joint_states', 'sensor_msgs/msg/JointState', 'position', joints, **more
    )


ARM = RobotDescription(
    name='arm',
    rate_hz=50.0,
    episode_steps=100,
    observation=(
        make_field('velocity', ('a', 'b'), unit='rad/s', bounds=(-8.0, 8.0)),
        make_field('sin_angle', ('b',), transform='sin'),
        make_field('cos_angle', ('b', 'a'), transform='cos'),
        make_field('height', ('a',), unit='m'),
    ),
    action=ActionDescription(
        topic='commands',
        type='std_msgs/msg/Float64MultiArray',
        joints=('a', 'b'),
        unit='N m',
        low=(-2.0, 0.0),
        high=(2.0, 10.0),
    ),
    task=TaskDescription('swing_up'),
    reset=ResetDescription('reset'),
    simulation=SimulationDescription('pendulum'),
)

RAW = {
    'height': np.array([0.25]),
    'cos_angle': np.array([0.0, math.pi]),
    'sin_angle': np.array([math.pi / 6]),
    'velocity': np.array([3.0, -4.0]),
}


def test_elements_are_in_the_order_of_the_description() -> None:
    spaces = Spaces(ARM)
    assert spaces.observation_names == (
        'velocity/a',
        'velocity/b',
        'sin_angle',
        'cos_angle/b',
        'cos_angle/a',
        'height',
    )
    assert spaces.action_names == ('a', 'b')
    assert (spaces.observation_size, spaces.action_size) == (6, 2)


def test_an_observation_by_hand() -> None:
    spaces = Spaces(ARM)
    observation = spaces.frame(spaces.values(RAW))
    assert observation.dtype == np.float32
    np.testing.assert_allclose(observation, [3.0, -4.0, 0.5, 1.0, -1.0, 0.25], atol=1e-7)


def test_values_are_transformed_in_full_precision() -> None:
    values = Spaces(ARM).values(RAW)
    assert list(values) == ['velocity', 'sin_angle', 'cos_angle', 'height']
    assert {item.dtype for item in values.values()} == {np.dtype(np.float64)}
    assert values['sin_angle'][0] == pytest.approx(0.5, abs=1e-15)


def test_bounds_by_hand() -> None:
    spaces = Spaces(ARM)
    assert spaces.observation_low.tolist() == [-8.0, -8.0, -1.0, -1.0, -1.0, -math.inf]
    assert spaces.observation_high.tolist() == [8.0, 8.0, 1.0, 1.0, 1.0, math.inf]
    assert spaces.observation_low.dtype == spaces.observation_high.dtype == np.float32


def change_field(number: int, **values: Any) -> RobotDescription:
    """Return the arm with one observation field changed."""
    fields = list(ARM.observation)
    fields[number] = dataclasses.replace(fields[number], **values)
    return dataclasses.replace(ARM, observation=tuple(fields))


def change_action(**values: Any) -> RobotDescription:
    return dataclasses.replace(ARM, action=dataclasses.replace(ARM.action, **values))


Change = Callable[[], RobotDescription]

MATTERS: dict[str, Change] = {
    'rate': lambda: dataclasses.replace(ARM, rate_hz=25.0),
    'order of fields': lambda: dataclasses.replace(ARM, observation=ARM.observation[::-1]),
    'one field more': lambda: dataclasses.replace(
        ARM, observation=(*ARM.observation, make_field('more', ('a',)))
    ),
    'field name': lambda: change_field(3, name='depth'),
    'field joint': lambda: change_field(3, joints=('b',)),
    'order of joints': lambda: change_field(2, joints=('a', 'b')),
    'transform': lambda: change_field(3, transform='sin'),
    'unit': lambda: change_field(3, unit='mm'),
    'field path': lambda: change_field(3, field='effort'),
    'message type': lambda: dataclasses.replace(
        ARM,
        observation=tuple(
            dataclasses.replace(item, type='a_msgs/msg/State') for item in ARM.observation
        ),
    ),
    'frame': lambda: change_field(3, frame='base'),
    'clipping': lambda: change_field(0, clip=True),
    'NaN': lambda: change_field(3, replace_nan=0.0),
    'stack': lambda: dataclasses.replace(ARM, stack=2),
    'previous actions': lambda: dataclasses.replace(ARM, previous_actions=1),
    'command type': lambda: change_action(type='sensor_msgs/msg/JointState'),
    'command field': lambda: change_action(type='sensor_msgs/msg/JointState', field='effort'),
    'action joints': lambda: change_action(joints=('b', 'a')),
    'action unit': lambda: change_action(unit='rad'),
    'command low': lambda: change_action(low=(-2.0, -1.0)),
    'command high': lambda: change_action(high=(3.0, 10.0)),
}

DOES_NOT_MATTER: dict[str, Change] = {
    'nothing': lambda: dataclasses.replace(ARM),
    'robot name': lambda: dataclasses.replace(ARM, name='other_arm'),
    'length of an episode': lambda: dataclasses.replace(ARM, episode_steps=7),
    'oldest age': lambda: change_field(3, max_age_s=1.0),
    'bounds': lambda: change_field(0, bounds=(-7.0, 7.0)),
    'default command': lambda: change_action(default=(0.0, 0.0)),
    'topic': lambda: dataclasses.replace(
        ARM,
        observation=tuple(dataclasses.replace(item, topic='other') for item in ARM.observation),
    ),
    'command topic': lambda: change_action(topic='other'),
    'task': lambda: dataclasses.replace(ARM, task=TaskDescription('swing_up', {'effort_cost': 1})),
    'reset': lambda: dataclasses.replace(ARM, reset=ResetDescription('again', 3.0)),
    'simulation': lambda: dataclasses.replace(ARM, simulation=None),
}


@pytest.fixture(autouse=True)
def any_fields_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the task need no fields, so that every field may be changed."""
    monkeypatch.setattr('rl_agent.tasks.swing_up.SwingUp.fields', ())


@pytest.mark.parametrize('name', MATTERS)
def test_the_fingerprint_changes_with_the_meaning_of_a_number(name: str) -> None:
    assert Spaces(MATTERS[name]()).fingerprint != Spaces(ARM).fingerprint


@pytest.mark.parametrize('name', DOES_NOT_MATTER)
def test_the_fingerprint_does_not_change_with(name: str) -> None:
    assert Spaces(DOES_NOT_MATTER[name]()).fingerprint == Spaces(ARM).fingerprint


def test_fingerprints_all_differ() -> None:
    fingerprints = {Spaces(make()).fingerprint for make in MATTERS.values()}
    assert len(fingerprints) == len(MATTERS)
    assert all(len(item) == 16 and int(item, 16) >= 0 for item in fingerprints)


def test_the_fingerprint_of_a_description_never_changes() -> None:
    """Policies and journals of before carry it."""
    assert Spaces(ARM).fingerprint == '2dbfbabd84ef94e6'


@pytest.mark.parametrize(
    'change',
    [
        {'constants': {'kp': 40.0}},
        {'constants': {'kp': 40.0, 'mode': 1}},
        {'constants': {'kp': 20.0}},
    ],
)
def test_constants_are_part_of_what_an_action_means(change: dict[str, Any]) -> None:
    changed = dataclasses.replace(ARM, action=dataclasses.replace(ARM.action, **change))
    assert Spaces(changed).fingerprint != Spaces(ARM).fingerprint
    action = dataclasses.replace(ARM.action, constants={'kd': 1.0})
    other = dataclasses.replace(ARM, action=action)
    assert Spaces(changed).fingerprint != Spaces(other).fingerprint


def test_further_topics_and_companions_are_part_of_what_an_action_means() -> None:
    alone = dataclasses.replace(ARM, simulation=None)
    mode = CompanionDescription(topic='mode', type='std_msgs/msg/String', constants={'data': 'a'})
    further = dataclasses.replace(ARM.action, topic='more', joints=('c', 'd'))
    made = [
        dataclasses.replace(alone, more_actions=(further,)),
        dataclasses.replace(alone, more_actions=(dataclasses.replace(further, unit='m'),)),
        dataclasses.replace(alone, companions=(mode,)),
        dataclasses.replace(
            alone, companions=(dataclasses.replace(mode, constants={'data': 'b'}),)
        ),
    ]
    assert len({Spaces(item).fingerprint for item in (ARM, *made)}) == 5
    moved = dataclasses.replace(further, topic='elsewhere')
    assert (
        Spaces(dataclasses.replace(alone, more_actions=(moved,))).fingerprint
        == Spaces(made[0]).fingerprint
    )


def test_the_order_of_a_quaternion_is_part_of_its_meaning() -> None:
    def fingerprint(order: Any) -> str:
        field = ObservationField(
            'gravity',
            'imu',
            'std_msgs/msg/Float64MultiArray',
            'data',
            size=4,
            transform='projected_gravity',
            quaternion_order=order,
        )
        return Spaces(dataclasses.replace(ARM, observation=(field,))).fingerprint

    assert fingerprint('xyzw') == fingerprint(None)
    assert fingerprint('wxyz') != fingerprint(None)
