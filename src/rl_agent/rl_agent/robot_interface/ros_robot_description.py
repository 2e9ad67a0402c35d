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

"""A robot's description, checked against the message types that are installed here.

Only robots check it: the learner machine may lack a robot's message packages.
"""

from rclpy.node import Node
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
import rl_agent.message_fields.ros_command_mistakes
import rl_agent.message_fields.ros_field_extractor
from rl_agent.teaching.ros_hand_reader import hand_mistakes


def load_ros_robot(name_or_path: str, prefix: str = '') -> RobotDescription:
    """Return a robot's description whose types and field paths exist.

    Its joints and frames are those of one robot. What a fleet shares, such as the fingerprint, is
    that of the description without a prefix, see `load_robot`.

    Raises:
        ConfigurationError: there is no such robot, or its file has mistakes, one a line.
    """

    def refuse(mistakes: list[str]) -> None:
        if mistakes:
            raise ValueError('\n'.join(mistakes))

    description = load_robot(
        name_or_path,
        context={
            'check_observation': lambda item: refuse(
                rl_agent.message_fields.ros_field_extractor.static_mistakes(item)
            ),
            'check_action': lambda action: refuse(
                rl_agent.message_fields.ros_command_mistakes.static_mistakes(action)
            ),
        },
        prefix=prefix,
    )
    if description.teleop is not None:
        mistakes = hand_mistakes(description.teleop, description.command)
        if mistakes:
            raise ConfigurationError(f'{name_or_path}: teleop: {mistakes[0]}')
    tilt = description.safety.tilt
    for item in description.observation:
        if tilt is not None and item.name == tilt.observation:
            mistakes = rl_agent.message_fields.ros_field_extractor.tilt_mistakes(item)
            if mistakes:
                raise ConfigurationError(
                    f'{name_or_path}: safety.tilt: observation field {item.name!r}: {mistakes[0]}'
                )
    return description


def load_fleet_robot(name_or_path: str, prefix: str) -> tuple[RobotDescription, RobotDescription]:
    """Return a robot's description with its own names, and with those that its fleet shares.

    Raises:
        ConfigurationError: as `load_ros_robot`.
    """
    of_this_robot = load_ros_robot(name_or_path, prefix)
    return of_this_robot, load_robot(name_or_path) if prefix else of_this_robot


def refuse_absolute_names(node: Node, description: RobotDescription) -> None:
    """Refuse absolute names in a simulation with a `/clock` of its own in a namespace.

    An absolute topic may be that of a real robot in this ROS domain: it would get the commands.

    Raises:
        ConfigurationError: the name of a topic or service is absolute.
    """
    if node.resolve_topic_name('/clock') == '/clock':
        return
    service = description.reset.service or ''
    commands = [item.topic for item in description.sent]
    hand = description.teleop.topic if description.teleop else ''
    names = [*commands, *description.topics, service, hand]
    absolute = sorted({name for name in names if name.startswith('/')})
    if absolute:
        raise ConfigurationError(
            f'robot {description.name!r}: given {", ".join(absolute)} in the simulation'
            f' {node.get_namespace()}; accepted: names without a leading slash, which stay in its'
            ' namespace: a real or simulated robot may use the absolute ones'
        )
