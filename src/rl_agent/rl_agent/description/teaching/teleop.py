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

"""The `teleop` section of a robot's YAML file: how a person's hand commands the robot."""

import dataclasses
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.field_types import (
    Duration,
    FieldPath,
    MessageType,
    refuse_duplicates,
    STRICT,
    Topic,
)
from typing_extensions import Self

JOY = 'sensor_msgs/msg/Joy'
TeleopMode = Literal['absolute', 'relative', 'command']
_Index = Annotated[int, Field(ge=0, le=255)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class AxisDescription:
    """Where one number of the action comes from: `axis`, `buttons` or `field`.

    Attributes:
        axis: index in `axes` of a Joy.
        buttons: two indices in `buttons` of a Joy: the number is 1 while the first is held, -1
            while the second is, else 0.
        field: path of one number in a message of another type, such as `linear.x` of a Twist.
        joint: with `field`: the joint whose number it is, if the message names its joints.
        scale: factor of the number; negative turns it round.
        deadzone: numbers up to this size are 0, and the rest is stretched to begin there at 0.
    """

    axis: _Index | None = None
    buttons: Annotated[tuple[_Index, ...], Field(min_length=2, max_length=2)] | None = None
    field: FieldPath | None = None
    joint: str | None = None
    scale: float = 1.0
    deadzone: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode='after')
    def _check(self) -> Self:
        sources = {'axis': self.axis, 'buttons': self.buttons, 'field': self.field}
        given = [name for name, value in sources.items() if value is not None]
        if len(given) != 1:
            raise ValueError(
                f'given {" and ".join(given) or "none"}; accepted: one of axis, buttons, field'
            )
        if self.joint is not None and self.field is None:
            raise ValueError(f'joint: given {self.joint!r} without field; accepted: with field')
        if ':' in (self.field or ''):
            raise ValueError(f'field: given {self.field!r}; accepted: the path of one number')
        if self.scale == 0:
            raise ValueError('scale: given 0; accepted: another number')
        return self


@dataclass(frozen=True, config=STRICT, kw_only=True)
class TeleopDescription:
    """A person's hand: the topic on which it is heard, and what its messages mean.

    | mode       | number of an axis                                                        |
    |------------|--------------------------------------------------------------------------|
    | `absolute` | -1 is `low` of the command, 1 is `high`, 0 its `default` or rest         |
    | `relative` | moves the command by `speed` of the box from `low` to `high` per second  |
    | `command`  | is the command, in its unit                                              |

    What has no axis keeps its last command if it is a position; speeds and efforts go to their
    `default`, or to the number nearest to 0.

    Attributes:
        topic: of the hand; a relative name is in the robot's namespace.
        type: message type; any installed one.
        mode: see above.
        axes: name of a joint or field of the action to where its number comes from. Empty with
            `command`: the messages are those of the command itself, of its type.
        speed: with `relative`: share of the box per second, for an axis at 1.
        dead_man: index of a Joy's button: the person drives only while it is held. Without one:
            while messages come, each within the deadline after the last one.
        deadline_s: the hand is silent if no message came for this long.
        handover_s: how long the command takes from the policy's to the person's, and back.
    """

    topic: Topic
    type: MessageType = JOY
    mode: TeleopMode = 'absolute'
    axes: dict[str, AxisDescription] = dataclasses.field(default_factory=dict)
    speed: Annotated[float, Field(gt=0, le=100)] = 0.5
    dead_man: _Index | None = None
    deadline_s: Duration = 0.3
    handover_s: Annotated[float, Field(ge=0, le=10)] = 0.3

    @model_validator(mode='after')
    def _check(self) -> Self:
        is_joy = self.has_buttons
        if not self.axes and (is_joy or self.mode != 'command'):
            raise ValueError(
                'axes: given none; accepted: at least one; none only with mode: command and the'
                " command's own type"
            )
        if self.dead_man is not None and not is_joy:
            raise ValueError(
                f'dead_man: given {self.dead_man} with {self.type}; accepted: none, as only'
                f' {JOY} has buttons'
            )
        for name, item in self.axes.items():
            if is_joy and item.field is not None:
                raise ValueError(
                    f'axes.{name}: given field: {item.field}; accepted: axis or buttons with {JOY}'
                )
            if not is_joy and item.field is None:
                raise ValueError(
                    f'axes.{name}: given axis or buttons; accepted: field with {self.type}'
                )
            if item.deadzone and self.mode == 'command':
                raise ValueError(
                    f'axes.{name}.deadzone: given {item.deadzone}; accepted: 0 with mode: command'
                )
            if self.dead_man is not None and self.dead_man in (item.buttons or ()):
                raise ValueError(
                    f'axes.{name}.buttons: given {self.dead_man}, the dead_man; accepted: others'
                )
        sources = [
            item.axis if item.axis is not None else item.buttons or (item.field, item.joint)
            for item in self.axes.values()
        ]
        refuse_duplicates(sources)
        return self

    @property
    def has_buttons(self) -> bool:
        """Whether the messages of the hand have buttons."""
        return self.type == JOY

    def mistakes(self, command: CommandDescription) -> list[str]:
        """Return what does not fit the robot's command, one text each."""
        mistakes, names = [], command.names
        if unknown := [name for name in self.axes if name not in names]:
            mistakes.append(
                f'axes: given {", ".join(unknown)}; accepted: the numbers of the action:'
                f' {", ".join(names)}'
            )
        types = [action.type for action in command.actions]
        if not self.axes and types != [self.type]:
            mistakes.append(
                f'axes: given none with {self.type}; accepted: none only with the type of a single'
                f' command topic, {", ".join(types)}'
            )
        if self.topic in [action.topic for action in command.actions]:
            mistakes.append(
                f'topic: given {self.topic!r}, a command topic; accepted: another one, as the'
                ' robot obeys what is published there'
            )
        return mistakes


def own_command(teleop: TeleopDescription, command: CommandDescription) -> ActionDescription:
    """Return the action whose messages the hand sends, if it has no axes."""
    (action,) = command.actions
    return dataclasses.replace(action, topic=teleop.topic)
