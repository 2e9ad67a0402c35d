# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `action` section of a robot's YAML file: topic, message, joints or fields, bounds."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import (
    Duration,
    FieldPath,
    MessageType,
    Names,
    Numbers,
    refuse_duplicates,
    STRICT,
    Topic,
)
from typing_extensions import Self

# Path of the list of numbers in message types that have one.
LIST_PATHS = {
    'std_msgs/msg/Float64MultiArray': 'data',
    'std_msgs/msg/Float32MultiArray': 'data',
    'trajectory_msgs/msg/JointTrajectory': 'points[0].positions',
    'sensor_msgs/msg/JointState': 'position',
}


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ActionDescription:
    """The command that the robot takes.

    With `joints`, the numbers go into one list in this order, and the joint names into the
    message's `name` or `joint_names` if it has one. With `fields`, each number has its own path.

    Attributes:
        topic: command topic; a relative name is in the robot's namespace.
        type: message type, `package/msg/Name`; any installed type. The header is stamped with the
            time of sending, except in a trajectory, where stamp 0 means "at once". Booleans are
            true from 0.5 on; integers are rounded.
        joints: joint names in the order of the command.
        fields: field paths in the order of the command, such as `linear.x` of a Twist.
        unit: unit of `low` and `high`.
        low: command at action -1, one number per joint or field.
        high: command at action +1, one number per joint or field.
        field: with `joints`: path of the list, such as `velocity` of a JointState. Required unless
            the type is Float64MultiArray or Float32MultiArray (`data`), JointTrajectory
            (`points[0].positions`) or JointState (`position`).
        default: a command that is safe to hold, such as the pose in which the robot stands.
        frame: `header.frame_id` of the command.
        time_from_start_s: time of the trajectory point; one control period if not given.
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
    time_from_start_s: Duration | None = None

    @field_validator('joints', 'fields')
    @classmethod
    def _check_names(cls, names: Names | None) -> Names | None:
        refuse_duplicates(names or ())
        return names

    @field_validator('low')
    @classmethod
    def _check_low(cls, low: Numbers, info: ValidationInfo) -> Numbers:
        _names_of(low, info)
        return low

    @field_validator('high')
    @classmethod
    def _check_high(cls, high: Numbers, info: ValidationInfo) -> Numbers:
        names = _names_of(high, info)
        for name, low, top in zip(names, info.data.get('low', ()), high, strict=False):
            if not low < top:
                raise ValueError(f'given {top} for {name}; accepted: above its low, {low}')
        return high

    @field_validator('default')
    @classmethod
    def _check_default(cls, default: Numbers | None, info: ValidationInfo) -> Numbers | None:
        if default is None:
            return None
        names = _names_of(default, info)
        low, high = info.data.get('low', ()), info.data.get('high', ())
        for name, value, bottom, top in zip(names, default, low, high, strict=False):
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
            raise ValueError(
                f'field: given {self.field!r} together with fields; accepted: with joints'
            )
        if info.context:
            info.context['check_action'](self)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each number of the command: its joint or its field."""
        return self.joints or self.fields or ()

    @property
    def list_path(self) -> str | None:
        """Path of the list that holds the numbers; None with `fields`."""
        return (self.field or LIST_PATHS.get(self.type)) if self.joints else None


def _names_of(values: Numbers, info: ValidationInfo) -> Names:
    """Return the joints or fields that the values belong to; empty if those are invalid.

    Raises:
        ValueError: the number of values differs from the number of names.
    """
    names: Names = info.data.get('joints') or info.data.get('fields') or ()
    if names and len(values) != len(names):
        kind = 'joints' if info.data.get('joints') else 'fields'
        raise ValueError(
            f'given {len(values)} values; accepted: one for each of the {len(names)} {kind}'
        )
    return names
