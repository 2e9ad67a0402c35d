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

"""Which topics take commands, and what those who listen to them say about their commands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rl_agent.robot_model.urdf import Urdf
from rl_agent.robot_survey.survey import Controller, Survey, Topic, usable_joints

TRAJECTORY, JOINT_STATE = 'trajectory_msgs/msg/JointTrajectory', 'sensor_msgs/msg/JointState'
ARRAYS = ('std_msgs/msg/Float64MultiArray', 'std_msgs/msg/Float32MultiArray')
# type of messages without joints: path of the numbers, unit
FIELDS = {
    'ackermann_msgs/msg/AckermannDriveStamped': (
        ('drive.speed', 'drive.steering_angle'),
        'm/s, rad',
    ),
    'ackermann_msgs/msg/AckermannDrive': (('speed', 'steering_angle'), 'm/s, rad'),
    'geometry_msgs/msg/TwistStamped': (('twist.linear.x', 'twist.angular.z'), 'm/s, rad/s'),
    'geometry_msgs/msg/Twist': (('linear.x', 'angular.z'), 'm/s, rad/s'),
}
UNITREE = 'unitree_go/msg/LowCmd'
_STATE = 'control_msgs/msg/JointTrajectoryControllerState'
_STATE_NAMES = ('controller_state', 'state')  # beside the commands, since Humble and before
_JOINT_TYPES = (TRAJECTORY, *ARRAYS, JOINT_STATE)
_TYPES = (*_JOINT_TYPES, UNITREE, *FIELDS)
_WORDS = ('cmd', 'command', 'setpoint', 'joint_trajectory', 'lowcmd', 'drive')
_INTERFACES = {'position': 'position', 'velocity': 'velocity', 'effort': 'effort'}
_HINTS = {**_INTERFACES, 'vel': 'velocity', 'torque': 'effort', 'pos': 'position'}


@dataclass(frozen=True)
class Command:
    """A topic that takes commands.

    Attributes:
        topic: the topic.
        joints: in the order of the command; empty: not known, or it has none.
        joints_are_guessed: nobody said which joints it moves; their names are in the message.
        interface: `position`, `velocity`, `effort`; empty: not known.
        likely: what the topic's name says instead of `interface`.
        controller: what its subscriber says.
    """

    topic: Topic
    joints: tuple[str, ...]
    joints_are_guessed: bool
    interface: str
    likely: str
    controller: Controller


def takes_commands(topic: Topic) -> bool:
    """Return whether a topic is one that somebody else moves the robot with."""
    if not topic.subscribers or topic.type not in _TYPES:
        return False
    words = topic.name.lower().split('/')
    is_named_so = any(hint in word for word in words for hint in _WORDS)
    return not topic.publishers or (is_named_so and topic.type != JOINT_STATE)


def may_take_commands(topic: Topic) -> bool:
    """Return whether nobody publishes a topic that somebody listens to, of another type."""
    is_waited_for = bool(topic.subscribers) and not topic.publishers
    return is_waited_for and topic.type not in _TYPES and bool(topic.fields)


def commands(survey: Survey, urdf: Urdf | None, joints: Sequence[str]) -> list[Command]:
    """Return the commands of a robot, the one that moves most joints first.

    Args:
        survey: what was heard.
        urdf: of the robot.
        joints: that are observed.
    """
    found = [
        _command(item, survey, urdf, joints) for item in survey.topics if takes_commands(item)
    ]
    found.sort(
        key=lambda item: (
            item.topic.type not in _JOINT_TYPES,
            -len(item.joints),
            _TYPES.index(item.topic.type),
            len(item.topic.name),
            item.topic.name,
        )
    )
    return found


def _command(topic: Topic, survey: Survey, urdf: Urdf | None, joints: Sequence[str]) -> Command:
    """Return what is known about a command."""
    controller = survey.controllers.get(topic.name, Controller())
    likely = next((_HINTS[hint] for hint in _HINTS if hint in topic.name.lower()), '')
    command = Command(topic, controller.joints, False, controller.interface, likely, controller)
    if topic.type in (TRAJECTORY, JOINT_STATE):
        # a trajectory has positions, whatever the controller makes of them
        command = replace(command, interface='position')
        if topic.type == TRAJECTORY and not command.joints:
            command = replace(command, joints=_joints_of_state(topic, survey))
        if not command.joints:
            guessed = tuple(_controlled(urdf, joints))
            command = replace(command, joints=guessed, joints_are_guessed=True)
    elif topic.type in ARRAYS and not command.interface and urdf is not None:
        interfaces = {
            interface for joint in command.joints for interface in urdf.commands.get(joint, ())
        }
        if len(interfaces) == 1:
            command = replace(command, interface=_INTERFACES.get(interfaces.pop(), ''))
    return command


def _controlled(urdf: Urdf | None, joints: Sequence[str]) -> list[str]:
    """Return the observed joints that have a command interface; all, if none is known to have."""
    known = [joint for joint in joints if urdf is not None and urdf.commands.get(joint)]
    return known or list(joints)


def _joints_of_state(topic: Topic, survey: Survey) -> tuple[str, ...]:
    """Return the joints that a trajectory controller names in its state; none: it is silent."""
    place = topic.name.rpartition('/')[0]
    states = {f'{place}/{name}' for name in _STATE_NAMES}
    for item in survey.topics:
        if item.name in states and item.type == _STATE and item.newest is not None:
            return usable_joints(item.newest.joint_names)
    return ()
