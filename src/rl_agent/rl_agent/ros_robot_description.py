# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot's description, checked against the message types that are installed here.

Robots load it so; the learner machine, which may lack a robot's message packages, does not.
"""

from rl_agent.robot_description import load_robot, RobotDescription
import rl_agent.ros_command
import rl_agent.ros_field_extractor


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
                rl_agent.ros_field_extractor.static_mistakes(item)
            ),
            'check_action': lambda action: refuse(rl_agent.ros_command.static_mistakes(action)),
        },
    )
