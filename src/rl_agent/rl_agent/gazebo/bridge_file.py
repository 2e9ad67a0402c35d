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

"""The YAML file of `ros_gz_bridge`, which maps Gazebo topics to ROS topics.

On the ROS side, names begin with `gazebo/`; the node `gazebo_robot` relays between them and the
robot's topics. Users may bridge further topics under absolute names.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass
from rl_agent.bounded_files import read_yaml_value
from rl_agent.configuration import build, joined_lines
from rl_agent.description.field_types import Matches, MessageType, STRICT
from rl_agent.description.robot import only_action, RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.bridge_types import ROS_TO_GZ

PREFIX = 'gazebo/'
CLOCK = f'{PREFIX}clock'

_BIDIRECTIONAL = 'BIDIRECTIONAL'


@dataclass(frozen=True, config=STRICT)
class BridgeEntry:
    """One bridged topic.

    Attributes:
        ros_topic_name: name in ROS, relative to the robot's namespace or absolute.
        gz_topic_name: name in Gazebo, absolute.
        ros_type_name: ROS message type, `package/msg/Name`.
        gz_type_name: Gazebo message type, `gz.msgs.Name`.
        direction: direction of the messages.
        publisher_queue: size of the publisher's queue.
        subscriber_queue: size of the subscriber's queue.
        lazy: bridge the topic only while it has subscribers.
    """

    ros_topic_name: Annotated[
        str,
        AfterValidator(
            Matches(
                r'(gazebo)?/[A-Za-z][A-Za-z0-9_/]*',
                'a name that begins with gazebo/, or an absolute one',
            )
        ),
    ]
    gz_topic_name: Annotated[
        str, AfterValidator(Matches(r'/[A-Za-z0-9_/]+', 'an absolute name, such as /clock'))
    ]
    ros_type_name: MessageType
    gz_type_name: Annotated[
        str,
        AfterValidator(
            Matches(r'gz\.msgs\.[A-Z][A-Za-z0-9_]*', 'gz.msgs.Name, as in gz.msgs.IMU')
        ),
    ]
    direction: Literal['GZ_TO_ROS', 'ROS_TO_GZ', 'BIDIRECTIONAL']
    publisher_queue: Annotated[int, Field(gt=0)] = 10
    subscriber_queue: Annotated[int, Field(gt=0)] = 10
    lazy: bool = False


def load_bridge(path: Path) -> list[BridgeEntry]:
    """Return the entries of a bridge file.

    Raises:
        ConfigurationError: the file cannot be read; or one line for each mistake in it.
    """
    try:
        content = read_yaml_value(path)
    except ConfigurationError as error:
        raise ConfigurationError(f'bridge file {error}') from error
    if not isinstance(content, list):
        raise ConfigurationError(
            f'bridge file {path}: given {type(content).__name__}; accepted: a list of entries'
        )
    entries, refused = [], []
    for number, item in enumerate(content):
        try:
            entries.append(build(BridgeEntry, item, f'bridge file {path}: {number}'))
        except ConfigurationError as error:
            refused += str(error).splitlines()
    if refused:
        raise ConfigurationError(joined_lines(refused))
    wrong = [
        f'{item.gz_topic_name}: {item.ros_type_name} as {item.gz_type_name}; accepted:'
        f' {", ".join(ROS_TO_GZ[item.ros_type_name])}'
        for item in entries
        if item.gz_type_name not in ROS_TO_GZ.get(item.ros_type_name, (item.gz_type_name,))
    ]
    if wrong:
        raise ConfigurationError(f'bridge file {path}: {joined_lines(wrong)}')
    return entries


def bridged(topic: str) -> str:
    """Return the bridge's name of a topic of the robot, which may be absolute."""
    return PREFIX + topic.lstrip('~/')


def command_topics(description: RobotDescription) -> dict[str, str]:
    """Return the message types of the bridged topics for a robot's commands.

    A command with joints is split into one number per joint; one with fields is relayed as it is.
    """
    action = only_action(description, 'Gazebo')
    if action.joints:
        return {f'{PREFIX}{joint}/command': 'std_msgs/msg/Float64' for joint in action.joints}
    return {bridged(action.topic): action.type}


def check_bridge(entries: list[BridgeEntry], description: RobotDescription) -> None:
    """Check that a bridge has all topics that a robot needs, and none that `gazebo_robot` offers.

    Raises:
        ConfigurationError: topics are missing, have another type or direction, or must not be
            bridged.
    """
    sensors = {bridged(topic): kind for topic, kind in description.topics.items()}
    wanted = [(CLOCK, 'rosgraph_msgs/msg/Clock', 'GZ_TO_ROS')]
    wanted += [(topic, kind, 'GZ_TO_ROS') for topic, kind in sensors.items()]
    wanted += [(topic, kind, 'ROS_TO_GZ') for topic, kind in command_topics(description).items()]
    given = {(item.ros_topic_name, item.ros_type_name, item.direction) for item in entries}
    missing = [
        ' '.join(item) for item in wanted if not given & {item, (item[0], item[1], _BIDIRECTIONAL)}
    ]
    if missing:
        raise ConfigurationError(
            f'bridge of robot {description.name!r}: missing: {"; ".join(missing)}; accepted: an'
            ' entry for each'
        )
    own = {CLOCK, *map(bridged, (description.action.topic, *description.topics))}
    taken = [item.ros_topic_name for item in entries if item.ros_topic_name.startswith('/')]
    taken = [name for name in taken if bridged(name) in own]
    if taken:
        raise ConfigurationError(
            f'bridge of robot {description.name!r}: given {", ".join(taken)}, which the node'
            f' gazebo_robot offers itself; accepted: {PREFIX}NAME'
        )
