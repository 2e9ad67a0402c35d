# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Replay bridge, learner and recorder: `ros2 launch rl_learner learner.launch.py robot:=NAME`."""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.launch_actions import declare, environment_of, values
from rl_agent.bringup.launch_group import Group
from rl_learner.bringup.launch_actions import start_learner
from rl_learner.bringup.launch_arguments import LEARNER_LAUNCH


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(LEARNER_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return bridge, learner and recorder, on a Python that has Reverb."""
    given = values(LEARNER_LAUNCH, context)
    group = Group.of(context, given)
    return start_learner(given, environment_of(context), __file__, group)
