# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `safety` section of a robot's YAML file. Everything in it is optional."""

from collections.abc import Mapping, Sequence
from dataclasses import field
import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.action import ActionDescription
from rl_agent.description.field_types import Name, Numbers, STRICT
from rl_agent.description.observation import ObservationField
from typing_extensions import Self

POSITION_UNITS = ('rad', 'm')  # commands in these units say where to be
_DAMPED_STOP_S, _DEFAULT_POSE_S = 0.5, 3.0
_REACTIONS = (
    'stop',
    'trip',
    'emergency_stop',
    'sensor_watchdog',
    'policy_watchdog',
    'command_watchdog',
)

ReactionKind = Literal['hold', 'zero', 'damped_stop', 'default_pose']
Duration = Annotated[float, Field(gt=0, le=60)]
# one number for all joints, or one for each
PerJoint = Annotated[tuple[float, ...], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class ReactionDescription:
    """How the robot is brought to a stop.

    | reaction       | the command                                                            |
    |----------------|------------------------------------------------------------------------|
    | `hold`         | stays what it was                                                      |
    | `zero`         | is 0 at once                                                           |
    | `damped_stop`  | goes evenly, in `duration_s`, to 0; where commands are positions (rad  |
    |                | or m), to the pose measured when the stop began, see `pose_field`      |
    | `default_pose` | goes evenly, in `duration_s`, to the action's default pose             |

    Attributes:
        reaction: one of these.
        duration_s: 0.5 if not given, 3 for `default_pose`.
    """

    reaction: ReactionKind = 'damped_stop'
    duration_s: Duration | None = None

    @property
    def ramp_s(self) -> float:
        """Seconds until the command stands still."""
        if self.reaction in ('hold', 'zero'):
            return 0.0
        if self.duration_s is not None:
            return self.duration_s
        return _DEFAULT_POSE_S if self.reaction == 'default_pose' else _DAMPED_STOP_S


@dataclass(frozen=True, config=STRICT)
class WatchdogDescription(ReactionDescription):
    """What happens when something is older than it may be, on the steady clock.

    Attributes:
        max_age_s: the age at which the reaction begins.
        latch: false: the reaction ends by itself when there is something new; true: a person
            must re-arm.
    """

    max_age_s: Annotated[float, Field(gt=0, le=86_400)] = 0.5
    latch: bool = False


@dataclass(frozen=True, config=STRICT)
class CommandWatchdogDescription(WatchdogDescription):
    """What happens when our own control loop does not send, on the steady clock.

    Attributes:
        max_age_s: the age at which the reaction begins; at least three control periods count.
    """

    max_age_s: Annotated[float, Field(gt=0, le=86_400)] = 0.2


@dataclass(frozen=True, config=STRICT)
class LimitDescription:
    """Bounds of what is measured; beyond them the robot stops, latched.

    Attributes:
        name: for logs and the status.
        observation: field whose numbers, as in the message, must lie within the bounds.
        low: lowest numbers; none: no lower bound.
        high: highest numbers; none: no upper bound.
    """

    name: Name
    observation: str
    low: PerJoint | None = None
    high: PerJoint | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError('given neither low nor high; accepted: one of them, or both')
        return self


@dataclass(frozen=True, config=STRICT)
class TiltDescription:
    """Bounds of roll and pitch (REP-103); beyond them the robot stops, latched.

    Attributes:
        observation: field with an orientation: a quaternion x, y, z, w.
        max_roll_rad: largest roll to either side.
        max_pitch_rad: largest pitch to either side.
    """

    observation: str
    max_roll_rad: Annotated[float, Field(gt=0, le=math.pi)]
    max_pitch_rad: Annotated[float, Field(gt=0, lt=math.pi / 2)]


@dataclass(frozen=True, config=STRICT)
class SafetyDescription:
    """What stands between policy and robot.

    Attributes:
        command_low: lower bound of commands, in the action's unit; none: the action's own.
        command_high: upper bound.
        slew_per_s: fastest change of a command, in the action's unit per second.
        low_pass_hz: cut-off of a second-order Butterworth filter on commands.
        pose_field: observation field that measures what the command sets: an episode's first
            command starts from it. For positions it is found by itself, see `find_pose`.
        limits: of what is measured.
        tilt: of the base.
        stop: at the end of an episode, and when the agent is deactivated or ends.
        trip: beyond `limits` or `tilt`; none: as `stop`.
        emergency_stop: none: as `stop`.
        sensor_watchdog: fields with a `max_age_s` of their own have that instead.
        policy_watchdog: the learner is not heard any more; none: the last good policy goes on.
        command_watchdog: our own control loop does not send any more.
    """

    command_low: PerJoint | None = None
    command_high: PerJoint | None = None
    slew_per_s: PerJoint | None = None
    low_pass_hz: Annotated[float, Field(gt=0)] | None = None
    pose_field: str | None = None
    limits: tuple[LimitDescription, ...] = ()
    tilt: TiltDescription | None = None
    stop: ReactionDescription = field(default_factory=ReactionDescription)
    trip: ReactionDescription | None = None
    emergency_stop: ReactionDescription | None = None
    sensor_watchdog: WatchdogDescription = field(default_factory=WatchdogDescription)
    policy_watchdog: WatchdogDescription | None = None
    command_watchdog: CommandWatchdogDescription = field(
        default_factory=CommandWatchdogDescription
    )

    @field_validator('slew_per_s')
    @classmethod
    def _check_slew(cls, slew_per_s: Numbers | None) -> Numbers | None:
        if slew_per_s is not None and min(slew_per_s) <= 0:
            raise ValueError(f'given {list(slew_per_s)}; accepted: above 0')
        return slew_per_s

    @model_validator(mode='after')
    def _check(self) -> Self:
        names = [item.name for item in self.limits]
        if len(set(names)) < len(names):
            raise ValueError(f'limits: names given twice: {", ".join(names)}')
        return self

    def mistakes(
        self,
        action: ActionDescription,
        observation: Sequence[ObservationField],
        rate_hz: float,
    ) -> list[str]:
        """Return what does not fit the rest of the robot's description, one line each."""
        found = self._command_mistakes(action, rate_hz)
        found += self._reaction_mistakes(action)
        found += self._field_mistakes({item.name: item for item in observation})
        if self.pose_field is not None and find_pose(self, action, observation) is None:
            found.append(
                f'pose_field: given {self.pose_field!r}; accepted: an observation field without'
                ' transform and replace_nan, with all joints of the action, in the unit of the'
                ' action'
            )
        return found

    def _command_mistakes(self, action: ActionDescription, rate_hz: float) -> list[str]:
        """Return mistakes in what is done to commands."""
        found, size = [], len(action.names)
        for key in ('command_low', 'command_high', 'slew_per_s'):
            values = getattr(self, key)
            if values is not None and len(values) not in (1, size):
                found.append(f'{key}: given {len(values)} values; accepted: 1 or {size}')
        if not found:
            bounds = spread(self.command_low, action.low), spread(self.command_high, action.high)
            rows = zip(action.names, *bounds, action.low, action.high, strict=True)
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

    def _reaction_mistakes(self, action: ActionDescription) -> list[str]:
        """Return reactions that this robot cannot show."""
        found = []
        bounds = list(zip(action.low, action.high, strict=True))
        for key in _REACTIONS:
            reaction: ReactionDescription | None = getattr(self, key)
            if reaction is None:
                continue
            if reaction.reaction == 'default_pose' and action.default is None:
                found.append(f"{key}.reaction: given 'default_pose'; the action has no default")
            if reaction.reaction == 'zero' and not all(low <= 0.0 <= high for low, high in bounds):
                found.append(
                    f"{key}.reaction: given 'zero'; accepted: a command within its bounds"
                )
        return found

    def _field_mistakes(self, fields: Mapping[str, ObservationField]) -> list[str]:
        """Return mistakes in the names of observation fields and in the lengths of bounds."""
        found, known = [], ', '.join(fields)
        for item in self.limits:
            where = f'limits.{item.name}'
            if item.observation not in fields:
                found.append(f'{where}.observation: given {item.observation!r}; accepted: {known}')
                continue
            size = fields[item.observation].raw_size
            for key, values in (('low', item.low), ('high', item.high)):
                if values is not None and len(values) not in (1, size):
                    found.append(
                        f'{where}.{key}: given {len(values)} values; accepted: 1 or {size}'
                    )
        tilt = self.tilt and fields.get(self.tilt.observation)
        if self.tilt is not None and (not tilt or tilt.raw_size != 4):
            found.append(
                f'tilt.observation: given {self.tilt.observation!r}; accepted: a field with the 4'
                f' numbers of a quaternion, of {known}'
            )
        return found


def find_pose(
    safety: SafetyDescription, action: ActionDescription, observation: Sequence[ObservationField]
) -> tuple[str, list[int]] | None:
    """Return the field that measures what commands set, and where in it each joint stands.

    Where `pose_field` is not given, it is the field that has all joints of the action and the
    unit of the action, rad or m, if there is just one.
    """
    found = [
        item
        for item in observation
        if item.is_measured
        and item.unit == action.unit
        and set(action.names) <= set(item.joints or ())
        and (item.name == safety.pose_field or safety.pose_field is None)
    ]
    if len(found) != 1 or (safety.pose_field is None and action.unit not in POSITION_UNITS):
        return None
    joints = found[0].joints or ()
    return found[0].name, [joints.index(name) for name in action.names]


def spread(values: Sequence[float] | None, otherwise: Sequence[float]) -> tuple[float, ...]:
    """Return one number for each joint, from one for all, one for each, or none."""
    if values is None:
        return tuple(otherwise)
    return tuple(values) * (len(otherwise) // len(values))
