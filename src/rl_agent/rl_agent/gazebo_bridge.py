# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The YAML file of `ros_gz_bridge`: which topic of Gazebo is which of ROS.

On the ROS side all names begin with `gazebo/`: the node `gazebo_robot` stands between them and
the robot's own topics.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from rl_agent.description_types import MessageType, STRICT
from rl_agent.errors import ConfigurationError
from rl_agent.robot_description import RobotDescription
import yaml

PREFIX = 'gazebo/'
CLOCK = f'{PREFIX}clock'

# Both sides of the types that `ros_gz_bridge` of ROS 2 Jazzy converts, as its README lists them.
ROS_TO_GZ = {
    'geometry_msgs/msg/Pose': ('gz.msgs.Pose',),
    'geometry_msgs/msg/PoseStamped': ('gz.msgs.Pose',),
    'geometry_msgs/msg/Twist': ('gz.msgs.Twist',),
    'geometry_msgs/msg/TwistStamped': ('gz.msgs.Twist',),
    'nav_msgs/msg/Odometry': ('gz.msgs.Odometry', 'gz.msgs.OdometryWithCovariance'),
    'ros_gz_interfaces/msg/Contacts': ('gz.msgs.Contacts',),
    'rosgraph_msgs/msg/Clock': ('gz.msgs.Clock',),
    'sensor_msgs/msg/Image': ('gz.msgs.Image',),
    'sensor_msgs/msg/Imu': ('gz.msgs.IMU',),
    'sensor_msgs/msg/JointState': ('gz.msgs.Model',),
    'sensor_msgs/msg/LaserScan': ('gz.msgs.LaserScan',),
    'std_msgs/msg/Float64': ('gz.msgs.Double',),
    'trajectory_msgs/msg/JointTrajectory': ('gz.msgs.JointTrajectory',),
}


@dataclass(frozen=True, config=STRICT)
class BridgeEntry:
    """One topic.

    Attributes:
        ros_topic_name: relative to the robot's namespace.
        gz_topic_name: absolute.
        ros_type_name: `package/msg/Name`.
        gz_type_name: `gz.msgs.Name`.
        direction: which way.
    """

    ros_topic_name: Annotated[str, Field(pattern=r'^gazebo/[a-z][a-z0-9_/]*$')]
    gz_topic_name: Annotated[str, Field(pattern=r'^/[A-Za-z0-9_/]+$')]
    ros_type_name: MessageType
    gz_type_name: Annotated[str, Field(pattern=r'^gz\.msgs\.[A-Z][A-Za-z0-9_]*$')]
    direction: Literal['GZ_TO_ROS', 'ROS_TO_GZ']


def load_bridge(path: Path) -> list[BridgeEntry]:
    """Return the entries of a bridge file.

    Raises:
        ConfigurationError: it cannot be read, or one line for each mistake in it.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        entries = TypeAdapter(list[BridgeEntry]).validate_python(content)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f'bridge file {path}: {error}') from error
    except ValidationError as error:
        lines = [
            f'{".".join(map(str, item["loc"]))}: {item["msg"]}; given {item["input"]!r}'
            for item in error.errors()
        ]
        raise ConfigurationError(f'bridge file {path}: ' + '\n'.join(lines)) from error
    wrong = [
        f'{item.gz_topic_name}: {item.ros_type_name} as {item.gz_type_name}; accepted:'
        f' {", ".join(ROS_TO_GZ.get(item.ros_type_name, ("a type that ros_gz_bridge knows",)))}'
        for item in entries
        if item.gz_type_name not in ROS_TO_GZ.get(item.ros_type_name, ())
    ]
    if wrong:
        raise ConfigurationError(f'bridge file {path}: ' + '\n'.join(wrong))
    return entries


def command_topics(description: RobotDescription) -> dict[str, str]:
    """Return the bridged topics that a robot's commands go to, each with its message type.

    A command of joints is one number for each; one of fields goes as it is.
    """
    action = description.action
    if action.joints:
        return {f'{PREFIX}{joint}/command': 'std_msgs/msg/Float64' for joint in action.joints}
    return {f'{PREFIX}{action.topic}': action.type}


def check_bridge(entries: list[BridgeEntry], description: RobotDescription) -> None:
    """Do nothing if a bridge has all that a robot needs.

    Raises:
        ConfigurationError: topics are missing, or of another type or direction.
    """
    sensors = {f'{PREFIX}{topic}': kind for topic, kind in description.topics.items()}
    wanted = [(CLOCK, 'rosgraph_msgs/msg/Clock', 'GZ_TO_ROS')]
    wanted += [(topic, kind, 'GZ_TO_ROS') for topic, kind in sensors.items()]
    wanted += [(topic, kind, 'ROS_TO_GZ') for topic, kind in command_topics(description).items()]
    given = {(item.ros_topic_name, item.ros_type_name, item.direction) for item in entries}
    missing = [' '.join(item) for item in wanted if item not in given]
    if missing:
        raise ConfigurationError(
            f'bridge of robot {description.name!r}: missing: {"; ".join(missing)}; accepted: an'
            ' entry for each'
        )
