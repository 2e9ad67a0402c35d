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

"""The box that commands stay in, and what a description asks for beyond it."""

from collections.abc import Sequence
import math

from rl_agent.description.command import CommandDescription, find_pose, MeasuredNumbers
from rl_agent.description.field_types import Numbers, per_joint
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import PoseDescription, ResetDescription
from rl_agent.description.safety import SafetyDescription

POSE_TOLERANCE = 0.05  # of the width of the box
_ROUNDING = 1e-9  # a time that is just long enough is long enough
Box = tuple[Numbers, Numbers]


def command_box(safety: SafetyDescription, command: CommandDescription) -> Box:
    """Return the lowest and the highest command of each joint."""
    return per_joint(safety.command_low, command.low), per_joint(safety.command_high, command.high)


def pose_tolerance(safety: SafetyDescription, command: CommandDescription) -> Numbers:
    """Return how far beyond the box the measured pose of each joint may be."""
    lows, highs = command_box(safety, command)
    default = [POSE_TOLERANCE * (high - low) for low, high in zip(lows, highs, strict=True)]
    return per_joint(safety.pose_tolerance, default)


def pose_limits(
    safety: SafetyDescription, command: CommandDescription, observation: Sequence[ObservationField]
) -> Box:
    """Return the described limits on what commands set, for each joint; infinite: none."""
    lows, highs = [-math.inf] * len(command.names), [math.inf] * len(command.names)
    for field, indices, numbers in find_pose(command, observation, safety.pose_field):
        size = next(item.raw_size for item in observation if item.name == field)
        for limit in safety.limits:
            if limit.observation != field:
                continue
            low = per_joint(limit.low, [-math.inf] * size)
            high = per_joint(limit.high, [math.inf] * size)
            for index, number in zip(indices, numbers, strict=True):
                lows[number] = max(lows[number], low[index])
                highs[number] = min(highs[number], high[index])
    return tuple(lows), tuple(highs)


def motion_mistakes(
    command: CommandDescription,
    reset: ResetDescription,
    safety: SafetyDescription,
    observation: Sequence[ObservationField],
) -> list[str]:
    """Return what the robot would be asked to do beyond its own bounds, one line each."""
    box = command_box(safety, command)
    limits = pose_limits(safety, command, observation)
    everything = range(len(command.names))
    found = []
    default = command.default
    for name, reaction in safety.reactions():
        if reaction.reaction == 'default_pose':
            key = f"safety.{name}.reaction: given 'default_pose', and action.default"
            found += _beyond(key, default or (), everything, command, box, limits)
    pose = reset.move_to_pose
    if pose is not None:
        numbers = moved_by(pose, command, observation).numbers
        goal = pose.pose or [(default or ())[number] for number in numbers]
        key = 'reset.move_to_pose.pose' if pose.pose else 'reset.move_to_pose: action.default'
        found += _beyond(key, goal, numbers, command, box, limits) or _too_fast(
            pose, goal, numbers, safety, box
        )
    return found


def moved_by(
    pose: PoseDescription, command: CommandDescription, observation: Sequence[ObservationField]
) -> MeasuredNumbers:
    """Return the numbers of the command that move the robot to a pose."""
    return command.measured_by(next(item for item in observation if item.name == pose.field))


def _beyond(
    key: str,
    pose: Sequence[float],
    numbers: Sequence[int],
    command: CommandDescription,
    box: Box,
    limits: Box,
) -> list[str]:
    """Return the joints of a pose that no command may reach, one line each.

    Args:
        key: of the pose.
        pose: one value for each of `numbers`.
        numbers: indices in the command.
        command: of the robot.
        box: of commands.
        limits: of the measured pose.
    """
    columns = [[column[number] for number in numbers] for column in (command.names, *box, *limits)]
    rows = zip(pose, *columns, strict=True)
    return [
        f'{key}: given {value:g} for {name}; accepted: {max(low, least):g} to {min(high, most):g},'
        ' the bounds of commands and the limits of the measured pose'
        for value, name, low, high, least, most in rows
        if not max(low, least) <= value <= min(high, most)
    ]


def _too_fast(
    pose: PoseDescription,
    goal: Sequence[float],
    numbers: Sequence[int],
    safety: SafetyDescription,
    box: Box,
) -> list[str]:
    """Return that a motion from the far end of the box would exceed the slew limit, if so."""
    if safety.slew_per_s is None:
        return []
    columns = (*box, per_joint(safety.slew_per_s, box[0]))
    rows = zip(goal, *[[column[number] for number in numbers] for column in columns], strict=True)
    least_s = max(max(value - low, high - value) / slew for value, low, high, slew in rows)
    if pose.seconds >= least_s * (1.0 - _ROUNDING):
        return []
    return [
        f'reset.move_to_pose.seconds: given {pose.seconds:g}; accepted: {least_s:.6g} or more,'
        ' because of safety.slew_per_s, from the farthest command'
    ]
