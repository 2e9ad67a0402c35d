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

"""What leaves for the robot is finite, in the box and near the last command."""

import math

from joint_bounds import joint_bounds
import numpy as np
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.safety import SafetyDescription
from rl_agent.errors import RobotError
from rl_agent.safety.command_door import CommandDoor

ACTION = ActionDescription(
    topic='commands',
    type='std_msgs/msg/Float64MultiArray',
    unit='rad',
    joints=('knee',),
    low=(-2.0,),
    high=(2.0,),
    default=(0.5,),
)


def door(slew_per_s: float | None = 4.0, high: float = 1.0) -> CommandDoor:
    """Return a door for commands from -2 to `high`; 4 rad/s are 0.08 rad a period."""
    slew = None if slew_per_s is None else (slew_per_s,)
    safety = SafetyDescription(command_high=(high,), slew_per_s=slew)
    return CommandDoor(joint_bounds(ACTION, 50.0, safety))


def pass_through(tried: CommandDoor, *numbers: float) -> list[float]:
    """Return what leaves for these commands, one after the other."""
    left = []
    for number in numbers:
        command = tried.limit(np.array([number]))
        tried.record(command)
        left.append(float(command[0]))
    return left


def test_each_command_is_near_the_last_one() -> None:
    assert pass_through(door(), 1e9, 1e9, -1e9, 0.6) == pytest.approx([0.58, 0.66, 0.58, 0.6])


def test_without_a_slew_limit_the_box_is_left() -> None:
    assert pass_through(door(None), 1e9, -1e9, 0.25) == [1.0, -2.0, 0.25]


def test_the_box_holds_at_its_end() -> None:
    tried = door()
    tried.begin(np.array([0.97]))
    assert pass_through(tried, 5.0, 5.0) == [1.0, 1.0]


@pytest.mark.parametrize(
    ('pose', 'expected'), [(-1.0, -1.0), (1.04, 1.0), (-9.0, -2.0), (None, 0.5)]
)
def test_the_first_command_starts_at_the_pose_else_at_the_default(
    pose: float | None, expected: float
) -> None:
    tried = door()
    assert tried.begin(None if pose is None else np.array([pose])) == [expected]
    assert pass_through(tried, expected - 0.08) == pytest.approx([max(expected - 0.08, -2.0)])


def test_a_command_in_effect_comes_before_the_pose() -> None:
    """The robot is still pulled there."""
    tried = door()
    pass_through(tried, 0.5)
    assert tried.begin(np.array([-1.0])) == [0.5]
    tried.forget()
    assert tried.in_effect is None
    assert tried.begin(None) == [0.5]
    assert tried.begin(np.array([-1.0])) == [-1.0]


def test_what_is_within_the_bounds_leaves_as_the_same_array() -> None:
    tried = door()
    command = np.array([0.5 + 4.0 / 50.0])
    assert tried.limit(command) is command


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
def test_a_command_that_is_not_finite_does_not_leave(number: float) -> None:
    with pytest.raises(RobotError, match=r'command: given \[.*\]; accepted: finite numbers'):
        door().limit(np.array([number]))


def test_rest_is_reached_at_once() -> None:
    tried = door()
    at_once = np.array([True])
    assert tried.limit(np.zeros(1), at_once=at_once) == [0.0]
    assert tried.limit(np.array([9.0]), at_once=at_once) == [1.0]


def test_the_speed_is_that_of_the_last_change() -> None:
    """Also of the first command, from where it starts."""
    tried = door()
    tried.begin(np.array([0.25]))
    pass_through(tried, 0.3)
    assert tried.speed == pytest.approx([2.5])
    pass_through(tried, 0.3)
    assert tried.speed == [0.0]
    tried.forget()
    assert tried.speed is None
