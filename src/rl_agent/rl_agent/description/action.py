# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The command that a robot takes: topic, message, joints or fields, bounds."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import (
    FieldPath,
    MessageType,
    Names,
    Numbers,
    refuse_duplicates,
    STRICT,
    Topic,
)
from typing_extensions import Self

# Where the numbers stand in messages that have a list for them.
_LISTS = {
    'std_msgs/msg/Float64MultiArray': 'data',
    'std_msgs/msg/Float32MultiArray': 'data',
    'trajectory_msgs/msg/JointTrajectory': 'points[0].positions',
    'sensor_msgs/msg/JointState': 'position',
}


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ActionDescription:
    """The command that the robot takes.

    Either `joints`: the numbers go into one list, in this order, and the names into the message's
    `name` or `joint_names` if it has one. Or `fields`: each number has a place of its own.

    Attributes:
        topic: command topic, relative to the robot's namespace.
        type: message type, any that is installed. A header gets the time of sending; that of a
            trajectory stays 0, which means `at once`. A boolean is true from 0.5 on; whole
            numbers are rounded.
        joints: names, in the order of the command.
        fields: paths, as in `linear.x` of a Twist, in the order of the command.
        unit: of `low` and `high`.
        low: command at action -1, one per joint or field.
        high: command at action +1, one per joint or field.
        field: for `joints`: path of the list, as in `velocity` of a JointState; needed where
            the type is none of Float64MultiArray, Float32MultiArray (`data`), JointTrajectory
            (`points[0].positions`) and JointState (`position`).
        default: a command that is safe to hold, as the pose that a robot stands in.
        frame: `header.frame_id` of the command.
        time_from_start_s: of a trajectory's point; without it one control period.
    """

    topic: Topic
    type: MessageType
    unit: str
    joints: Annotated[Names, Field(min_length=1)] | None = None
    fields: Annotated[tuple[FieldPath, ...], Field(min_length=1)] | None = None
    low: Numbers
    high: Numbers
    field: FieldPath | None = None
    default: Numbers | None = None
    frame: str = ''
    time_from_start_s: Annotated[float, Field(gt=0, le=60)] | None = None

    @field_validator('joints', 'fields')
    @classmethod
    def _check_names(cls, names: Names | None) -> Names | None:
        refuse_duplicates(names or ())
        return names

    @field_validator('low')
    @classmethod
    def _check_low(cls, low: Numbers, info: ValidationInfo) -> Numbers:
        _refuse_wrong_size(low, info)
        return low

    @field_validator('high')
    @classmethod
    def _check_high(cls, high: Numbers, info: ValidationInfo) -> Numbers:
        names = _refuse_wrong_size(high, info)
        for name, low, top in zip(names, info.data.get('low', ()), high, strict=False):
            if not low < top:
                raise ValueError(f'given {top} for {name}; accepted: above its low, {low}')
        return high

    @field_validator('default')
    @classmethod
    def _check_default(cls, default: Numbers | None, info: ValidationInfo) -> Numbers | None:
        names = _refuse_wrong_size(default or (), info) if default is not None else ()
        low, high = info.data.get('low', ()), info.data.get('high', ())
        for name, value, bottom, top in zip(names, default or (), low, high, strict=False):
            if not bottom <= value <= top:
                raise ValueError(f'given {value} for {name}; accepted: {bottom} to {top}')
        return default

    @model_validator(mode='after')
    def _check(self, info: ValidationInfo) -> Self:
        if (self.joints is None) == (self.fields is None):
            given = 'neither' if self.joints is None else 'both'
            raise ValueError(f'joints, fields: given {given}; accepted: one of the two')
        if self.joints and not self.list_path:
            raise ValueError(
                f'field: missing; {self.type} needs the path of the list that holds the joints'
            )
        if self.fields and self.field:
            raise ValueError(f'field: given {self.field!r} beside fields; accepted: with joints')
        if info.context:
            info.context['check_action'](self)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """One for each number of the command: its joint, or its field."""
        return self.joints or self.fields or ()

    @property
    def list_path(self) -> str | None:
        """Path of the list that holds the numbers; None with `fields`."""
        return (self.field or _LISTS.get(self.type)) if self.joints else None


def _refuse_wrong_size(values: Numbers, info: ValidationInfo) -> Names:
    """Return the names that the values belong to; empty where those are wrong themselves.

    Raises:
        ValueError: there is not one value for each name.
    """
    names: Names = info.data.get('joints') or info.data.get('fields') or ()
    if names and len(values) != len(names):
        kind = 'joints' if info.data.get('joints') else 'fields'
        raise ValueError(
            f'given {len(values)} values; accepted: one for each of the {len(names)} {kind}'
        )
    return names
