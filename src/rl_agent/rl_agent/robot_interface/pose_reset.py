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

"""Moves a robot from where it is to a pose by interpolated commands."""

from collections.abc import Callable
import math

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.command_box import command_box, moved_by
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError


def move_to_pose(
    reading: Reading, apply: Callable[[Float64Array], Reading], description: RobotDescription
) -> Reading:
    """Move to the pose of the description's reset; return the reading there.

    Args:
        reading: the robot's reading now; commands start at its `command`, else at the pose.
        apply: executes a command, (action,) in the robot's units, for one control period.
        description: has `reset.move_to_pose`.

    Raises:
        RobotError: the pose was not reached within the tolerance and the reset's time-out.
    """
    pose, whole = description.reset.move_to_pose, description.command
    assert pose is not None
    _, indices, numbers = moved_by(pose, whole, description.observation)
    low, high = (np.array(bound) for bound in command_box(description.safety, whole))
    goal = np.clip(whole.default or np.zeros(len(low)), low, high)  # speeds are at rest
    start = goal.copy()
    if pose.pose is not None:
        goal[numbers] = pose.pose
    start[numbers] = reading.values[pose.field][indices]
    start = np.clip(start if reading.command is None else reading.command, low, high)
    steps = math.ceil(pose.seconds * description.rate_hz)
    extra_steps = math.ceil(description.reset.timeout_s * description.rate_hz)
    for number in range(1, steps + extra_steps + 1):
        fraction = min(1.0, number / steps)
        command = np.clip(start + fraction * (goal - start), low, high)
        reading = apply(command)
        error = np.abs(reading.values[pose.field][indices] - goal[numbers])
        if number >= steps and (error <= pose.tolerance).all():
            return reading
    worst = int(error.argmax())
    raise RobotError(
        f'reset: {whole.names[numbers[worst]]} is {error[worst]:.4g} away from its pose'
        f' {description.reset.timeout_s:g} s after it should have been reached;'
        f' accepted: {pose.tolerance:g}'
    )
