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

"""Drafts of what was heard, without a robot: what is left out and why."""

from typing import Any

import pytest
from rl_agent.robot_draft.draft_file import common_prefix, make_draft
from rl_agent.robot_survey.survey import Controller, Part, Survey, Topic
from sensor_msgs.msg import BatteryState, Imu, JointState, LaserScan, Range
from std_msgs.msg import Float64MultiArray
import yaml

GRIPPER = """
<robot name="gripper">
  <joint name="finger" type="prismatic"><limit lower="0" upper="0.04" velocity="0.25"/></joint>
  <joint name="thumb" type="prismatic"><mimic joint="finger"/></joint>
  <joint name="hinge" type="revolute"><limit lower="-1" upper="1" velocity="2"/></joint>
</robot>
"""


def heard(name: str, message: Any, rate_hz: float = 50.0, **more: Any) -> Topic:
    """Return a topic with 101 messages."""
    kind = type(message)
    package = kind.__module__.partition('.')[0]
    names = tuple(message.name) if isinstance(message, JointState) else ()
    part = Part(names, message, 101, 0.0, 100.0 / rate_hz)
    return Topic(name, f'{package}/msg/{kind.__name__}', parts={names: part}, **more)


def commanded(kind: str, node: str = '/driver', name: str = 'commands') -> Topic:
    """Return a topic that a node listens to."""
    return Topic(name, kind, subscribers=(node,))


def read(survey: Survey) -> dict[str, Any]:
    """Return the content of a draft."""
    content: dict[str, Any] = yaml.safe_load(make_draft(survey).text)
    return content


def test_joints_in_rad_and_in_m_do_not_share_a_field_or_an_action() -> None:
    state = JointState(name=['hinge', 'finger', 'thumb'], position=[0.5, 0.01, 0.01])
    arrays = commanded('std_msgs/msg/Float64MultiArray')
    survey = Survey(
        [heard('joint_states', state), arrays],
        urdf=GRIPPER,
        controllers={'commands': Controller(('finger', 'hinge'), 'position')},
    )
    content = read(survey)
    fields = [(item['name'], item['joints'], item['unit']) for item in content['observation']]
    assert fields == [('position', ['hinge'], 'rad'), ('slide_position', ['finger'], 'm')]
    low = content['action']['low']
    assert low == 'FILL IN: joints in rad and in m cannot share an action: choose'
    assert 'joint thumb follows finger (mimic): left out' in make_draft(survey).text


@pytest.mark.parametrize(
    ('interface', 'unit', 'low', 'high'),
    [
        ('position', 'm', [0.0], [0.04]),
        ('velocity', 'm/s', [-0.25], [0.25]),
        ('effort', 'N', ['FILL IN: lowest command of finger, N'], None),
        ('', 'm', ['FILL IN: lowest command of finger, m'], None),
    ],
)
def test_the_box_is_that_of_the_interface(
    interface: str, unit: str, low: list[Any], high: list[Any] | None
) -> None:
    """Without the controller's word the name of the topic gives the unit, but no bounds."""
    state = JointState(name=['finger'], position=[0.01])
    name = 'position_controller/commands'
    survey = Survey(
        [heard('joint_states', state), commanded('std_msgs/msg/Float64MultiArray', name=name)],
        urdf=GRIPPER,
        controllers={name: Controller(('finger',), interface)},
    )
    action = read(survey)['action']
    assert (action['unit'], action['low']) == (unit, low)
    assert high is None or action['high'] == high


def test_numbers_that_are_not_measured_are_commented_out() -> None:
    state = JointState(
        name=['hinge', 'finger'],
        position=[0.5, 0.01],
        velocity=[float('nan'), 0.0],
        effort=[0.0, 0.0],
    )
    battery = BatteryState(percentage=float('nan'))
    survey = Survey(
        [heard('joint_states', state), heard('battery', battery), heard('imu', Imu())],
        urdf=GRIPPER,
    )
    draft = make_draft(survey)
    names = [item['name'] for item in yaml.safe_load(draft.text)['observation']]
    assert names == [
        'position',
        'slide_position',
        'slide_velocity',
        'gravity',
        'angular_velocity',
        'linear_acceleration',
    ]
    assert '# velocity: not finite for any joint' in draft.text
    assert '# effort: 0 for all joints: this driver may not measure it' in draft.text
    assert '# battery: percentage is not finite: it is not measured' in draft.text


def test_a_distance_is_bounded_as_its_sensor_says() -> None:
    (field,) = read(Survey([heard('sonar', Range(min_range=0.25, max_range=4.0))]))['observation']
    assert (field['bounds'], field['clip'], field['replace_nan']) == ([0.25, 4.0], True, 4.0)
    (field,) = read(Survey([heard('sonar', Range())]))['observation']
    assert 'bounds' not in field


@pytest.mark.parametrize(
    ('angles', 'rays'),
    [
        ((-3.14, 3.14), {'count': 24}),
        ((-2.0, 2.0), {'count': 24, 'first_rad': -2.0, 'last_rad': 2.0}),
        ((1.0, 1.0), {'count': 1, 'first_rad': 1.0, 'last_rad': 1.0}),
        ((2.0, 1.0), {'count': 24}),  # clockwise, or nonsense: a person looks
    ],
)
def test_the_rays_of_a_scan(angles: tuple[float, float], rays: dict[str, Any]) -> None:
    scan = LaserScan(angle_min=angles[0], angle_max=angles[1], range_max=4.0)
    (field,) = read(Survey([heard('scan', scan)]))['observation']
    assert field['rays'] == rays
    assert field['bounds'] == [0.0, 4.0]


