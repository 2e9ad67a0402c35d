# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The bounds of a robot with one command topic, whose joints are measured."""

from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.safety import SafetyDescription
from rl_agent.safety.command_bounds import CommandBounds, make_bounds


def joint_bounds(
    action: ActionDescription, rate_hz: float, safety: SafetyDescription | None = None
) -> CommandBounds:
    """Return the bounds of an action; a field of its unit measures its joints."""
    field = ObservationField(
        'measured',
        'joints',
        'sensor_msgs/msg/JointState',
        'position',
        action.joints,
        unit=action.unit,
    )
    return make_bounds(CommandDescription((action,)), rate_hz, safety, (field,))
