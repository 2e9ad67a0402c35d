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

"""What `check_robot` found, as plain values; docs/tools.md has the keys of its JSON."""

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
import math
from typing import Any

from rl_agent.cameras.pixel_summary import PixelSummary
from rl_agent.robot_check.control_ages import ControlAges
from rl_agent.robot_check.limit_outlook import LimitOutlook
from rl_agent.robot_check.report import CheckRow

SCHEMA = 1  # of the JSON object; a key that is added does not change it


@dataclass(frozen=True)
class Quality:
    """Quality of service in words, such as `best effort` and `volatile`."""

    reliability: str
    durability: str

    def __str__(self) -> str:
        """Return both words."""
        return f'{self.reliability}, {self.durability}'


@dataclass(frozen=True)
class Endpoint:
    """A publisher or subscriber.

    Attributes:
        node: full name of its node.
        type: message type.
        quality: quality of service.
    """

    node: str
    type: str
    quality: Quality


@dataclass(frozen=True)
class ImageReport:
    """What the policy sees of a camera.

    Attributes:
        height: rows.
        width: columns.
        channels: values of a pixel.
        pixels: of the newest frame; None: none fits.
    """

    height: int
    width: int
    channels: int
    pixels: PixelSummary | None


@dataclass(frozen=True)
class FieldReport:
    """What was found about an observation field.

    Attributes:
        row: line of the table.
        type: message type, as described.
        unit: of the numbers, as described; empty: none.
        publishers: that give the field.
        requested: quality of service that the agent asks for.
        messages: how many fitted since the beginning.
        rate_hz: rate of these messages; None: published once.
        age_s: age of the newest one; None: none fits.
        ages: at the control rate; None: not measured.
        raw_names: of the numbers in the message.
        raw: these numbers; None: no message fits.
        names: of the numbers that the policy sees.
        values: these numbers; None: no message fits.
        bounds: lowest and highest value as described; None where there is none.
        task_only: whether only the task reads them.
        image: of a camera: rows, columns and channels that the policy sees, and the values of
            their pixels.
    """

    row: CheckRow
    type: str
    unit: str
    publishers: tuple[Endpoint, ...]
    requested: Quality
    messages: int
    rate_hz: float | None
    age_s: float | None
    ages: ControlAges | None
    raw_names: tuple[str, ...]
    raw: list[float] | None
    names: tuple[str, ...]
    values: list[float] | None
    bounds: tuple[float | None, float | None]
    task_only: bool = False
    image: ImageReport | None = None


@dataclass(frozen=True)
class CommandReport:
    """What was found about a command topic.

    Attributes:
        row: line of the table.
        type: message type.
        subscribers: of the topic.
        offered: quality of service of the agent's publisher.
        is_default: whether the first command is the action's `default`.
        first: fields of the first command that differ from those of a new message.
    """

    row: CheckRow
    type: str
    subscribers: tuple[Endpoint, ...]
    offered: Quality
    is_default: bool
    first: Mapping[str, Any]


@dataclass(frozen=True)
class CheckReport:
    """All that was found.

    Attributes:
        robot: name in the description.
        namespace: of the robot.
        domain: ROS domain ID.
        rate_hz: control rate.
        seconds: how long the tool has listened since the report before.
        alone: whether no other node was found.
        simulated: whether a simulator is in the same namespace: ages and rates say nothing.
        fields: one for each observation field.
        commands: one for each command topic.
        reset: line of the reset service; None: not described.
        limits: what could stop the robot.
        names: of the numbers of an observation.
        samples: how many observations were made, one in each control period.
        observation: the newest one; None: a field has no value.
        image_load: what images ask of link and disk; empty: there are none.
    """

    robot: str
    namespace: str
    domain: int
    rate_hz: float
    seconds: float
    alone: bool
    simulated: bool
    fields: tuple[FieldReport, ...]
    commands: tuple[CommandReport, ...]
    reset: CheckRow | None
    limits: tuple[LimitOutlook, ...]
    names: tuple[str, ...]
    samples: int
    observation: list[float] | None
    image_load: str = ''

    @property
    def rows(self) -> list[CheckRow]:
        """All lines of the table."""
        rows = [item.row for item in self.fields] + [item.row for item in self.commands]
        return rows if self.reset is None else [*rows, self.reset]

    @property
    def failed(self) -> int:
        """How many lines have problems."""
        return sum(bool(row.problems) for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object; numbers that JSON lacks become texts."""
        content = dataclasses.asdict(self)
        names, samples = content.pop('names'), content.pop('samples')
        reset = content['reset']
        content |= {
            'fields': [_with_row(item) for item in content['fields']],
            'commands': [_with_row(item) for item in content['commands']],
            'reset': None if reset is None else _row(reset),
            'observation': {'names': names, 'values': self.observation, 'samples': samples},
        }
        found: dict[str, Any] = _jsonable(
            {'schema': SCHEMA, 'ok': not self.failed, 'failed': self.failed, **content}
        )
        return found


def _with_row(content: dict[str, Any]) -> dict[str, Any]:
    """Return a field or command with name, topic and problems beside its own keys."""
    rest = {key: value for key, value in content.items() if key != 'row'}
    return {**_row(content['row']), **rest}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return what programs need of a line of the table; the rest is for people."""
    return {key: row[key] for key in ('name', 'topic', 'problems')}


def _jsonable(value: Any) -> Any:
    """Return a value without tuples and numbers that JSON lacks."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # nan, inf or -inf
    return value.hex() if isinstance(value, bytes) else value
