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

"""Types and checks that all sections of a robot description share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import math
import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)

MAX_ELEMENTS = 10_000
LARGEST_INDEX = 2**31 - 1  # of a list in a message

_TOPIC = re.compile(r'/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')
_STEP = r'[a-z][a-z0-9_]*(\[\d{1,6}(:\d{1,6})?\])?'
_PATH = re.compile(rf'{_STEP}(\.{_STEP})*')
_SLICE = re.compile(r'\[(\d+):(\d+)\]')


@dataclass(frozen=True)
class Matches:
    """Accepts texts that match a pattern; names it in words."""

    pattern: str
    words: str

    def __call__(self, text: str) -> str:
        """Return the text; raise ValueError if it does not match."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f'given {text!r}; accepted: {self.words}')
        return text


def check_topic(name: str) -> str:
    """Return the name of a topic or service; raise ValueError if ROS does not accept it.

    Private names (`~/imu`) are refused, too: they would resolve differently in the agent, in
    `check_robot` and in the simulation.
    """
    if not _TOPIC.fullmatch(name):
        raise ValueError(
            f'given {name!r}; accepted: words of letters, digits and _ that do not begin with a'
            ' digit, joined by single slashes; a leading / is optional'
        )
    return name


def check_path(path: str) -> str:
    """Return a field path; raise ValueError if it is none."""
    if not _PATH.fullmatch(path):
        raise ValueError(
            f'given {path!r}; accepted: field names joined by dots, each with an index or a slice'
            " if it is a list, such as 'pose.position', 'points[0].positions' or"
            " 'motor_state[0:12].q'"
        )
    for start, stop in _SLICE.findall(path):
        if int(start) >= int(stop):
            raise ValueError(
                f'given {path!r}; accepted: slices [first:last + 1], such as [0:12] for twelve'
            )
    count = path_count(path)
    if count > MAX_ELEMENTS:
        raise ValueError(f'given {path!r}: {count} items; accepted: 1 to {MAX_ELEMENTS}')
    return path


def path_count(path: str) -> int:
    """Return how many paths the slices of a path stand for; 1 without a slice."""
    return math.prod(int(stop) - int(start) for start, stop in _SLICE.findall(path))


def expand_path(path: str) -> list[str]:
    """Return the paths that the slices of a path stand for: `a[0:2].b` is `a[0].b`, `a[1].b`."""
    found = _SLICE.search(path)
    if not found:
        return [path]
    before, after = path[: found.start()], path[found.end() :]
    indices = range(int(found[1]), int(found[2]))
    return [item for index in indices for item in expand_path(f'{before}[{index}]{after}')]


Name = Annotated[
    str, AfterValidator(Matches(r'[A-Za-z][A-Za-z0-9_]*', 'a letter, then letters, digits and _'))
]
Topic = Annotated[str, AfterValidator(check_topic)]
MessageType = Annotated[
    str,
    AfterValidator(
        Matches(
            r'[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*', 'package/msg/Name, as in sensor_msgs/msg/Imu'
        )
    ),
]
FieldPath = Annotated[str, AfterValidator(check_path)]
Names = tuple[str, ...]
Numbers = tuple[float, ...]
Bounds = tuple[float, float]
# one number for all joints, or one for each
PerJoint = Annotated[Numbers, Field(min_length=1)]
Duration = Annotated[float, Field(gt=0, le=60)]  # s
ResetDuration = Annotated[float, Field(gt=0, le=600)]  # s


def refuse_duplicates(names: Sequence[object]) -> None:
    """Raise ValueError if a name occurs twice."""
    duplicates = sorted(str(name) for name, count in Counter(names).items() if count > 1)
    if duplicates:
        raise ValueError(f'given twice: {", ".join(duplicates)}; accepted: each once')


def check_bounds(bounds: Bounds | None) -> None:
    """Raise ValueError unless the lower bound comes first."""
    if bounds is not None and not bounds[0] < bounds[1]:
        raise ValueError(f'given {list(bounds)}; accepted: low before high')


def per_joint(values: Sequence[float] | None, default: Sequence[float]) -> tuple[float, ...]:
    """Return one number per joint; `values` has one for all joints or one for each."""
    if values is None:
        return tuple(default)
    return tuple(values) * (len(default) // len(values))
