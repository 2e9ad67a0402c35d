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

"""Commands with constants, stamps and a function that completes them; messages as text."""

from collections.abc import Callable
import dataclasses
import math
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseArray
import numpy as np
import pytest
from rclpy.serialization import deserialize_message
from rl_agent.description.action import ActionDescription
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_command_message import CommandMessage
from sensor_msgs.msg import BatteryState, JointState

NOW_NS = 7_000_000_123
POSES = 'geometry_msgs/msg/PoseArray'
CALLED: list[Any] = []


def action(kind: str = POSES, **more: Any) -> ActionDescription:
    given = {'joints': ('a', 'b'), 'field': 'poses[1:3].position.x', **more}
    if 'fields' in more:
        given.update(joints=None, field=None)
    return ActionDescription(
        topic='c', type=kind, unit='m', low=(-1.0, -1.0), high=(1.0, 1.0), **given
    )


def sent(described: ActionDescription, command: tuple[float, float] = (0.5, -0.5)) -> Any:
    message = CommandMessage(described, 50.0)
    return deserialize_message(message.serialise(np.array(command), lambda: NOW_NS), message.kind)


def add_checksum(message: PoseArray) -> None:
    """Stand for a checksum: the sum of the numbers."""
    CALLED.append(message)
    message.poses[0].orientation.w += sum(pose.position.x for pose in message.poses) + 1.0


def return_another(message: PoseArray) -> PoseArray:
    return PoseArray()


def change_the_command(message: PoseArray) -> None:
    message.poses[1].position.x *= 2.0


def fail(message: PoseArray) -> None:
    message.poses[99].position.x = 0.0


def fail_later(message: PoseArray) -> None:
    if message.poses[1].position.x > 0.25:
        raise OSError('no such device')


def test_a_slice_takes_one_number_for_each_joint() -> None:
    poses = sent(action()).poses
    assert [pose.position.x for pose in poses] == [0.0, 0.5, -0.5]  # grown as far as needed


CONSTANTS: dict[str, tuple[dict[str, Any], Callable[[Any], object], object]] = {
    'one number for all': (
        {'poses[0:4].position.z': 2.5},
        lambda m: [pose.position.z for pose in m.poses],
        [2.5] * 4,
    ),
    'one number each': (
        {'poses[0:2].position.y': (1, 2.0)},
        lambda m: [pose.position.y for pose in m.poses],
        [1.0, 2.0, 0.0],
    ),
    'all numbers of a message': (
        {'poses[1].orientation': (0.0, 0.0, 0.0, 1.0)},
        lambda m: (m.poses[1].orientation.z, m.poses[1].orientation.w),
        (0.0, 1.0),
    ),
    'NaN': (
        {'poses[1].orientation': 'nan'},
        lambda m: math.isnan(m.poses[1].orientation.w),
        True,
    ),
    'infinity, as YAML has it': (
        {'poses[1].position.z': -math.inf},
        lambda m: m.poses[1].position.z,
        -math.inf,
    ),
    'text': ({'header.frame_id': 'map'}, lambda m: m.header.frame_id, 'map'),
    'no time of sending': ({'header.stamp.sec': 0}, lambda m: m.header.stamp, Time()),
    'nothing': ({}, lambda m: m.header.stamp, Time(sec=7, nanosec=123)),
}


@pytest.mark.parametrize('what', CONSTANTS)
def test_constants(what: str) -> None:
    constants, look, expected = CONSTANTS[what]
    assert look(sent(action(constants=constants))) == expected


def test_lists_of_texts_and_numbers() -> None:
    constants: dict[str, Any] = {'name': ('left', 'right'), 'velocity': (0.25, 1)}
    described = action('sensor_msgs/msg/JointState', fields=('position[0]', 'effort[1]'))
    message: JointState = sent(dataclasses.replace(described, constants=constants))
    assert message.name == ['left', 'right']
    assert list(message.velocity) == [0.25, 1.0]
    assert list(message.position) == [0.5]


def test_booleans_and_whole_numbers() -> None:
    constants: dict[str, Any] = {'present': True, 'power_supply_status': 3, 'location': 'slot 2'}
    described = action('sensor_msgs/msg/BatteryState', fields=('voltage', 'current'))
    message: BatteryState = sent(dataclasses.replace(described, constants=constants))
    assert (message.present, message.power_supply_status, message.location) == (True, 3, 'slot 2')


@pytest.mark.parametrize(
    ('unit', 'expected'),
    [('stamp_s', 7), ('stamp_ms', 7000), ('stamp_us', 7_000_000), ('stamp_ns', NOW_NS)],
)
def test_the_time_of_sending_as_a_number(unit: str, expected: int) -> None:
    described = dataclasses.replace(
        action('std_msgs/msg/Int64MultiArray', fields=('data[1]', 'data[2]')),
        constants={'data[0]': unit},
    )
    assert list(sent(described, (0.0, 1.0)).data) == [expected, 0, 1]
    described = dataclasses.replace(
        action('std_msgs/msg/Float64MultiArray', fields=('data[1]', 'data[2]')),
        constants={'data[0]': unit},
    )
    assert sent(described).data[0] == pytest.approx(expected, rel=1e-6)


