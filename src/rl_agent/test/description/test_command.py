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

"""The numbers of several command topics, and which fields measure them."""

from dataclasses import replace
from typing import Any

import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription, find_pose
from rl_agent.description.observation import ObservationField

STATE = 'sensor_msgs/msg/JointState'
BASE = ActionDescription(
    topic='cmd_vel',
    type='geometry_msgs/msg/Twist',
    unit='m/s',
    fields=('linear.x', 'angular.z'),
    low=(0.1, -1.0),
    high=(0.5, 1.0),
)
ARM = ActionDescription(
    topic='arm',
    type='std_msgs/msg/Float64MultiArray',
    unit='rad',
    joints=('shoulder', 'elbow'),
    low=(-2.0, -1.0),
    high=(2.0, 1.0),
    default=(0.5, 0.25),
)
GRIPPER = ActionDescription(
    topic='gripper',
    type='std_msgs/msg/Float64MultiArray',
    unit='m',
    joints=('finger',),
    low=(0.0,),
    high=(0.04,),
    default=(0.02,),
)
ALL = CommandDescription((BASE, ARM, GRIPPER))


def field(name: str, *joints: str, **options: Any) -> ObservationField:
    options = {'unit': 'rad', **options}
    return ObservationField(name, 'joints', STATE, 'position', joints, **options)


ARM_FIELD = field('arm', 'elbow', 'wrist', 'shoulder')
FINGER_FIELD = field('finger', 'finger', unit='m')


def test_the_numbers_are_in_the_order_of_the_topics() -> None:
    assert ALL.names == ('linear.x', 'angular.z', 'shoulder', 'elbow', 'finger')
    assert ALL.units == ('m/s', 'm/s', 'rad', 'rad', 'm')
    assert ALL.is_position == (False, False, True, True, True)
    assert ALL.low == (0.1, -1.0, -2.0, -1.0, 0.0)
    assert ALL.high == (0.5, 1.0, 2.0, 1.0, 0.04)
    assert ALL.parts == (slice(0, 2), slice(2, 4), slice(4, 5))


def test_names_that_two_topics_share_have_their_topics() -> None:
    two = CommandDescription((replace(BASE, topic='left'), replace(BASE, topic='right')))
    assert two.names[1:3] == ('left:angular.z', 'right:linear.x')


def test_speeds_without_default_are_as_near_to_0_as_they_may_be() -> None:
    assert ALL.default == (0.1, 0.0, 0.5, 0.25, 0.02)
    assert CommandDescription((BASE,)).default is None


def test_a_position_without_default_has_none() -> None:
    assert CommandDescription((BASE, ARM, replace(GRIPPER, default=None))).default is None


def test_each_topic_has_its_own_pose() -> None:
    found = find_pose(ALL, (FINGER_FIELD, ARM_FIELD), None)
    assert found == [('arm', [2, 0], [2, 3]), ('finger', [0], [4])]
    assert find_pose(ALL, (ARM_FIELD,), None) == found[:1]


def test_a_pose_field_is_for_the_topic_that_it_measures() -> None:
    """Two fields measure the arm, and one of them is chosen; the gripper has but one."""
    fields = (ARM_FIELD, replace(ARM_FIELD, name='again'), FINGER_FIELD)
    assert find_pose(ALL, fields, None) == [('finger', [0], [4])]
    assert find_pose(ALL, fields, 'again') == [('again', [2, 0], [2, 3]), ('finger', [0], [4])]
    alone = CommandDescription((ARM,))
    assert find_pose(alone, fields, 'finger') == []


@pytest.mark.parametrize(
    ('fields', 'placed'),
    [
        (('shoulder', 'elbow'), False),  # the finger is a position, too
        (('finger', 'shoulder', 'elbow'), True),
        (('finger',), False),
        (('shoulder', 'finger'), False),
        (('wrist',), False),
    ],
)
def test_a_pose_is_reached_when_all_positions_are_measured(
    fields: tuple[str, ...], placed: bool
) -> None:
    assert ALL.is_placed_by(field('all', *fields)) is placed
