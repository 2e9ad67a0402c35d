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

"""Paths are resolved by message type alone; errors name the path and suggest a similar one."""

from typing import Any

import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.errors import ConfigurationError
import rl_agent.message_fields.ros_command_mistakes
import rl_agent.message_fields.ros_field_extractor
from rl_agent.message_fields.ros_field_paths import FieldType, leaves, resolve, size_of
from rl_agent.ros.ros_messages import import_message


@pytest.mark.parametrize(
    ('kind', 'path', 'expected'),
    [
        ('sensor_msgs/msg/JointState', 'position', FieldType('double', is_list=True)),
        ('sensor_msgs/msg/LaserScan', 'ranges', FieldType('float', is_list=True)),
        ('sensor_msgs/msg/LaserScan', 'ranges[3]', FieldType('float')),
        ('sensor_msgs/msg/Imu', 'orientation', FieldType('geometry_msgs/msg/Quaternion')),
        ('sensor_msgs/msg/Imu', 'orientation_covariance', FieldType('double', True, 9)),
        ('nav_msgs/msg/Odometry', 'twist.twist.linear.x', FieldType('double')),
        (
            'trajectory_msgs/msg/JointTrajectory',
            'points[0].positions',
            FieldType('double', is_list=True),
        ),
        ('std_msgs/msg/Bool', 'data', FieldType('boolean')),
    ],
)
def test_resolve(kind: str, path: str, expected: FieldType) -> None:
    assert resolve(kind, path) == expected


@pytest.mark.parametrize(
    ('kind', 'path', 'names', 'size'),
    [
        ('sensor_msgs/msg/Imu', 'orientation', 'orientation.[xyzw]', 4),
        ('geometry_msgs/msg/WrenchStamped', 'wrench.force', 'wrench.force.[xyz]', 3),
        ('sensor_msgs/msg/JointState', 'effort', 'effort', None),
        ('sensor_msgs/msg/Imu', 'angular_velocity_covariance', 'angular_velocity_covariance', 9),
    ],
)
def test_leaves_and_their_size(kind: str, path: str, names: str, size: int | None) -> None:
    stem, _, letters = names.partition('[')
    expected = [stem + letter for letter in letters.rstrip(']')] or [stem]
    found = leaves(kind, path)
    assert [name for name, _ in found] == expected
    assert size_of(found) == size


@pytest.mark.parametrize(
    ('kind', 'path', 'words'),
    [
        ('sensor_msgs/msg/JointState', 'positon', "did you mean 'position'?"),
        ('geometry_msgs/msg/TwistStamped', 'linear.x', "did you mean 'twist.linear.x'?"),
        ('nav_msgs/msg/Odometry', 'pose.position', 'accepted: a path in nav_msgs/msg/Odometry: '),
        ('sensor_msgs/msg/Imu', 'orientation[0]', "given 'orientation[0]'"),
        ('sensor_msgs/msg/Imu', 'orientation_covariance[9]', 'accepted'),
        (
            'trajectory_msgs/msg/JointTrajectory',
            'points.positions',
            "did you mean 'points[0].positions'?",
        ),
        ('trajectory_msgs/msg/JointTrajectory', 'points[0:2]', "given 'points[0:2]'"),
        ('geometry_msgs/msg/PoseArray', 'poses[0:2].x', "given 'poses[0].x'"),
        ('sensor_msgs/msg/Imu', 'orientation[0:4]', "given 'orientation[0]'"),
        (
            'sensor_msgs/msg/Imu',
            'orientation_covariance[7:10]',
            'accepted: orientation_covariance[0] to orientation_covariance[8]',
        ),
        ('sensor_msgs/msg/JointState', 'header.frame_id', 'accepted: the path of numbers'),
        ('trajectory_msgs/msg/JointTrajectory', 'points', 'accepted: the path of numbers'),
    ],
)
def test_invalid_paths_are_refused(kind: str, path: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        leaves(kind, path)
    assert words in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('kind', 'words'),
    [
        ('sensor_msgs/msg/JointStates', "did you mean 'JointState'?"),
        ('sensor_msg/msg/JointState', 'accepted: the type of an installed message'),
    ],
)
def test_unknown_message_types_are_refused(kind: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=f'given {kind!r}') as caught:
        import_message(kind)
    assert words in str(caught.value)


def test_a_slice_stands_for_all_its_paths() -> None:
    found = leaves('geometry_msgs/msg/PoseArray', 'poses[2:4].position')
    assert [path for path, _ in found] == [
        f'poses[{index}].position.{letter}' for index in (2, 3) for letter in 'xyz'
    ]


