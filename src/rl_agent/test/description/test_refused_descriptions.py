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

"""Invalid robot descriptions are refused; the error names the key and what is accepted."""

from collections.abc import Callable
import copy
import math
from pathlib import Path

import pytest
from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_topic_name import validate_topic_name
from rl_agent.description.field_types import check_topic
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from robot_contents import ARM, change, Content, remove, SCAN, write

BASE = {
    'topic': 'base',
    'type': 'geometry_msgs/msg/Twist',
    'fields': ['linear.x'],
    'unit': 'm/s',
    'low': [-1],
    'high': [1],
}
MODE = {'topic': 'mode', 'type': 'std_msgs/msg/String', 'constants': {'data': 'velocity'}}
REFUSED: dict[str, tuple[Callable[[Content], None], str]] = {
    # mistake: (change that makes it, parts of the one error line in order, separated by `...`)
    'name missing': (remove('name'), 'name: missing'),
    'observation missing': (remove('observation'), 'observation: missing'),
    'action missing': (remove('action'), 'action: missing'),
    'task missing': (remove('task'), 'task: missing'),
    'reset missing': (remove('reset'), 'reset: missing'),
    'name with a blank': (change('name', value='my arm'), "name: given 'my arm'; accepted"),
    'no rate': (change('rate_hz', value=0), 'rate_hz: given 0; accepted: greater than 0'),
    'rate too high': (change('rate_hz', value=1001), 'rate_hz: given 1001; accepted ... 1000'),
    'rate not finite': (change('rate_hz', value=math.nan), 'rate_hz: given nan ... finite'),
    'rate is text': (change('rate_hz', value='fast'), "rate_hz: given 'fast' ... number"),
    'no steps': (change('episode_steps', value=0), 'episode_steps: given 0 ... equal to 1'),
    'too many steps': (change('episode_steps', value=10**6 + 1), 'episode_steps ... 1000000'),
    'half a step': (
        change('episode_steps', value=1.5),
        'episode_steps: given 1.5 ... a whole number',
    ),
    'no observation': (
        change('observation', value=[]),
        'observation: given [] ... a list of 1 or more',
    ),
    'unknown key': (
        change('rate', value=1),
        "rate: unknown key (did you mean 'rate_hz'?); accepted: action, companions,",
    ),
    'unknown key of a field': (
        change('observation', 1, 'topics', value='a'),
        "observation.1.topics: unknown key (did you mean 'topic'?); accepted: bounds, child_frame,"
        ' clip,',
    ),
    'unknown key of the action': (
        change('action', 'lo', value=[1]),
        "action.lo: unknown key (did you mean 'low'?)",
    ),
    'unknown key of the simulation': (
        change('simulation', value={'model': 'pendulum', 'modle': 'x'}),
        "simulation.modle: unknown key (did you mean 'model'?); accepted: cameras, model,",
    ),
    'two actions of one topic': (
        change('more_actions', value=[BASE, {**BASE, 'topic': 'commands'}]),
        'more_actions: given twice: commands; accepted: each once',
    ),
    'a companion on the topic of an action': (
        change('companions', value=[{**MODE, 'topic': 'commands'}]),
        'companions: given twice: commands; accepted: each once',
    ),
    'an action more without bounds': (
        change('more_actions', value=[{**BASE, 'low': []}]),
        'more_actions.0.low: given 0 values; accepted: one for each of the 1 fields',
    ),
    'numbers in a companion': (
        change('companions', value=[{**MODE, 'fields': ['data']}]),
        'companions.0.fields: unknown key; accepted: constants, finish, frame, topic, type',
    ),
    'a simulation of several topics': (
        lambda content: content.update(more_actions=[BASE], simulation={'model': 'pendulum'}),
        'more_actions: given with simulation; accepted: without it',
    ),
    'a list of safety without the further numbers': (
        lambda content: content.update(more_actions=[BASE], safety={'slew_per_s': [1, 1]}),
        'safety: slew_per_s: given 2 values; accepted: 1 or 3',
    ),
    'field name': (change('observation', 0, 'name', value='0x'), "observation.0.name: given '0x'"),
    'topic': (change('observation', 0, 'topic', value='a b'), "observation.0.topic: given 'a b'"),
    'a topic with a slash at the end': (
        change('observation', 0, 'topic', value='joint_states/'),
        "observation.0.topic: given 'joint_states/'; accepted: words of letters, digits and _",
    ),
    'a private topic without a slash': (
        change('action', 'topic', value='~commands'),
        "action.topic: given '~commands'; accepted ... a leading / is optional",
    ),
    'a service with a word that begins with a digit': (
        change('reset', 'service', value='a/1b'),
        "reset.service: given 'a/1b'; accepted ... do not begin with a digit",
    ),
    'type without msg': (
        change('observation', 0, 'type', value='sensor_msgs/JointState'),
        "observation.0.type: given 'sensor_msgs/JointState'; accepted",
    ),
    'field path': (
        change('observation', 0, 'field', value='position['),
        "observation.0.field: given 'position['; accepted",
    ),
    'joints and indices': (
        change('observation', 3, 'indices', value=[0, 1]),
        'observation.3.indices: given together with joints; accepted: one of the two',
    ),
    'joints and size': (
        change('observation', 3, 'size', value=2),
        'observation.3.size: given 2 together with joints; accepted: one of the two',
    ),
    'indices in another form': (
        change('observation', 3, value={**SCAN, 'indices': '0-360'}),
        "observation.3.indices: given '0-360'; accepted: indices such as [0, 2], or '0:360:10'",
    ),
    'a slice without an end': (
        change('observation', 3, value={**SCAN, 'indices': '0:'}),
        "observation.3.indices: given '0:'; accepted",
    ),
    'a slice without a step': (
        change('observation', 3, value={**SCAN, 'indices': '0:10:0'}),
        "observation.3.indices: given '0:10:0'; accepted",
    ),
    'an empty slice': (
        change('observation', 3, value={**SCAN, 'indices': '9:9'}),
        "observation.3.indices: given '9:9': 0 indices; accepted: 1 to 10000",
    ),
    'a negative index': (
        change('observation', 3, value={**SCAN, 'indices': [-1]}),
        'observation.3.indices.0: given -1; accepted: greater than or equal to 0',
    ),
    'an index twice': (
        change('observation', 3, value={**SCAN, 'indices': [4, 4]}),
        'observation.3.indices: given twice: 4; accepted: each once',
    ),
    'size zero': (
        change('observation', 3, value={**SCAN, 'size': 0}),
        'observation.3.size: given 0; accepted: greater than or equal to 1',
    ),
    'clip without bounds': (
        change('observation', 3, 'clip', value=True),
        'observation.3.clip: given true without bounds; accepted: with bounds',
    ),
    'age zero': (
        change('observation', 3, 'max_age_s', value=0),
        'observation.3.max_age_s: given 0; accepted: greater than 0',
    ),
    'a quaternion of three numbers': (
        change('observation', 3, value={**SCAN, 'size': 3, 'transform': 'roll_pitch_yaw'}),
        "observation.3: transform: given 'roll_pitch_yaw' of 3 numbers; accepted ... 4",
    ),
    'no stack': (change('stack', value=0), 'stack: given 0; accepted: greater than or equal'),
    'no previous actions': (change('previous_actions', value=-1), 'previous_actions: given -1'),
    'neither joints nor fields': (
        change('action', 'joints', value=None),
        'action: joints, fields: given neither; accepted: one of the two',
    ),
    'joints and fields': (
        change('action', 'fields', value=['a.x', 'a.y']),
        'action: joints, fields: given both; accepted: one of the two',
    ),
    'joints of a type without a known list': (
        change('action', 'type', value='a_msgs/msg/Command'),
        'action: field: missing; a_msgs/msg/Command needs the path of the list',
    ),
    'a default of another size': (
        change('action', 'default', value=[0]),
        'action.default: given 1 values; accepted: one for each of the 2 joints',
    ),
    'a default out of bounds': (
        change('action', 'default', value=[0, 11]),
        'action.default: given 11.0 for elbow; accepted: 0.0 to 10.0',
    ),
    'no way to reset': (
        change('reset', value={}),
        'reset: given none; accepted: service, move_to_pose or person: true',
    ),
    'another type of reset service': (
        change('reset', 'service_type', value='std_srvs/srv/SetBool'),
        "reset.service_type: given 'std_srvs/srv/SetBool'; accepted: 'std_srvs/srv/Trigger'",
    ),
    'a pose that is not given': (
        change('reset', value={'move_to_pose': {'field': 'effort'}}),
        'reset: move_to_pose.pose: missing; accepted: a pose here, or action.default',
    ),
    'a pose of another size': (
        change('reset', value={'move_to_pose': {'field': 'effort', 'pose': [0]}}),
        'reset: move_to_pose.pose: given 1 values; accepted: one for each of shoulder, elbow',
    ),
    'a pose that no field measures': (
        change('reset', value={'move_to_pose': {'field': 'velocity', 'pose': [0, 0]}}),
        "reset: move_to_pose.field: given 'velocity'; accepted: an observation field ... (effort)",
    ),
    'a pose in no time': (
        change('reset', value={'move_to_pose': {'field': 'effort', 'pose': [0, 0], 'seconds': 0}}),
        'reset.move_to_pose.seconds: given 0; accepted: greater than 0',
    ),
    'no joints': (
        change('observation', 0, 'joints', value=[]),
        'observation.0.joints: given [] ... a list of 1 or more',
    ),
    'a joint twice in a field': (
        change('observation', 3, 'joints', value=['elbow', 'elbow']),
        'observation.3.joints: given twice: elbow; accepted: each once',
    ),
    'unknown transform': (
        change('observation', 0, 'transform', value='tan'),
        "observation.0.transform: given 'tan'; accepted: 'none', 'sin', 'cos', 'roll_pitch_yaw'",
    ),
    'reversed bounds': (
        change('observation', 2, 'bounds', value=[8, -8]),
        'observation.2.bounds: given [8.0, -8.0]; accepted: low before high',
    ),
    'equal bounds': (
        change('observation', 2, 'bounds', value=[8, 8]),
        'observation.2.bounds: given [8.0, 8.0]; accepted: low before high',
    ),
    'infinite bounds': (
        change('observation', 2, 'bounds', value=[0, math.inf]),
        'observation.2.bounds.1: given inf ... finite',
    ),
    'one bound': (
        change('observation', 2, 'bounds', value=[8]),
        'observation.2.bounds: given [8]; accepted: a list of 2',
    ),
    'a field twice': (
        change('observation', 3, 'name', value='velocity'),
        'observation: given twice: velocity; accepted: each once',
    ),
    'a topic of two types': (
        change('observation', 3, 'type', value='std_msgs/msg/Float64'),
        "topic 'joint_states' given as sensor_msgs/msg/JointState and as"
        ' std_msgs/msg/Float64; accepted: one type per topic',
    ),
    'a field that the task needs': (
        change('observation', 2, 'name', value='speed'),
        "task: 'swing_up' also needs the observation fields velocity;"
        ' given cos_angle, sin_angle, speed, effort',
    ),
    'action topic': (
        change('action', 'topic', value='3/a'),
        "action.topic: given '3/a'; accepted",
    ),
    'action type': (
        change('action', 'type', value='std_msgs/Float64'),
        "action.type: given 'std_msgs/Float64'; accepted",
    ),
    'no action joints': (change('action', 'joints', value=[]), 'action.joints: given []'),
    'an action joint twice': (
        change('action', 'joints', value=['elbow', 'elbow']),
        'action.joints: given twice: elbow',
    ),
    'too few low': (
        change('action', 'low', value=[-2]),
        'action.low: given 1 values; accepted: one for each of the 2 joints',
    ),
    'too many high': (
        change('action', 'high', value=[2, 2, 2]),
        'action.high: given 3 values; accepted: one for each of the 2 joints',
    ),
    'low above high': (
        change('action', 'low', value=[-2, 11]),
        'action.high: given 10.0 for elbow; accepted: above its low, 11.0',
    ),
    'low equals high': (
        change('action', 'low', value=[2, 0]),
        'action.high: given 2.0 for shoulder; accepted: above its low, 2.0',
    ),
    'infinite command': (
        change('action', 'high', value=[2, math.inf]),
        'action.high.1: given inf ... finite',
    ),
    'unknown task': (
        change('task', 'name', value='dance'),
        "task.name: given 'dance'; accepted: ... swing_up",
    ),
    'unknown parameter of the task': (
        change('task', 'parameters', value={'cost': 1}),
        "task.parameters: unknown for 'swing_up': cost; accepted: effort_cost, velocity_cost",
    ),
    'a parameter that is not a number': (
        change('task', 'parameters', value={'effort_cost': 'much'}),
        "task.parameters.effort_cost: given 'much' ... number",
    ),
    'reset service': (change('reset', 'service', value=''), "reset.service: given ''; accepted"),
    'no time for a reset': (
        change('reset', 'timeout_s', value=0),
        'reset.timeout_s: given 0; accepted: greater than 0',
    ),
    'too much time for a reset': (
        change('reset', 'timeout_s', value=601),
        'reset.timeout_s: given 601 ... 600',
    ),
}