def test_a_trajectory_is_stamped_if_asked_for() -> None:
    described = action('trajectory_msgs/msg/JointTrajectory', field=None)
    assert sent(described).header.stamp == Time()
    described = dataclasses.replace(described, constants={'header.stamp': 'stamp'})
    assert sent(described).header.stamp == Time(sec=7, nanosec=123)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    'an unknown path': (
        {'constants': {'pose.position.x': 1.0}},
        "constants: given 'pose.position.x' (did you mean 'poses[0].position.x'?)",
    ),
    'a place of the command': (
        {'constants': {'poses[1:3].position': 0.0}},
        'poses[1].position.x is the command; accepted: paths that are not filled otherwise',
    ),
    'a place twice': (
        {'constants': {'poses[0:2].orientation.z': 1.0, 'poses[1].orientation': 2.0}},
        'poses[1].orientation.z is in constants.poses[0:2].orientation.z, too',
    ),
    'a place of the frame': (
        {'constants': {'header.frame_id': 'map'}, 'frame': 'odom'},
        'header.frame_id is filled with the frame',
    ),
    'too many numbers': (
        {'constants': {'poses[0:2].position.z': (1.0, 2.0, 3.0)}},
        '3 values; accepted: one value, or 2',
    ),
    'a text for a number': (
        {'constants': {'poses[0].position.z': 'high'}},
        "'high'; accepted: a number in double, nan, inf or -inf, or the time of sending, stamp_s,",
    ),
    'true for a number': ({'constants': {'poses[0].position.z': True}}, 'True; accepted: a num'),
    'a number for a text': ({'constants': {'header.frame_id': 1}}, '1; accepted: a text'),
    'a number for a stamp': (
        {'constants': {'header.stamp': 0}},
        '0; accepted: stamp, the time of sending',
    ),
    'a stamp for a text': ({'constants': {'header.stamp': 'now'}}, "'now'; accepted: stamp"),
    'a list of messages': ({'constants': {'poses': 1.0}}, 'accepted'),
    'a slice of messages as the command': (
        {'field': 'poses[0:2]'},
        'joints: given 2; accepted: 14',
    ),
    'a slice of several numbers each': ({'field': 'poses[0:2].position'}, 'accepted: 6'),
    'no such module': ({'finish': 'nowhere:function'}, "finish: given 'nowhere:function': Module"),
    'no such function': ({'finish': f'{__name__}:nothing'}, 'has no attribute'),
    'not a function': ({'finish': f'{__name__}:NOW_NS'}, 'not a function'),
    'a function that fails': ({'finish': f'{__name__}:fail'}, 'IndexError: list index out of'),
    'a function that changes the command': (
        {'finish': f'{__name__}:change_the_command'},
        'changed the numbers of the command; accepted: a function that completes',
    ),
    'a function that returns a message': (
        {'finish': f'{__name__}:return_another'},
        'returned PoseArray',
    ),
}


@pytest.mark.parametrize('what', REFUSED)
def test_commands_that_cannot_be_made(what: str) -> None:
    more, words = REFUSED[what]
    with pytest.raises(ConfigurationError) as caught:
        CommandMessage(action(default=(0.25, 0.0), **more), 50.0)
    assert words in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('value', 'words'),
    [
        (256, 'accepted: a whole number in uint8, 0 to 255'),
        (-1, 'accepted: a whole number'),
        (0.5, 'accepted: a whole number'),
        ('stamp_s', 'accepted: a whole number in uint8, 0 to 255'),
        ('nan', 'accepted: a whole number'),
        (True, 'accepted: a whole number'),
    ],
)
def test_constants_beyond_a_type(value: Any, words: str) -> None:
    described = dataclasses.replace(
        action('sensor_msgs/msg/BatteryState', fields=('voltage', 'current')),
        constants={'power_supply_status': value},
    )
    with pytest.raises(ConfigurationError) as caught:
        CommandMessage(described, 50.0)
    assert words in str(caught.value)


def test_a_function_completes_each_message() -> None:
    described = action(finish=f'{__name__}:add_checksum')
    message = CommandMessage(described, 50.0)
    for command, expected in (([0.5, 0.25], 1.75), ([0.0, -0.5], 0.5)):
        data = message.serialise(np.array(command), lambda: NOW_NS)
        heard: PoseArray = deserialize_message(data, PoseArray)
        assert heard.poses[0].orientation.w == 1.0 + expected  # nothing is left of the one before
        assert heard.header.stamp == Time(sec=7, nanosec=123)
    assert len({id(item) for item in CALLED}) == len(CALLED)


def test_a_function_that_fails_later_is_named() -> None:
    message = CommandMessage(action(finish=f'{__name__}:fail_later'), 50.0)
    message.serialise(np.zeros(2), lambda: NOW_NS)
    with pytest.raises(RobotError, match=f'{__name__}:fail_later: OSError: no such device'):
        message.serialise(np.ones(2), lambda: NOW_NS)


def test_the_first_command_is_the_default_or_the_middle() -> None:
    first = CommandMessage(action(default=(0.25, -0.25)), 50.0).first(lambda: NOW_NS)
    assert [pose.position.x for pose in first.poses] == [0.0, 0.25, -0.25]
    first = CommandMessage(action(), 50.0).first(lambda: NOW_NS)
    assert [pose.position.x for pose in first.poses] == [0.0, 0.0, 0.0]
