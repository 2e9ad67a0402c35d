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

"""Messages as YAML that `ros2 topic pub` takes: what is left out is in a new message, too.

People want to publish what a tool shows them without rewriting it (ros2/ros2cli#919).
"""

import math
from typing import Any

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Pose, PoseArray, PoseWithCovariance
from rl_agent.message_fields.message_yaml import message_values, message_yaml
from sensor_msgs.msg import BatteryState, JointState, MultiDOFJointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
import yaml


def fill(message: Any, values: dict[str, Any], kinds: dict[str, type]) -> Any:
    """Write values into a new message; `kinds` are the messages in lists."""
    for name, value in values.items():
        if isinstance(value, dict):
            fill(getattr(message, name), value, kinds)
        elif name in kinds:
            setattr(message, name, [fill(kinds[name](), item, kinds) for item in value])
        else:
            setattr(message, name, value)
    return message


def test_a_trajectory() -> None:
    point = JointTrajectoryPoint(
        positions=[0.0, -0.5], time_from_start=Duration(nanosec=20_000_000)
    )
    message = JointTrajectory(joint_names=['shoulder', 'on'], points=[point])
    text = message_yaml(message_values(message))
    assert text.splitlines() == [
        "joint_names: [shoulder, 'on']",  # a name that YAML takes for true
        'points:',
        '- positions: [0.0, -0.5]',
        '  time_from_start: {nanosec: 20000000}',
    ]
    again = fill(JointTrajectory(), yaml.safe_load(text), {'points': JointTrajectoryPoint})
    assert again == message


def test_messages_in_a_list_show_the_same_fields() -> None:
    """The first motor's 0 is a command like that of the others."""
    message = PoseArray(poses=[Pose() for _ in range(3)])
    message.header.frame_id = 'map: {}'
    for number, pose in enumerate(message.poses):
        pose.position.y = number / 2
    text = message_yaml(message_values(message))
    assert text.splitlines() == [
        "header: {frame_id: 'map: {}'}",
        'poses:',
        '- position: {y: 0.0}',
        '- position: {y: 0.5}',
        '- position: {y: 1.0}',
    ]
    assert fill(PoseArray(), yaml.safe_load(text), {'poses': Pose}) == message


def test_a_field_with_another_default_than_0() -> None:
    """A new quaternion has w = 1: left out is 1, and 0 is shown."""
    message = PoseWithCovariance()
    assert message_values(message) == {}
    message.pose.orientation.w = 0.0
    message.covariance[0] = -1.0
    assert message_values(message) == {
        'pose': {'orientation': {'w': 0.0}},
        'covariance': [-1.0, *[0.0] * 35],
    }


def test_numbers_of_32_bits_and_nan() -> None:
    battery = BatteryState(voltage=12.6, present=True, cell_voltage=[4.2, math.nan])
    battery.current = math.nan
    text = message_yaml(message_values(battery))
    assert text.splitlines() == [
        'voltage: 12.6',
        'current: .nan',
        'present: true',
        'cell_voltage: [4.2, .nan]',
    ]
    assert math.isnan(yaml.safe_load(text)['current'])


def test_a_new_message_needs_nothing() -> None:
    assert message_yaml(message_values(MultiDOFJointState())) == '{}'
    assert message_values(JointState(name=['a'])) == {'name': ['a']}
