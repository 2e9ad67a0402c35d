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


"""Which shipped description a robot fits, and what differs where it does not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.shipped_fit import Fit
from rl_agent.robot_draft.shipped_robots import chosen_fit, shipped_fits, shipped_names
from rl_agent.robot_survey.survey import Controller, Part, Survey, Topic

Change = Callable[[Topic], Topic | None]


def heard(name: str, place: str = '', prefix: str = '') -> dict[str, Topic]:
    """Return the topics of a robot that is as described, in a namespace."""
    description = load_robot(name, prefix=prefix)
    topics = {}
    for topic, kind in description.topics.items():
        fields = [item for item in description.observation if item.topic == topic]
        named = [item.joints for item in fields if item.joints and ':' not in item.field]
        joints = named[0] if named else ()
        frame = next((item.frame for item in fields if item.frame), '')
        # in another order, as a broadcaster does
        message = SimpleNamespace(
            joint_names=sorted(joints), header=SimpleNamespace(frame_id=frame)
        )
        names = tuple(sorted(joints))
        part = Part(names, message, 101, 0.0, 2.0)
        topics[topic] = Topic(place + topic, kind, ('/driver',), parts={names: part})
    for sent in description.sent:
        topics[sent.topic] = Topic(place + sent.topic, sent.type, subscribers=('/driver',))
    return topics


def survey_of(topics: dict[str, Topic], **more: Any) -> Survey:
    """Return a survey."""
    return replace(Survey(list(topics.values()), seconds=5.0), **more)


def changed(name: str, topic: str, change: Change) -> Survey:
    """Return a robot whose one topic is not as described; None: it is missing."""
    topics = heard(name)
    new = change(topics.pop(topic))
    return survey_of({**topics, topic: new} if new else topics)


BASES = ('diff_drive', 'diff_drive_camera')


def best(survey: Survey, name: str = '') -> Fit | None:
    """Return the description to begin with."""
    return chosen_fit(shipped_fits(survey), survey, name)


@pytest.mark.parametrize('name', [name for name in shipped_names() if name not in BASES])
def test_a_robot_as_described_is_found(name: str) -> None:
    fit = best(survey_of(heard(name)))
    assert fit is not None
    assert (fit.name, fit.namespace, fit.prefix) == (name, '', '')
    assert fit.agreeing == fit.size
    assert not fit.missing


@pytest.mark.parametrize('name', BASES)
def test_topics_that_all_bases_share_are_not_enough(name: str) -> None:
    survey = survey_of(heard(name))
    assert best(survey) is None
    assert not [fit.name for fit in shipped_fits(survey)]


@pytest.mark.parametrize(
    ('name', 'topic', 'change', 'words'),
    [
        # turtlebot4#513: Humble's base takes another type than Jazzy's
        (
            'turtlebot4',
            'cmd_vel',
            lambda topic: replace(topic, type='geometry_msgs/msg/Twist'),
            'cmd_vel: geometry_msgs/msg/Twist; described geometry_msgs/msg/TwistStamped',
        ),
        (
            'go2',
            'lowcmd',
            lambda topic: replace(topic, other_types=('std_msgs/msg/String',)),
            'lowcmd: unitree_go/msg/LowCmd and std_msgs/msg/String; described',
        ),
        (
            'go2',
            'lowcmd',
            lambda topic: replace(topic, subscribers=()),
            'lowcmd: no node listens to it; described unitree_go/msg/LowCmd',
        ),
        (
            'px4',
            'fmu/in/offboard_control_mode',
            lambda topic: None,
            'fmu/in/offboard_control_mode: no node listens to it',
        ),
        (
            'fr3',
            'fr3_arm_controller/controller_state',
            lambda topic: named(topic, 'panda_joint1', 'panda_joint2'),
            'joints panda_joint1, panda_joint2; described fr3_joint1, fr3_joint2',
        ),
        (
            'turtlebot4',
            'odom',
            lambda topic: framed(topic, 'robot_1/odom'),
            'odom: frame robot_1/odom; described odom',
        ),
    ],
)
def test_what_differs_is_named(name: str, topic: str, change: Change, words: str) -> None:
    survey = changed(name, topic, change)
    assert best(survey) is None
    (fit,) = [fit for fit in shipped_fits(survey) if fit.name == name]
    assert any(words in text for text in fit.differences), fit.differences
    with pytest.raises(ConfigurationError, match=f'--shipped: given {name}; accepted: none, or'):
        best(survey, name)


def named(topic: Topic, *joints: str) -> Topic:
    """Return a topic whose messages name other joints."""
    (part,) = topic.parts.values()
    message = SimpleNamespace(joint_names=list(joints), header=part.newest.header)
    return replace(topic, parts={joints: replace(part, names=joints, newest=message)})


def framed(topic: Topic, frame: str) -> Topic:
    """Return a topic whose messages are in another frame."""
    ((names, part),) = topic.parts.items()
    message = SimpleNamespace(joint_names=[], header=SimpleNamespace(frame_id=frame))
    return replace(topic, parts={names: replace(part, newest=message)})


UR5E = load_robot('ur5e').action.joints or ()


@pytest.mark.parametrize(
    ('controller', 'words'),
    [
        (Controller(UR5E, 'position'), ''),
        (Controller(), ''),
        (Controller(tuple(sorted(UR5E)), 'position'), 'commands elbow_joint, shoulder_lift'),
        (Controller(UR5E, 'velocity'), 'takes velocity; described position, rad'),
    ],
)
def test_the_controller_has_the_last_word_on_the_order(controller: Controller, words: str) -> None:
    """A list of numbers has no names (ros2_controllers#159, Universal_Robots_ROS_Driver#619)."""
    topic = 'forward_position_controller/commands'
    survey = survey_of(heard('ur5e'), controllers={topic: controller})
    fit = best(survey)
    assert (fit is None) == bool(words)
    (near,) = [fit for fit in shipped_fits(survey) if fit.name == 'ur5e']
    assert words in ' '.join(near.differences)


def test_a_trajectory_may_name_the_joints_in_any_order() -> None:
    topic = 'scaled_joint_trajectory_controller/joint_trajectory'
    controllers = {topic: Controller(tuple(sorted(UR5E)))}
    assert best(survey_of(heard('ur5e_trajectory'), controllers=controllers)) is not None


def test_what_a_person_publishes_may_be_missing() -> None:
    fit = best(changed('fr3', 'target', lambda topic: None))
    assert fit is not None
    assert fit.awaited == ('target (geometry_msgs/msg/PointStamped)',)


def test_a_sensor_may_be_missing_beside_messages_of_the_maker() -> None:
    fit = best(changed('go2', 'odometry', lambda topic: None))
    assert fit is not None
    assert (fit.name, fit.missing) == ('go2', ('odometry (nav_msgs/msg/Odometry)',))


def test_without_its_lidar_a_turtlebot_is_any_base() -> None:
    assert best(changed('turtlebot4', 'scan', lambda topic: None)) is None


@pytest.mark.parametrize('prefix', ['ur2_', 'left/'])
def test_a_namespace_and_a_prefix_are_found(prefix: str) -> None:
    fit = best(survey_of(heard('ur5e', 'cell/', prefix)))
    assert fit is not None
    assert (fit.name, fit.namespace, fit.prefix) == ('ur5e', 'cell', prefix)


def test_several_robots_of_a_kind_are_told_apart_by_namespace() -> None:
    topics = {f'{place}{key}': item for place in ('a/', 'b/') for key, item in both(place).items()}
    with pytest.raises(ConfigurationError, match='several robots like go2; accepted: one of /x/a'):
        best(survey_of(topics, namespace='x'))


def both(place: str) -> dict[str, Topic]:
    """Return the topics of a quadruped in a namespace."""
    return heard('go2', place)


def test_of_two_controllers_the_one_that_interpolates_is_taken() -> None:
    topics = {**heard('ur5e'), **heard('ur5e_trajectory')}
    survey = survey_of(topics)
    fits = [best(survey), best(survey, 'ur5e')]
    assert [fit and fit.name for fit in fits] == ['ur5e_trajectory', 'ur5e']


def arm_urdf(velocity: float = 3.14, upper: float = 6.28, joints: Sequence[str] = UR5E) -> str:
    """Return the URDF of an arm."""
    limit = f'<limit lower="-6.28" upper="{upper}" velocity="{velocity}" effort="9"/>'
    text = ''.join(f'<joint name="{name}" type="revolute">{limit}</joint>' for name in joints)
    return f'<robot name="arm">{text}</robot>'


@pytest.mark.parametrize(
    ('urdf', 'words'),
    [
        (arm_urdf(), ''),
        ('<robot', ''),  # cannot be used
        (arm_urdf(velocity=0.2), 'shoulder_pan_joint reaches 0.2 per s; described slew_per_s 0.3'),
        (arm_urdf(upper=1.0), 'elbow_joint moves from -6.28 to 1; described default 1.57'),
        (arm_urdf(joints=UR5E[:5]), 'no joint wrist_3_joint that moves'),
    ],
)
def test_another_model_of_the_maker_has_other_limits(urdf: str, words: str) -> None:
    """A UR10e has the topics and the joints of a UR5e."""
    survey = survey_of(heard('ur5e'), urdf=urdf)
    fit = best(survey)
    assert (fit is None) == bool(words)
    (near,) = [fit for fit in shipped_fits(survey) if fit.name == 'ur5e']
    assert words in ' '.join(near.differences)


@pytest.mark.parametrize(
    ('kinds', 'names'),
    [
        (['unitree_go/msg/LowState', 'sensor_msgs/msg/Imu'], ['go2']),
        (['px4_msgs/msg/VehicleOdometry'], ['px4']),
        (['sensor_msgs/msg/JointState', 'trajectory_msgs/msg/JointTrajectory'], []),
        (['ackermann_msgs/msg/AckermannDriveStamped', 'nav_msgs/msg/Odometry'], []),
        (['unitree_go/msg/SportModeState', 'rover_msgs/msg/Wheels'], []),
        ([], []),
    ],
)
def test_messages_of_a_maker_are_near_under_any_name(kinds: list[str], names: list[str]) -> None:
    topics = {kind: Topic(f'topic_{n}', kind, ('/a',)) for n, kind in enumerate(kinds)}
    survey = survey_of(topics)
    assert [fit.name for fit in shipped_fits(survey)] == names
    assert best(survey) is None


def test_an_unknown_description_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match='spot is not in config/robots'):
        best(survey_of(heard('go2')), 'spot')