def test_a_list_of_numbers_has_the_size_that_it_had() -> None:
    message = Float64MultiArray(data=[1.0, 2.0])
    (field,) = read(Survey([heard('tactile', message)]))['observation']
    assert (field['field'], field['size']) == ('data', 2)


def test_nothing_that_can_be_used_leaves_placeholders() -> None:
    silent = Topic('imu', 'sensor_msgs/msg/Imu', publishers=('/driver',))
    odd = Topic('own', 'my_msgs/msg/Own', note='its type is not installed here: install my_msgs')
    draft = make_draft(Survey([silent, odd], seconds=5.0, namespace='on'))
    content = yaml.safe_load(draft.text)
    assert content['name'] == 'on'  # not true, as YAML might have it
    assert content['observation'] == []
    assert '# imu (sensor_msgs/msg/Imu), published by /driver: no message came' in draft.text
    assert 'own (my_msgs/msg/Own): its type is not installed here: install my_msgs' in draft.notes
    assert draft.to_fill_in[0] == 'observation: no sensor was heard that this tool knows'


def test_commands_of_a_type_that_this_tool_does_not_know() -> None:
    """Such as PX4's set-points: a person chooses among their numbers."""
    kind = 'px4_msgs/msg/Setpoint'
    topic = Topic('setpoint', kind, subscribers=('/px4',), fields=('yaw', 'v'))
    draft = make_draft(Survey([topic, heard('imu', Imu())]))
    words = f'may take commands: setpoint ({kind}, heard by /px4); its numbers: yaw, v'
    assert f'  # {words}' in draft.text
    assert draft.to_fill_in[0].startswith('action.topic: where commands go: no node was found')


def test_an_arm_on_a_base_may_command_both() -> None:
    """A person decides: remove the comment signs, and the loader accepts both."""
    state = heard('joint_states', JointState(name=['finger', 'hinge'], position=[0.01, 0.5]))
    arm = commanded('trajectory_msgs/msg/JointTrajectory', '/arm', 'arm/joint_trajectory')
    other = commanded('std_msgs/msg/Float64MultiArray', '/other', 'arm_position/commands')
    gripper = commanded('std_msgs/msg/Float64MultiArray', '/gripper', 'gripper/commands')
    base = commanded('geometry_msgs/msg/Twist', '/base', 'cmd_vel')
    survey = Survey(
        [
            state,
            arm,
            other,
            gripper,
            base,
            commanded('geometry_msgs/msg/Twist', '/nav', 'nav/cmd'),
        ],
        urdf=GRIPPER,
        controllers={
            'arm/joint_trajectory': Controller(('hinge',)),
            'arm_position/commands': Controller(('hinge',), 'position'),
            'gripper/commands': Controller(('finger',), 'position'),
            'cmd_vel': Controller(speeds={'linear.x': (-1.0, 1.0), 'angular.z': (-2.0, 2.0)}),
        },
    )
    text = make_draft(survey).text
    content = yaml.safe_load(text)
    assert content['action']['joints'] == ['hinge']
    assert 'more_actions' not in content
    start = text.index('# more_actions:')
    section = text[start : text.index('\n\n', start)].replace('# ', '', 1)
    lines = [line.replace('# ', '', 1) for line in section.splitlines()]
    more = yaml.safe_load('\n'.join(lines))['more_actions']
    assert [item['topic'] for item in more] == ['gripper/commands', 'cmd_vel']
    assert (more[0]['low'], more[0]['high']) == ([0.0], [0.04])
    assert (more[1]['low'], more[1]['high']) == ([-1.0, -2.0], [1.0, 2.0])
    for name in ('arm_position/commands', 'nav/cmd'):  # the same joints, the same wheels
        assert f'  # also takes commands: {name}' in text


def test_what_is_published_once() -> None:
    goal = heard('goal', JointState(name=['a'], position=[0.5]), is_kept=True)
    goal.parts[('a',)].count = 1
    state = heard('joint_states', JointState(name=['a', 'b'], position=[0.5, 0.5]))
    survey = Survey([state, goal, commanded('trajectory_msgs/msg/JointTrajectory')])
    content = read(survey)
    once = {item['topic']: item.get('once', False) for item in content['observation']}
    assert once == {'goal': True, 'joint_states': False}
    assert sorted(content['action']['joints']) == ['a', 'b']  # each once


def test_two_nodes_that_give_one_joint() -> None:
    """xarm_ros#185: each joint is taken from one of them."""
    topic = heard('joint_states', JointState(name=['a', 'b'], position=[0.5, 0.5]))
    topic.parts[('b',)] = Part(('b',), JointState(name=['b'], position=[0.0]), 101, 0.0, 2.0)
    draft = make_draft(Survey([topic]))
    (field,) = yaml.safe_load(draft.text)['observation']
    assert field['joints'] == ['a', 'b']
    assert 'joint b comes in messages with different joints: from two nodes?' in draft.text


@pytest.mark.parametrize(
    ('names', 'prefix'),
    [
        (['left_a', 'left_b'], 'left_'),
        (['robot/a_1', 'robot/a_2'], 'robot/a_'),
        (['ab', 'ac'], ''),
        (['left_a'], ''),
        (['a_b', 'a_b_c'], 'a_'),
    ],
)
def test_what_all_joints_begin_with(names: list[str], prefix: str) -> None:
    assert common_prefix(names) == prefix