@pytest.mark.parametrize('name', REFUSED)
def test_each_mistake_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    how, expected = REFUSED[name]
    content = copy.deepcopy(ARM)
    how(content)
    path = write(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        load_robot(path)
    line = str(caught.value)
    assert '\n' not in line
    assert line.startswith(f'{path}: ')
    rest = line
    for part in expected.split(' ... '):
        assert part in rest, line
        rest = rest[rest.index(part) + len(part) :]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    for how in (REFUSED['no rate'], REFUSED['reversed bounds'], REFUSED['too few low']):
        how[0](content)
    with pytest.raises(ConfigurationError) as caught:
        load_robot(write(tmp_path, content))
    assert len(str(caught.value).split('\n')) == 3


def test_keys_are_checked_against_other_valid_keys(tmp_path: Path) -> None:
    """A mistake in one key does not hide a mistake in another until the next run."""
    content = copy.deepcopy(ARM)
    for name in (
        'rate too high',
        'too few low',
        'a field that the task needs',
        'no way to reset',
        'unknown key',
    ):
        REFUSED[name][0](content)
    content['action']['topic'] = '3'
    content['observation'][0]['bounds'] = [1, 0]
    with pytest.raises(ConfigurationError) as caught:
        load_robot(write(tmp_path, content))
    lines = str(caught.value).split('\n')
    keys = ['observation.0.bounds', 'action.topic', 'action.low', 'rate', 'rate_hz', 'reset']
    assert sorted(line.split(': ')[1] for line in lines) == sorted(keys)


def test_types_and_paths_are_checked_with_everything_else(tmp_path: Path) -> None:
    content = copy.deepcopy(ARM)
    content['rate_hz'] = 0
    content['observation'][2]['field'] = 'velocty'
    content['observation'][3] = {**SCAN, 'type': 'sensor_msgs/msg/LaserScn', 'size': 3}
    content['action'] = {
        **content['action'],
        'type': 'geometry_msgs/msg/TwistStamped',
        'joints': None,
        'fields': ['linear.x', 'twist.angular.y'],
    }
    content['companions'] = [{**MODE, 'constants': {'mode': 'velocity'}}]
    path = write(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        load_ros_robot(path)
    first, second, third, fourth, fifth = str(caught.value).split('\n')
    assert first.startswith(f'{path}: rate_hz: given 0; accepted: greater than 0')
    assert f"{path}: observation.2: field: given 'velocty' (did you mean 'velocity'?)" in second
    assert f"{path}: observation.3: type: given 'sensor_msgs/msg/LaserScn' (did you" in third
    expected = "action: fields.0: given 'linear.x' (did you mean 'twist.linear.x'?)"
    assert f'{path}: {expected}' in fourth
    assert f"{path}: companions.0: constants: given 'mode'" in fifth


def ask_ros(name: str) -> None:
    """Raise InvalidTopicNameException or ValueError if ROS refuses the topic name."""
    validate_topic_name(name)
    validate_full_topic_name(expand_topic_name(name, 'agent', '/robot_1'))


@pytest.mark.parametrize('name', ['a', '_a', '__a', 'a__b/c_', '/a', '/a/b2', 'A/_1'])
def test_names_that_ros_accepts(name: str) -> None:
    ask_ros(name)
    assert check_topic(name) == name


@pytest.mark.parametrize(
    'name',
    [
        *(
            '',
            '/',
            '~/',
            '~imu',
            '~~/a',
            '//a',
            'a//b',
            'a/',
            'a/1b',
            '1',
            'a/~/b',
            '/~/a',
            'a b',
        ),
        *(
            'a-b',
            'a.b',
            'a\n',
            '\u00e9',
            '\u0661',
            'a{b',
            '*',
        ),  # outside ASCII
    ],
)
def test_names_that_ros_refuses(name: str) -> None:
    with pytest.raises((InvalidTopicNameException, ValueError)):
        ask_ros(name)
    with pytest.raises(ValueError, match='accepted: words of letters'):
        check_topic(name)


def test_private_names_are_refused() -> None:
    """They would resolve differently in agent, check_robot and simulation."""
    ask_ros('~/imu')
    with pytest.raises(ValueError, match="given '~/imu'; accepted: words of letters"):
        check_topic('~/imu')
