# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot's description, checked against the message types that are installed here.

Robots load it so; the learner machine, which may lack a robot's message packages, does not.
"""

from rclpy.node import Node
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
import rl_agent.message_fields.ros_field_extractor
import rl_agent.robot_interface.ros_command


def load_ros_robot(name_or_path: str) -> RobotDescription:
    """Return a robot's description whose types and field paths exist.

    Raises:
        ConfigurationError: no such robot, or one line for each mistake in its file.
    """

    def refuse(mistakes: list[str]) -> None:
        if mistakes:
            raise ValueError('\n'.join(mistakes))

    return load_robot(
        name_or_path,
        context={
            'check_observation': lambda item: refuse(
                rl_agent.message_fields.ros_field_extractor.static_mistakes(item)
            ),
            'check_action': lambda action: refuse(
                rl_agent.robot_interface.ros_command.static_mistakes(action)
            ),
        },
    )


def refuse_names_of_others(node: Node, description: RobotDescription) -> None:
    """Refuse, in a simulation that stands aside in a namespace, names that do not stay in it.

    Such a simulation has a clock of its own. An absolute topic would be that of the real robot, if
    there is one in this ROS domain, and commands would reach it.

    Raises:
        ConfigurationError: a topic or service is absolute.
    """
    if node.resolve_topic_name('/clock') == '/clock':
        return
    service = description.reset.service or ''
    names = [description.action.topic, *description.topics, service]
    absolute = sorted({name for name in names if name.startswith('/')})
    if absolute:
        raise ConfigurationError(
            f'robot {description.name!r}: given {", ".join(absolute)} in the simulation'
            f' {node.get_namespace()}; accepted: names without a slash at the start, which stay in'
            ' its namespace: another robot may listen to these, a real one or a simulated one'
        )
