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

"""Hands of all kinds: what their messages say, and which descriptions of them are refused.

Asked for by others: lerobot#1656 and #3174 (a gamepad with an axis or two buttons for each joint),
IsaacTeleop#356 (a leader arm whose joints are mirrored), teleop_tools#45 (a released dead man).
"""

from array import array
import math
from pathlib import Path
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
import pytest
from rl_agent.configuration import build, read_yaml
from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.robot import load_robot
from rl_agent.description.teaching.teleop import TeleopDescription
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.system.configuration_files import find_file
from rl_agent.teaching.ros_hand_reader import HandReader
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import Float64MultiArray
import yaml

DRIVE = ActionDescription(
    topic='cmd_vel',
    type='geometry_msgs/msg/Twist',
    fields=('linear.x', 'angular.z'),
    unit='m/s, rad/s',
    low=(-0.1, -2.0),
    high=(0.3, 2.0),
)
ARM = ActionDescription(
    topic='commands',
    type='std_msgs/msg/Float64MultiArray',
    joints=('shoulder', 'elbow', 'grip'),
    unit='rad',
    low=(-1.0, -1.0, 0.0),
    high=(1.0, 1.0, 1.0),
)
GAMEPAD = {
    'topic': 'joy',
    'axes': {
        'elbow': {'axis': 3, 'scale': -1.0, 'deadzone': 0.2},
        'grip': {'buttons': [7, 6]},
    },
    'dead_man': 4,
}


def reader(action: ActionDescription, **teleop: Any) -> HandReader:
    """Return the reader of a hand for a robot with this action."""
    description = build(TeleopDescription, {'topic': 'hand', **teleop}, 'teleop')
    command = CommandDescription((action,))
    assert description.mistakes(command) == []
    return HandReader(description, command, '/hand')


def joy(axes: list[float], *held: int, buttons: int = 12) -> Joy:
    """Return a message of a joystick."""
    return Joy(axes=array('f', axes), buttons=array('i', [int(n in held) for n in range(buttons)]))


def test_a_gamepad_has_axes_buttons_and_a_dead_man() -> None:
    """A dead zone of 0.2 stretches 0.2 to 1 to 0 to 1: 0.6 is half of the way."""
    read = reader(ARM, **GAMEPAD)
    said = read(joy([9.0, 9.0, 9.0, 0.6], 4, 7))
    np.testing.assert_allclose(said.numbers, [np.nan, -0.5, 1.0], atol=1e-6)
    assert (said.is_held, said.buttons) == (True, frozenset({4, 7}))
    said = read(joy([0.0, 0.0, 0.0, -0.19], 6))
    np.testing.assert_array_equal(said.numbers, [np.nan, 0.0, -1.0])
    assert said.is_held is False
    assert read(joy([0.0] * 4, 6, 7)).numbers[2] == 0.0


def test_more_axes_and_buttons_than_asked_for_do_no_harm() -> None:
    said = reader(ARM, **GAMEPAD)(joy([0.0] * 20, 30, buttons=40))
    assert said.buttons == {30}


@pytest.mark.parametrize(
    ('message', 'told'),
    [
        (joy([0.0] * 3), 'given 3 axes and 12 buttons; accepted: at least 4 and 8'),
        (joy([0.0] * 4, buttons=7), 'given 4 axes and 7 buttons; accepted: at least 4 and 8'),
        (Joy(), 'given 0 axes and 0 buttons; accepted: at least 4 and 8'),
        (joy([0.0, 0.0, 0.0, math.nan]), 'accepted: finite numbers'),
        (joy([0.0, 0.0, 0.0, math.inf]), 'accepted: finite numbers'),
    ],
)
def test_bad_messages_of_a_gamepad_are_refused(message: Joy, told: str) -> None:
    with pytest.raises(RobotError, match=f'^/hand: .*{told}'):
        reader(ARM, **GAMEPAD)(message)


def test_a_nan_that_nobody_asks_for_does_no_harm() -> None:
    said = reader(ARM, **GAMEPAD)(joy([math.nan, 0.0, 0.0, 0.0]))
    assert said.numbers[1] == 0.0


@pytest.mark.parametrize('kind', [Twist, TwistStamped])
def test_a_twist_is_read_by_its_fields(kind: Any) -> None:
    prefix = '' if kind is Twist else 'twist.'
    read = reader(
        DRIVE,
        type=f'geometry_msgs/msg/{kind.__name__}',
        axes={'angular.z': {'field': f'{prefix}angular.z', 'scale': 0.5}},
    )
    message = kind()
    (message if kind is Twist else message.twist).angular.z = 1.5
    said = read(message)
    np.testing.assert_array_equal(said.numbers, [np.nan, 0.75])
    assert (said.is_held, said.buttons) == (None, frozenset())


def test_a_leader_arm_is_read_by_its_joints() -> None:
    read = reader(
        ARM,
        type='sensor_msgs/msg/JointState',
        mode='command',
        axes={
            'shoulder': {'field': 'position', 'joint': 'leader_1'},
            'elbow': {'field': 'position', 'joint': 'leader_2', 'scale': -1},
        },
    )
    message = JointState(name=['leader_2', 'other', 'leader_1'], position=[0.5, 9.0, 0.25])
    np.testing.assert_array_equal(read(message).numbers, [0.25, -0.5, np.nan])
    message.name[0] = 'leader_3'
    with pytest.raises(RobotError, match='accepted: a message that names leader_2'):
        read(message)


