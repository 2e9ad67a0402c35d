# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `safety` section of a robot's YAML file. Everything in it is optional."""

from collections.abc import Mapping, Sequence
from dataclasses import field
import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from typing_extensions import Self

_STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)
_DAMPED_STOP_S, _DEFAULT_POSE_S = 0.5, 3.0

ReactionKind = Literal['hold', 'zero', 'damped_stop', 'default_pose']
Duration = Annotated[float, Field(gt=0, le=60)]
# one number for all joints, or one for each
PerJoint = Annotated[tuple[float, ...], Field(min_length=1)]


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class WatchdogDescription(ReactionDescription):
    """What happens when something is older than it may be, on the steady clock.

    Attributes:
        max_age_s: the age at which the reaction begins.
        latch: false: the reaction ends by itself when there is something new; true: a person
            must re-arm.
    """

    max_age_s: Annotated[float, Field(gt=0, le=86_400)] = 0.5
    latch: bool = False


@dataclass(frozen=True, config=_STRICT)
class LimitDescription:
    """Bounds of what is measured; beyond them the robot stops, latched.

    Attributes:
        name: for logs and the status.
        observation: field whose numbers, as in the message, must lie within the bounds.
        low: lowest numbers; none: no lower bound.
        high: highest numbers; none: no upper bound.
    """

    name: Annotated[str, Field(pattern=r'^[A-Za-z][A-Za-z0-9_]*$')]
    observation: str
    low: PerJoint | None = None
    high: PerJoint | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError('given neither low nor high; accepted: one of them, or both')
        return self


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class SafetyDescription:
    """What stands between policy and robot.

    Attributes:
        command_low: lower bound of commands, in the action's unit; none: the action's own.
        command_high: upper bound.
        slew_per_s: fastest change of a command, in the action's unit per second.
        low_pass_hz: cut-off of a second-order Butterworth filter on commands.
        pose_field: observation field that measures what the command sets (positions of the same
            joints in the same order): an episode's first command starts from it.
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
    slew_per_s: (
        Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None
    ) = None
    low_pass_hz: Annotated[float, Field(gt=0)] | None = None
    pose_field: str | None = None
    limits: tuple[LimitDescription, ...] = ()
    tilt: TiltDescription | None = None
    stop: ReactionDescription = field(default_factory=ReactionDescription)
    trip: ReactionDescription | None = None
    emergency_stop: ReactionDescription | None = None
    sensor_watchdog: WatchdogDescription = field(default_factory=WatchdogDescription)
    policy_watchdog: WatchdogDescription | None = None
    command_watchdog: WatchdogDescription = field(
        default_factory=lambda: WatchdogDescription(max_age_s=0.2)
    )

    @model_validator(mode='after')
    def _check(self) -> Self:
        names = [item.name for item in self.limits]
        if len(set(names)) < len(names):
            raise ValueError(f'limits: names given twice: {", ".join(names)}')
        return self

    def mistakes(
        self,
        *,
        low: Sequence[float],
        high: Sequence[float],
        default_pose: Sequence[float] | None,
        rate_hz: float,
        joints: Sequence[str],
        fields: Mapping[str, Sequence[str]],
    ) -> list[str]:
        """Return what does not fit the rest of the description, one line each.

        Args:
            low: bounds of the command, (action,).
            high: bounds of the command, (action,).
            default_pose: of the action, (action,), if it has one.
            rate_hz: control rate.
            joints: of the command.
            fields: observation field to the names of its numbers, as in the message.
        """
        found = self._command_mistakes(low, high, rate_hz)
        found += self._reaction_mistakes(low, high, default_pose)
        found += self._field_mistakes(joints, fields)
        return found

    def _command_mistakes(
        self, low: Sequence[float], high: Sequence[float], rate_hz: float
    ) -> list[str]:
        """Return mistakes in what is done to commands."""
        found = []
        size = len(low)
        for key in ('command_low', 'command_high', 'slew_per_s'):
            values = getattr(self, key)
            if values is not None and len(values) not in (1, size):
                found.append(f'{key}: given {len(values)} values; accepted: 1 or {size}')
        if not found:
            lower, upper = spread(self.command_low, low), spread(self.command_high, high)
            for number, (one, other) in enumerate(zip(lower, upper, strict=True)):
                if not low[number] <= one < other <= high[number]:
                    found.append(
                        f'command_low, command_high of joint {number}: given {one:g}, {other:g};'
                        f' accepted: low before high, within the action bounds {low[number]:g},'
                        f' {high[number]:g}'
                    )
        if self.low_pass_hz is not None and self.low_pass_hz >= rate_hz / 2:
            found.append(
                f'low_pass_hz: given {self.low_pass_hz:g}; accepted: below {rate_hz / 2:g}, half'
                ' the control rate'
            )
        return found

    def _reaction_mistakes(
        self, low: Sequence[float], high: Sequence[float], default_pose: Sequence[float] | None
    ) -> list[str]:
        """Return reactions that this robot cannot show."""
        found = []
        zero_is_allowed = all(one <= 0.0 <= other for one, other in zip(low, high, strict=True))
        for key in (
            'stop',
            'trip',
            'emergency_stop',
            'sensor_watchdog',
            'policy_watchdog',
            'command_watchdog',
        ):
            reaction: ReactionDescription | None = getattr(self, key)
            if reaction is None:
                continue
            if reaction.reaction == 'default_pose' and default_pose is None:
                found.append(f"{key}.reaction: given 'default_pose'; the action has none")
            if reaction.reaction == 'zero' and not zero_is_allowed:
                found.append(f"{key}.reaction: given 'zero', which is outside the action bounds")
        return found

    def _field_mistakes(
        self, joints: Sequence[str], fields: Mapping[str, Sequence[str]]
    ) -> list[str]:
        """Return mistakes in the names of observation fields and in the lengths of bounds."""
        found = []
        known = ', '.join(fields)
        for item in self.limits:
            where = f'limits.{item.name}'
            if item.observation not in fields:
                found.append(f'{where}.observation: given {item.observation!r}; accepted: {known}')
                continue
            size = len(fields[item.observation])
            for key, values in (('low', item.low), ('high', item.high)):
                if values is not None and len(values) not in (1, size):
                    found.append(f'{where}.{key}: given {len(values)}; accepted: 1 or {size}')
        if self.tilt is not None and len(fields.get(self.tilt.observation, ())) != 4:
            found.append(
                f'tilt.observation: given {self.tilt.observation!r}; accepted: a field of the four'
                f' numbers x, y, z, w, among {known}'
            )
        if self.pose_field is not None and tuple(fields.get(self.pose_field, ())) != tuple(joints):
            found.append(
                f'pose_field: given {self.pose_field!r}; accepted: a field with the joints of the'
                f' command in their order, among {known}'
            )
        return found


def spread(values: Sequence[float] | None, otherwise: Sequence[float]) -> tuple[float, ...]:
    """Return one number for each joint, from one for all, one for each, or none."""
    if values is None:
        return tuple(otherwise)
    return tuple(values) * (len(otherwise) // len(values))
