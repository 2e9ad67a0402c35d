# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The box that commands stay in, and what a description asks for beyond it."""

from collections.abc import Sequence
import math

from rl_agent.description.action import ActionDescription
from rl_agent.description.field_types import Numbers, per_joint
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import PoseDescription, ResetDescription
from rl_agent.description.safety import find_pose, SafetyDescription

POSE_TOLERANCE = 0.05  # of the width of the box
_ROUNDING = 1e-9  # a time that is just long enough is long enough
Box = tuple[Numbers, Numbers]


def command_box(safety: SafetyDescription, action: ActionDescription) -> Box:
    """Return the lowest and the highest command of each joint."""
    return per_joint(safety.command_low, action.low), per_joint(safety.command_high, action.high)


def pose_tolerance(safety: SafetyDescription, action: ActionDescription) -> Numbers:
    """Return how far beyond the box the measured pose of each joint may be."""
    lows, highs = command_box(safety, action)
    default = [POSE_TOLERANCE * (high - low) for low, high in zip(lows, highs, strict=True)]
    return per_joint(safety.pose_tolerance, default)


def pose_limits(
    safety: SafetyDescription, action: ActionDescription, observation: Sequence[ObservationField]
) -> Box:
    """Return the described limits on what commands set, for each joint; infinite: none."""
    lows, highs = [-math.inf] * len(action.names), [math.inf] * len(action.names)
    pose = find_pose(safety, action, observation)
    for limit in safety.limits if pose else ():
        assert pose is not None
        field, indices = pose
        if limit.observation != field:
            continue
        size = next(item.raw_size for item in observation if item.name == field)
        low = per_joint(limit.low, [-math.inf] * size)
        high = per_joint(limit.high, [math.inf] * size)
        lows = [max(old, low[index]) for old, index in zip(lows, indices, strict=True)]
        highs = [min(old, high[index]) for old, index in zip(highs, indices, strict=True)]
    return tuple(lows), tuple(highs)


def motion_mistakes(
    action: ActionDescription,
    reset: ResetDescription,
    safety: SafetyDescription,
    observation: Sequence[ObservationField],
) -> list[str]:
    """Return what the robot would be asked to do beyond its own bounds, one line each."""
    box = command_box(safety, action)
    limits = pose_limits(safety, action, observation)
    found = []
    default = action.default
    for name, reaction in safety.reactions():
        if reaction.reaction == 'default_pose':
            key = f"safety.{name}.reaction: given 'default_pose', and action.default"
            found += _beyond(key, default or (), action, box, limits)
    pose = reset.move_to_pose
    if pose is not None:
        goal = pose.pose or default or ()
        key = 'reset.move_to_pose.pose' if pose.pose else 'reset.move_to_pose: action.default'
        found += _beyond(key, goal, action, box, limits) or _too_fast(pose, goal, safety, box)
    return found


def _beyond(
    key: str, pose: Numbers, action: ActionDescription, box: Box, limits: Box
) -> list[str]:
    """Return the joints of a pose that no command may reach, one line each."""
    rows = zip(action.names, pose, *box, *limits, strict=True)
    return [
        f'{key}: given {value:g} for {name}; accepted: {max(low, least):g} to {min(high, most):g},'
        ' the bounds of commands and the limits of the measured pose'
        for name, value, low, high, least, most in rows
        if not max(low, least) <= value <= min(high, most)
    ]


def _too_fast(
    pose: PoseDescription, goal: Numbers, safety: SafetyDescription, box: Box
) -> list[str]:
    """Return that a motion from the far end of the box would exceed the slew limit, if so."""
    if safety.slew_per_s is None:
        return []
    rows = zip(goal, *box, per_joint(safety.slew_per_s, goal), strict=True)
    least_s = max(max(value - low, high - value) / slew for value, low, high, slew in rows)
    if pose.seconds >= least_s * (1.0 - _ROUNDING):
        return []
    return [
        f'reset.move_to_pose.seconds: given {pose.seconds:g}; accepted: {least_s:.6g} or more,'
        ' because of safety.slew_per_s, from the farthest command'
    ]
