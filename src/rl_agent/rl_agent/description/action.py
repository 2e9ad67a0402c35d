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

"""The commands in a robot's YAML file: topic, message, joints or fields, bounds, constants."""

from collections.abc import Mapping
import dataclasses
import math
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
    ValidationInfo,
)
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import (
    Duration,
    FieldPath,
    MessageType,
    Names,
    Numbers,
    path_count,
    refuse_duplicates,
    STRICT,
    Topic,
)
from typing_extensions import Self

Scalar = bool | int | float | str
Constant = Scalar | tuple[Scalar, ...]
# Constants that are the time of sending, for numbers; `stamp` is for stamps.
STAMP_UNITS = {'stamp_s': 1_000_000_000, 'stamp_ms': 1_000_000, 'stamp_us': 1_000, 'stamp_ns': 1}

# Path of the list of numbers in message types that have one.
LIST_PATHS = {
    'std_msgs/msg/Float64MultiArray': 'data',
    'std_msgs/msg/Float32MultiArray': 'data',
    'trajectory_msgs/msg/JointTrajectory': 'points[0].positions',
    'sensor_msgs/msg/JointState': 'position',
}


def _take_nan_as_text(constants: Any) -> Any:
    """Return constants with numbers that are not finite as texts; raise ValueError for others."""
    if not isinstance(constants, Mapping):
        return constants
    for path, value in constants.items():
        items = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(item, bool | int | float | str) for item in items):
            raise ValueError(
                f'{path}: given {value!r}; accepted: a number, true, false or a text, or a'
                ' list of them'
            )
    return {path: _without_nan(value) for path, value in constants.items()}


def _check_finish(finish: str) -> str:
    """Return the name of a function; raise ValueError if it is none."""
    if not all(finish.partition(':')):
        raise ValueError(f'given {finish!r}; accepted: module:function')
    return finish


Constants = Annotated[dict[FieldPath, Constant], BeforeValidator(_take_nan_as_text)]
Finish = Annotated[str, AfterValidator(_check_finish)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ActionDescription:
    """The command that the robot takes.

    With `joints`, the numbers go into one list in this order, and the joint names into the
    message's `name` or `joint_names` if it has one. With `fields`, each number has its own path.

    | constant                   | what is sent                                              |
    |----------------------------|-----------------------------------------------------------|
    | `motor_cmd[0:12].kp: 40.0` | the number in all twelve                                  |
    | `head: [254, 239]`         | one number each                                           |
    | `position: nan`            | NaN in all numbers below the path; also `inf` and `-inf`  |
    | `control_mode: position`   | a text                                                    |
    | `state.stamp: stamp`       | the time of sending                                       |
    | `timestamp: stamp_us`      | the same as a number; also `stamp_s`, `_ms`, `_ns`        |

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
        field: with `joints`: path of the list, such as `velocity` of a JointState, or of the same
            number of several messages, such as `motor_cmd[0:12].q`. Required unless the type is
            Float64MultiArray or Float32MultiArray (`data`), JointTrajectory
            (`points[0].positions`) or JointState (`position`).
        default: a command that is safe to hold, such as the pose in which the robot stands.
        frame: `header.frame_id` of the command.
        time_from_start_s: time of the trajectory point; one control period if not given.
        constants: path to what each command has there, see above. Part of what a policy learns:
            another gain needs another policy.
        finish: `my_module:function` of your own, called with each complete message before it is
            sent, for a checksum. It must not change the numbers of the command.
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
    constants: Constants = dataclasses.field(default_factory=dict)
    finish: Finish | None = None

    @field_validator('unit')
    @classmethod
    def _check_unit(cls, unit: str) -> str:
        if unit.startswith('FILL IN'):  # of rl_describe: any other text is a unit
            raise ValueError(f'given {unit!r}; accepted: that of low and high, such as rad')
        return unit

    @field_validator('joints', 'fields')
    @classmethod
    def _check_names(cls, names: Names | None) -> Names | None:
        refuse_duplicates(names or ())
        return names

    @field_validator('fields')
    @classmethod
    def _check_fields(cls, fields: Names | None) -> Names | None:
        for path in fields or ():
            if ':' in path:
                raise ValueError(
                    f'given {path!r}; accepted: one number each; a slice goes with joints and'
                    ' field'
                )
        return fields

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
        count = path_count(self.list_path or '')
        if self.joints and ':' in (self.list_path or '') and count != len(self.joints):
            raise ValueError(
                f'field: given {self.field!r}, {count} items; accepted: one for each of the'
                f' {len(self.joints)} joints'
            )
        if self.fields and self.field:
            raise ValueError(
                f'field: given {self.field!r} together with fields; accepted: with joints'
            )
        if info.context:
            info.context['check_action'](self)
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the numbers; with `joints` that of their list."""
        return self.fields or (self.list_path or '',)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each number of the command: its joint or its field."""
        return self.joints or self.fields or ()

    @property
    def list_path(self) -> str | None:
        """Path of the list that holds the numbers; None with `fields`."""
        return (self.field or LIST_PATHS.get(self.type)) if self.joints else None


@dataclass(frozen=True, config=STRICT, kw_only=True)
class CompanionDescription:
    """A message that is sent before each command, without numbers of the policy.

    Attributes:
        topic: as in an action.
        type: as in an action.
        frame: as in an action.
        constants: as in an action.
        finish: as in an action.
    """

    topic: Topic
    type: MessageType
    frame: str = ''
    constants: Constants = dataclasses.field(default_factory=dict)
    finish: Finish | None = None

    # what an action has beside that
    joints: ClassVar[None] = None
    fields: ClassVar[None] = None
    list_path: ClassVar[None] = None
    paths: ClassVar[tuple[str, ...]] = ()
    low: ClassVar[Numbers] = ()
    high: ClassVar[Numbers] = ()
    default: ClassVar[None] = None
    time_from_start_s: ClassVar[None] = None

    @model_validator(mode='after')
    def _check(self, info: ValidationInfo) -> Self:
        if info.context:
            info.context['check_action'](self)
        return self


SentDescription = ActionDescription | CompanionDescription


def _without_nan(value: Any) -> Any:
    """Return a constant with numbers that are not finite as texts, which equal themselves."""
    if isinstance(value, list | tuple):
        return tuple(_without_nan(item) for item in value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


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
