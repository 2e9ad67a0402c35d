# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Moves a robot to a pose by commands interpolated from where it is."""

from collections.abc import Callable
import math

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.reset import PoseDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError


def move_to_pose(
    reading: Reading, apply: Callable[[Float64Array], Reading], description: RobotDescription
) -> Reading:
    """Move to the pose of the description's reset; return what the robot senses there.

    Args:
        reading: what it senses before.
        apply: executes a command, (action,) in the robot's units, for one control period.
        description: with `reset.move_to_pose`.

    Raises:
        RobotError: the pose was not reached within the tolerance.
    """
    pose, action = description.reset.move_to_pose, description.action
    assert pose is not None
    goal = np.array(pose.pose or action.default)
    places = _places(pose, description)
    start = reading.values[pose.field][places]
    steps = math.ceil(pose.seconds * description.rate_hz)
    patience = math.ceil(description.reset.timeout_s * description.rate_hz)
    for number in range(1, steps + patience + 1):
        share = min(1.0, number / steps)
        command = np.clip(start + share * (goal - start), action.low, action.high)
        reading = apply(command)
        error = np.abs(reading.values[pose.field][places] - goal)
        if number >= steps and (error <= pose.tolerance).all():
            return reading
    worst = int(error.argmax())
    raise RobotError(
        f'reset: {action.names[worst]} is {error[worst]:.4g} away from its pose'
        f' {description.reset.timeout_s:g} s after it should be there;'
        f' accepted: {pose.tolerance:g}'
    )


def _places(pose: PoseDescription, description: RobotDescription) -> list[int]:
    """Return where the action's joints stand in the field that tells where they are."""
    field = next(item for item in description.observation if item.name == pose.field)
    joints = field.joints or ()
    return [joints.index(name) for name in description.action.names]
