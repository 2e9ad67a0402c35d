# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Replay bridge and learner: `ros2 launch rl_learner learner.launch.py robot:=NAME`."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.launch_nodes import declare, environment_of, parameters, start, values
from rl_learner.interpreters import learner_interpreter
from rl_learner.launch_arguments import BRIDGE, LEARNER, LEARNER_LAUNCH
from rl_learner.node_specs import learner_nodes
from rl_learner.run_folder import refuse_to_resume


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what is started with them."""
    return LaunchDescription([*declare(LEARNER_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return bridge and learner, on the Python that has Reverb."""
    given = values(LEARNER_LAUNCH, context)
    if not given['resume']:
        refuse_to_resume(Path(given['run_folder']))
    specs = learner_nodes(
        given['robot'],
        given['algorithm'],
        given['replay_port'],
        seed=given['seed'],
        **parameters((*LEARNER, *BRIDGE), given),
    )
    python = learner_interpreter(given['python'], environment_of(context), __file__)
    return start(specs, python, given)