def test_without_axes_it_is_the_command_itself() -> None:
    read = reader(ARM, type='std_msgs/msg/Float64MultiArray', mode='command')
    assert read(Float64MultiArray(data=[0.5, -0.5, 1.0])).numbers.tolist() == [0.5, -0.5, 1.0]
    for bad in ([0.5, -0.5], [0.5, -0.5, math.nan]):
        with pytest.raises(RobotError, match='accepted'):
            read(Float64MultiArray(data=bad))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    'no axes': ({'axes': {}}, 'axes: given none; accepted: at least one;'),
    'an axis of nothing': (
        {'axes': {'wrist': {'axis': 0}}},
        'axes: given wrist; accepted: the numbers of the action: shoulder, elbow',
    ),
    'an axis without a source': (
        {'axes': {'elbow': {'scale': 2.0}}},
        'axes.elbow: given none; accepted: one of axis, buttons, field',
    ),
    'two sources': (
        {'axes': {'elbow': {'axis': 1, 'buttons': [0, 1]}}},
        'axes.elbow: given axis and buttons; accepted: one of axis, buttons, field',
    ),
    'one axis twice': (
        {'axes': {'elbow': {'axis': 1}, 'shoulder': {'axis': 1}}},
        'given twice: 1; accepted: each once',
    ),
    'one button': (
        {'axes': {'elbow': {'buttons': [1]}}},
        'axes.elbow.buttons: given [1]; accepted: ',
    ),
    'the dead man as an axis': (
        {'axes': {'elbow': {'buttons': [4, 5]}}, 'dead_man': 4},
        'axes.elbow.buttons: given 4, the dead_man; accepted: others',
    ),
    'a field of a Joy': (
        {'axes': {'elbow': {'field': 'axes[0]'}}},
        'axes.elbow: given field: axes[0]; accepted: axis or buttons with sensor_msgs/msg/Joy',
    ),
    'an axis of a Twist': (
        {'type': 'geometry_msgs/msg/Twist', 'axes': {'elbow': {'axis': 0}}},
        'axes.elbow: given axis or buttons; accepted: field with geometry_msgs/msg/Twist',
    ),
    'a dead man of a Twist': (
        {
            'type': 'geometry_msgs/msg/Twist',
            'axes': {'elbow': {'field': 'linear.x'}},
            'dead_man': 4,
        },
        'dead_man: given 4 with geometry_msgs/msg/Twist; accepted: none, as only',
    ),
    'no scale': (
        {'axes': {'elbow': {'axis': 1, 'scale': 0}}},
        'axes.elbow: scale: given 0; accepted: another number',
    ),
    'a dead zone of everything': (
        {'axes': {'elbow': {'axis': 1, 'deadzone': 1}}},
        'axes.elbow.deadzone: given 1; accepted: less than 1',
    ),
    'a dead zone of commands': (
        {'mode': 'command', 'axes': {'elbow': {'axis': 1, 'deadzone': 0.1}}},
        'axes.elbow.deadzone: given 0.1; accepted: 0 with mode: command',
    ),
    'a slice': (
        {'type': 'geometry_msgs/msg/Twist', 'axes': {'elbow': {'field': 'a[0:2].x'}}},
        "axes.elbow: field: given 'a[0:2].x'; accepted: the path of one number",
    ),
    'another mode': (
        {'axes': {'elbow': {'axis': 1}}, 'mode': 'speed'},
        "mode: given 'speed'; accepted: 'absolute', 'relative' or 'command'",
    ),
    'the topic of the command': (
        {'topic': 'effort_controller/commands', 'axes': {'elbow': {'axis': 1}}},
        "topic: given 'effort_controller/commands', a command topic; accepted: another one",
    ),
    'the topic of a sensor': (
        {'topic': 'joint_states', 'axes': {'elbow': {'axis': 1}}},
        "topic: given 'joint_states', a sensor topic; accepted: another one",
    ),
    'another type without axes': (
        {'type': 'geometry_msgs/msg/Twist', 'mode': 'command'},
        'axes: given none with geometry_msgs/msg/Twist; accepted: none only with the type of a',
    ),
    'a field that a Twist lacks': (
        {'type': 'geometry_msgs/msg/Twist', 'axes': {'elbow': {'field': 'linear.w'}}},
        "given 'linear.w' (did you mean",
    ),
    'a joint where none is named': (
        {
            'type': 'geometry_msgs/msg/Twist',
            'axes': {'elbow': {'field': 'linear.x', 'joint': 'elbow'}},
        },
        "joint: given 'elbow'; accepted: none, as geometry_msgs/msg/Twist names no joints",
    ),
    'a type that is not installed': (
        {'type': 'no_msgs/msg/Stick', 'axes': {'elbow': {'field': 'x'}}},
        'no_msgs',
    ),
}


@pytest.mark.parametrize('name', REFUSED)
def test_each_mistake_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    teleop, expected = REFUSED[name]
    content = {**read_yaml(find_file('robots', 'arm')), 'teleop': {'topic': 'joy', **teleop}}
    path = tmp_path / 'arm.yaml'
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError) as caught:
        load_ros_robot(str(path))
    line = str(caught.value)
    assert '\n' not in line
    assert line.startswith(f'{path}: teleop')
    assert expected in line


@pytest.mark.parametrize('robot', ['arm', 'diff_drive', 'so101'])
def test_the_shipped_hands_fit(robot: str) -> None:
    teleop = load_robot(robot).teleop
    assert teleop is not None
    assert teleop.mistakes(load_robot(robot).command) == []