IMU, JOINTS = 'sensor_msgs/msg/Imu', 'sensor_msgs/msg/JointState'
POSES, ARRAY = 'geometry_msgs/msg/PoseArray', 'std_msgs/msg/Float64MultiArray'
OBSERVED: list[tuple[dict[str, Any], str]] = [
    ({'type': IMU, 'field': 'angular_velocity', 'size': 4}, 'size: given 4; accepted: 3'),
    ({'type': IMU, 'field': 'angular_velocity'}, 'size: given 1; accepted: 3'),
    ({'type': IMU, 'field': 'angular_velocity', 'indices': (3,)}, 'indices: given 3'),
    ({'type': IMU, 'field': 'orientation', 'joints': ('a',)}, 'names no joints'),
    ({'type': 'std_msgs/msg/Float64', 'field': 'data', 'frame': 'base'}, 'has no header'),
    ({'type': JOINTS, 'field': 'position', 'joints': ('a',)}, ''),
    ({'type': JOINTS, 'field': 'position', 'size': 7}, ''),
    ({'type': JOINTS, 'field': 'position[0:2]', 'joints': ('a', 'b')}, 'without a slice'),
    ({'type': POSES, 'field': 'poses[0:2].position.x', 'joints': ('a', 'b')}, ''),
    ({'type': POSES, 'field': 'poses[0:2].position.x'}, ''),
    ({'type': POSES, 'field': 'poses[0:2].position', 'size': 6}, ''),
    ({'type': POSES, 'field': 'poses[0:2].position'}, 'size: given 2; accepted: 6'),
    ({'type': POSES, 'field': 'poses[0:2].position.x', 'joints': ('a',)}, 'each of the 2 numbers'),
    ({'type': POSES, 'field': 'poses[0:2].position.x', 'indices': (2,)}, 'accepted: 0 to 1'),
    ({'type': ARRAY, 'field': 'data', 'size': 4, 'transform': 'heading'}, 'xyzw or wxyz'),
    (
        {
            'type': ARRAY,
            'field': 'data',
            'size': 4,
            'transform': 'heading',
            'quaternion_order': 'xyzw',
        },
        '',
    ),
    ({'type': ARRAY, 'field': 'data', 'indices': (1, 2, 3, 0), 'transform': 'heading'}, ''),
    ({'type': IMU, 'field': 'orientation', 'size': 4, 'transform': 'heading'}, ''),
]


@pytest.mark.parametrize(('more', 'mistake'), OBSERVED)
def test_fields_that_a_message_type_does_not_have(more: dict[str, Any], mistake: str) -> None:
    found = rl_agent.message_fields.ros_field_extractor.static_mistakes(
        ObservationField(name='a', topic='t', **more)
    )
    assert len(found) == (1 if mistake else 0)
    assert mistake in ''.join(found)


COMMANDED: list[tuple[dict[str, Any], str]] = [
    ({'type': 'geometry_msgs/msg/Twist', 'fields': ('linear.x', 'angular.z')}, ''),
    (
        {'type': 'geometry_msgs/msg/TwistStamped', 'fields': ('linear.x', 'twist.angular.z')},
        "fields.0: given 'linear.x' (did you mean 'twist.linear.x'?)",
    ),
    ({'type': JOINTS, 'joints': ('a', 'b'), 'field': 'efort'}, "did you mean 'effort'?"),
    ({'type': JOINTS, 'joints': ('a', 'b'), 'field': 'header.stamp.sec'}, 'a list of numbers'),
    ({'type': JOINTS, 'fields': ('position', 'effort[0]')}, 'accepted: one number'),
    ({'type': 'nope_msgs/msg/Command', 'fields': ('a', 'b')}, 'type: given'),
    (
        {'type': 'geometry_msgs/msg/Twist', 'fields': ('linear.x', 'linear.y'), 'frame': 'base'},
        "frame: given 'base'",
    ),
]


@pytest.mark.parametrize(('more', 'mistake'), COMMANDED)
def test_commands_that_a_message_type_does_not_take(more: dict[str, Any], mistake: str) -> None:
    action = ActionDescription(topic='t', unit='', low=(-1, -1), high=(1, 1), **more)
    found = rl_agent.message_fields.ros_command_mistakes.static_mistakes(action)
    assert len(found) == (1 if mistake else 0)
    assert mistake in ''.join(found)
