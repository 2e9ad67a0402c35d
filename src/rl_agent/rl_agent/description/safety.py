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

"""The `safety` section of a robot's YAML file; every key is optional."""

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.command import CommandDescription, find_pose
from rl_agent.description.field_types import (
    Duration,
    Numbers,
    per_joint,
    PerJoint,
    refuse_duplicates,
    STRICT,
)
from rl_agent.description.limits import LimitDescription, TiltDescription
from rl_agent.description.observation import ObservationField

_DAMPED_STOP_S, _DEFAULT_POSE_S = 0.5, 3.0

ReactionKind = Literal['hold', 'zero', 'damped_stop', 'default_pose']
MaxAge = Annotated[float, Field(gt=0, le=86_400)]  # s


@dataclass(frozen=True, config=STRICT)
class ReactionDescription:
    """How the robot is brought to a stop.

    | reaction       | the command                                                            |
    |----------------|------------------------------------------------------------------------|
    | `hold`         | stays as it was                                                        |
    | `zero`         | becomes 0 at once; positions (rad or m) within the slew limit          |
    | `damped_stop`  | goes to 0 at constant speed in `duration_s`; positions go to the pose  |
    |                | measured when the stop began, see `pose_field`, but not back           |
    | `default_pose` | goes to the action's `default` at constant speed in `duration_s`       |

    A ramp takes longer than `duration_s` where `slew_per_s` requires it.

    Attributes:
        reaction: what the command does, see above.
        duration_s: time to come to rest; if not given 0.5, or 3 for `default_pose`.
    """

    reaction: ReactionKind = 'damped_stop'
    duration_s: Duration | None = None

    @property
    def ramp_s(self) -> float:
        """Seconds until the command stays constant."""
        if self.reaction in ('hold', 'zero'):
            return 0.0
        if self.duration_s is not None:
            return self.duration_s
        return _DEFAULT_POSE_S if self.reaction == 'default_pose' else _DAMPED_STOP_S


@dataclass(frozen=True, config=STRICT)
class WatchdogDescription(ReactionDescription):
    """What happens when an input becomes too old; ages are measured on the steady clock.

    Attributes:
        max_age_s: age at which the reaction begins.
        latch: false: the reaction ends when a new input arrives; true: it lasts until a person
            re-arms the robot.
    """

    max_age_s: MaxAge = 0.5
    latch: bool = False


@dataclass(frozen=True, config=STRICT)
class CommandWatchdogDescription(WatchdogDescription):
    """What happens when the agent's control loop sends no commands.

    Attributes:
        max_age_s: age of the last command at which the reaction begins; never less than three
            control periods.
    """

    max_age_s: MaxAge = 0.2


@dataclass(frozen=True, config=STRICT)
class EmergencyStopDescription:
    """How the robot is brought to a stop by a person, and whether it needs to hear of one.

    Attributes:
        reaction: what the command does, as under `stop`; if not given as `stop` says.
        duration_s: time to come to rest; only together with `reaction`.
        heartbeat_s: longest silence of the topic `emergency_stop`. In real time the robot moves
            only while somebody repeats false at least so often, and anybody who has begun to do
            so and falls silent stops it, latched. None: silence stops nothing.
    """

    reaction: ReactionKind | None = None
    duration_s: Duration | None = None
    heartbeat_s: Annotated[float, Field(gt=0, le=60)] | None = None

    def reaction_or(self, other: ReactionDescription) -> ReactionDescription:
        """Return how the robot is brought to a stop; `other` where that is not given."""
        if self.reaction is None:
            return other
        return ReactionDescription(self.reaction, self.duration_s)


