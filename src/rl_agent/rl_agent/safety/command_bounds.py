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

"""What a robot's description allows commands and measured poses to be."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from rl_agent.array_types import BooleanArray, Command, FieldValues
from rl_agent.description.command import CommandDescription, find_pose, MeasuredNumbers
from rl_agent.description.command_box import command_box, pose_limits, pose_tolerance
from rl_agent.description.field_types import per_joint
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.description.safety import SafetyDescription


@dataclass(frozen=True, eq=False)
class CommandBounds:
    """Bounds of one robot's commands, (action,) each, in the command's units.

    Attributes:
        names: of the joints or fields.
        low: of the action box: `command_low`, else the action's `low`.
        high: of the action box.
        rest: the point of the box nearest to the action's `default`, or to 0 without one.
        default: the point of the box nearest to the action's `default`; None: not described.
        zero: the point of the box nearest to 0.
        safe_low: of the box within the described limits of the measured pose.
        safe_high: of the box within these limits.
        tolerance: how far beyond the box a measured pose may be.
        pose_low: lowest measured pose that is believed.
        pose_high: highest measured pose that is believed.
        pose: fields that measure what commands set; empty: none.
        pose_max_age_s: age from which a measured pose is too old.
        slew_per_s: fastest change; None: not described.
        period_s: control period.
        parts: the numbers of each command topic.
        is_position: which numbers are positions.
        is_angle: which numbers are angles.
        is_measured: which numbers are measured, see `pose`.
    """

    names: tuple[str, ...]
    low: Command
    high: Command
    rest: Command
    default: Command | None
    zero: Command
    safe_low: Command
    safe_high: Command
    tolerance: Command
    pose_low: Command
    pose_high: Command
    pose: tuple[MeasuredNumbers, ...]
    pose_max_age_s: float
    slew_per_s: Command | None
    period_s: float
    parts: tuple[slice, ...]
    is_position: BooleanArray
    is_angle: BooleanArray
    is_measured: BooleanArray

    def measured_pose(self, values: FieldValues) -> Command | None:
        """Return the measured values of what commands set, (action,); None: none is measured.

        Numbers that are not measured are those of `rest`.
        """
        if not self.pose:
            return None
        if self._is_one_field:
            field, indices, _ = self.pose[0]
            return values[field][indices]
        pose = self.rest.copy()
        for field, indices, numbers in self.pose:
            pose[numbers] = values[field][indices]
        return pose

    @property
    def _is_one_field(self) -> bool:
        """Whether one field measures everything, in the order of the command."""
        return len(self.pose[0].numbers) == len(self.names)

    def pose_beyond_box(self, pose: Command) -> str | None:
        """Return which joint is beyond the box by more than the tolerance; None: no joint is."""
        lowest, highest = self.low - self.tolerance, self.high + self.tolerance
        # not the opposite test, because a comparison with NaN is false
        inside = (pose >= lowest) & (pose <= highest)
        if inside.all():
            return None
        joint = int(np.argmin(inside))
        return (
            f'{self.names[joint]}: given {pose[joint]:.6g}; accepted: {lowest[joint]:.6g} to'
            f' {highest[joint]:.6g}, the command box and {self.tolerance[joint]:.3g} to either'
            ' side (safety.pose_tolerance)'
        )


def bounds_of(description: RobotDescription) -> CommandBounds:
    """Return the bounds that a robot's description gives."""
    return make_bounds(
        description.command, description.rate_hz, description.safety, description.observation
    )


def make_bounds(
    command: CommandDescription,
    rate_hz: float,
    safety: SafetyDescription | None = None,
    observation: Sequence[ObservationField] = (),
) -> CommandBounds:
    """Return the bounds of a command with these limits and sensors."""
    safety = safety or SafetyDescription()
    low, high = (np.array(bound) for bound in command_box(safety, command))
    limit_low, limit_high = (np.array(item) for item in pose_limits(safety, command, observation))
    safe_low, safe_high = np.maximum(low, limit_low), np.minimum(high, limit_high)
    is_empty = safe_low > safe_high  # limits that exclude the box: every reading is a stop
    tolerance = np.array(pose_tolerance(safety, command))
    default = None if command.default is None else np.clip(command.default, low, high)
    zero = np.clip(np.zeros(len(low)), low, high)
    slew = safety.slew_per_s
    pose = tuple(find_pose(command, observation, safety.pose_field))
    is_measured = np.zeros(len(low), np.bool_)
    for item in pose:
        is_measured[item.numbers] = True
    return CommandBounds(
        names=command.names,
        low=low,
        high=high,
        rest=zero if default is None else default,
        default=default,
        zero=zero,
        safe_low=np.where(is_empty, low, safe_low),
        safe_high=np.where(is_empty, high, safe_high),
        tolerance=tolerance,
        pose_low=np.maximum(low - tolerance, limit_low),
        pose_high=np.minimum(high + tolerance, limit_high),
        pose=pose,
        pose_max_age_s=min(
            (_max_age_s(safety, observation, item.field) for item in pose), default=math.inf
        ),
        slew_per_s=None if slew is None else np.array(per_joint(slew, command.low)),
        period_s=1.0 / rate_hz,
        parts=command.parts,
        is_position=np.array(command.is_position),
        is_angle=np.array([unit == 'rad' for unit in command.units]),
        is_measured=is_measured,
    )


def _max_age_s(
    safety: SafetyDescription, observation: Sequence[ObservationField], field: str
) -> float:
    """Return the largest age of the field's topic, the smallest of its fields."""
    topic = next(item.topic for item in observation if item.name == field)
    return min(
        item.max_age_s or safety.sensor_watchdog.max_age_s
        for item in observation
        if item.topic == topic
    )