@dataclass(frozen=True, config=STRICT)
class SafetyDescription:
    """What limits, filters and stops commands between the policy and the robot.

    Attributes:
        command_low: lower bound of commands, in the action's unit; none: the action's `low`.
        command_high: upper bound of commands; none: the action's `high`.
        slew_per_s: fastest change of a command, in the action's unit per second.
        low_pass_hz: cut-off frequency of a second-order Butterworth filter on commands.
        pose_field: observation field that measures what the command sets; an episode's first
            command starts there, unless a command is still in effect. If not given and commands
            are positions (rad or m): the one field that measures all joints of the action in its
            unit.
        pose_tolerance: how far beyond the command bounds a measured pose may be, in the action's
            unit; beyond it an episode does not begin, and a stop does not use the pose. None: 5 %
            of the way from the lower to the upper bound.
        limits: bounds of measured values.
        tilt: bounds of roll and pitch of the base.
        stop: at the end of an episode, and when the agent is deactivated or shut down.
        trip: when `limits` or `tilt` are exceeded; none: same as `stop`.
        emergency_stop: on an emergency stop, and its heartbeat; none: same as `stop`.
        sensor_watchdog: when sensor values become too old; `max_age_s` of an observation field
            takes precedence.
        policy_watchdog: when the learner falls silent; none: the last good policy continues.
        command_watchdog: when the agent's control loop sends no commands.
    """

    command_low: PerJoint | None = None
    command_high: PerJoint | None = None
    slew_per_s: PerJoint | None = None
    low_pass_hz: Annotated[float, Field(gt=0)] | None = None
    pose_field: str | None = None
    pose_tolerance: PerJoint | None = None
    limits: tuple[LimitDescription, ...] = ()
    tilt: TiltDescription | None = None
    stop: ReactionDescription = dataclasses.field(default_factory=ReactionDescription)
    trip: ReactionDescription | None = None
    emergency_stop: EmergencyStopDescription = dataclasses.field(
        default_factory=EmergencyStopDescription
    )
    sensor_watchdog: WatchdogDescription = dataclasses.field(default_factory=WatchdogDescription)
    policy_watchdog: WatchdogDescription | None = None
    command_watchdog: CommandWatchdogDescription = dataclasses.field(
        default_factory=CommandWatchdogDescription
    )

    @field_validator('emergency_stop', mode='before')
    @classmethod
    def _take_nothing_as_default(cls, given: Any) -> Any:
        return EmergencyStopDescription() if given is None else given  # None: in runs of before

    @field_validator('slew_per_s')
    @classmethod
    def _check_slew(cls, slew_per_s: Numbers | None) -> Numbers | None:
        if slew_per_s is not None and min(slew_per_s) <= 0:
            raise ValueError(f'given {list(slew_per_s)}; accepted: above 0')
        return slew_per_s

    @field_validator('pose_tolerance')
    @classmethod
    def _check_pose_tolerance(cls, tolerance: Numbers | None) -> Numbers | None:
        if tolerance is not None and min(tolerance) < 0:
            raise ValueError(f'given {list(tolerance)}; accepted: 0 or above')
        return tolerance

    @field_validator('limits')
    @classmethod
    def _check_limits(cls, limits: tuple[LimitDescription, ...]) -> tuple[LimitDescription, ...]:
        refuse_duplicates([item.name for item in limits])
        return limits

    @property
    def emergency_reaction(self) -> ReactionDescription:
        """How an emergency stop brings the robot to a stop."""
        return self.emergency_stop.reaction_or(self.stop)

    def reactions(self) -> Iterator[tuple[str, ReactionDescription]]:
        """Yield every described reaction with its key."""
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, ReactionDescription):
                yield item.name, value
        if self.emergency_stop.reaction is not None:
            yield 'emergency_stop', self.emergency_reaction

    def mistakes(
        self,
        command: CommandDescription,
        observation: Sequence[ObservationField],
        rate_hz: float,
    ) -> list[str]:
        """Return contradictions to the rest of the robot's description, one line each."""
        found = self._command_mistakes(command, rate_hz)
        found += self._reaction_mistakes(command)
        found += self._field_mistakes({item.name: item for item in observation})
        poses = find_pose(command, observation, self.pose_field)
        if self.pose_field is not None and self.pose_field not in [item.field for item in poses]:
            found.append(
                f'pose_field: given {self.pose_field!r}; accepted: an observation field without'
                ' transform and replace_nan, with all joints of the action, in the unit of the'
                ' action'
            )
        return found

    def _command_mistakes(self, command: CommandDescription, rate_hz: float) -> list[str]:
        """Return mistakes in the limits and filters of commands."""
        found, size = [], len(command.names)
        for key in ('command_low', 'command_high', 'slew_per_s', 'pose_tolerance'):
            found += _size_mistakes(key, getattr(self, key), size)
        if not found:
            bounds = (
                per_joint(self.command_low, command.low),
                per_joint(self.command_high, command.high),
            )
            rows = zip(command.names, *bounds, command.low, command.high, strict=True)
            found += [
                f'command_low, command_high of {name}: given {low:g}, {high:g}; accepted: low'
                f' before high, within the bounds of the action, {lowest:g} to {highest:g}'
                for name, low, high, lowest, highest in rows
                if not lowest <= low < high <= highest
            ]
        if self.low_pass_hz is not None and self.low_pass_hz >= rate_hz / 2:
            found.append(
                f'low_pass_hz: given {self.low_pass_hz:g}; accepted: below {rate_hz / 2:g}, half'
                ' the control rate'
            )
        return found

    def _reaction_mistakes(self, command: CommandDescription) -> list[str]:
        """Return mistakes in reactions that this robot cannot carry out."""
        found = []
        includes_zero = (
            max(per_joint(self.command_low, command.low)) <= 0.0
            and min(per_joint(self.command_high, command.high)) >= 0.0
        )
        for key, reaction in self.reactions():
            if reaction.reaction == 'default_pose' and command.default is None:
                found.append(
                    f"{key}.reaction: given 'default_pose' without action.default;"
                    ' accepted: with action.default'
                )
            if reaction.reaction == 'zero' and not includes_zero:
                found.append(
                    f"{key}.reaction: given 'zero' with bounds that exclude 0; accepted: with"
                    ' bounds that include it'
                )
        emergency_stop = self.emergency_stop
        if emergency_stop.duration_s is not None and emergency_stop.reaction is None:
            found.append(
                f'emergency_stop.duration_s: given {emergency_stop.duration_s:g} without reaction;'
                ' accepted: together with emergency_stop.reaction'
            )
        return found

    def _field_mistakes(self, fields: Mapping[str, ObservationField]) -> list[str]:
        """Return unknown observation fields and bounds of the wrong length."""
        found, known = [], ', '.join(fields)
        for item in self.limits:
            where = f'limits.{item.name}'
            if item.observation not in fields:
                found.append(f'{where}.observation: given {item.observation!r}; accepted: {known}')
                continue
            size = fields[item.observation].raw_size
            found += _size_mistakes(f'{where}.low', item.low, size)
            found += _size_mistakes(f'{where}.high', item.high, size)
        tilt = self.tilt and fields.get(self.tilt.observation)
        if self.tilt is not None and (not tilt or tilt.raw_size != 4 or tilt.once):
            found.append(
                f'tilt.observation: given {self.tilt.observation!r}; accepted: a field with the 4'
                f' numbers of a quaternion, without once, of {known}'
            )
        return found


def _size_mistakes(key: str, values: Sequence[float] | None, size: int) -> list[str]:
    """Return the mistake in the number of values of a key, if there is one."""
    if values is None or len(values) in (1, size):
        return []
    return [f'{key}: given {len(values)} values; accepted: 1 or {size}']
