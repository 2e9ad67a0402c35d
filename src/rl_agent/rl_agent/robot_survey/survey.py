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

"""What was heard of a robot, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Names = tuple[str, ...]
LONGEST_NAME = 200  # of a joint or field
_MOST_JOINTS = 200  # of a controller


@dataclass
class Part:
    """Messages of a topic that name the same joints; without names, all messages.

    Attributes:
        names: the joints.
        newest: the newest message.
        count: how many came.
        first_s: time of the first one.
        last_s: time of the last one.
    """

    names: Names
    newest: Any
    count: int
    first_s: float
    last_s: float

    @property
    def rate_hz(self) -> float:
        """Rate; 0 if only one message came."""
        span_s = self.last_s - self.first_s
        return (self.count - 1) / span_s if span_s > 0 else 0.0


@dataclass
class Topic:
    """A topic.

    Attributes:
        name: relative to the robot's namespace.
        type: message type.
        publishers: names of their nodes.
        subscribers: names of their nodes, without tools that only show or record.
        is_kept: whether its publishers keep the last message for late subscribers.
        parts: what came, by the joints that are named.
        note: why it cannot be used; empty: it can.
        fields: paths of all numbers in a message.
        other_types: further message types under its name, of other nodes.
    """

    name: str
    type: str
    publishers: Names = ()
    subscribers: Names = ()
    is_kept: bool = False
    parts: dict[Names, Part] = field(default_factory=dict)
    note: str = ''
    fields: Names = ()
    other_types: Names = ()

    @property
    def newest(self) -> Any:
        """The newest message; None: none came."""
        if not self.parts:
            return None
        return max(self.parts.values(), key=lambda item: item.last_s).newest

    @property
    def count(self) -> int:
        """How many messages came."""
        return sum(part.count for part in self.parts.values())

    @property
    def rate_hz(self) -> float:
        """Rate of the fastest part."""
        return max((part.rate_hz for part in self.parts.values()), default=0.0)


@dataclass(frozen=True)
class Controller:
    """What a subscriber of commands says about itself in its parameters.

    Attributes:
        joints: that it commands, in the order of its commands; empty: it does not say.
        interface: what it commands: `position`, `velocity` or `effort`; empty: it does not say.
        speeds: field of a Twist to its lowest and highest value.
    """

    joints: Names = ()
    interface: str = ''
    speeds: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """Everything that was heard.

    Attributes:
        topics: of the robot.
        urdf: text of its URDF; None: there is none, or none that could be used.
        urdf_note: where the URDF came from, or why there is none.
        controllers: topic to what its subscriber says.
        services: names of services that a reset may call, with their types.
        simulators: nodes that simulate a robot and may wait for commands.
        is_replayed: whether a recording is played.
        has_clock: whether the time is simulated.
        seconds: how long was listened.
        namespace: of the robot.
    """

    topics: Sequence[Topic]
    urdf: str | None = None
    urdf_note: str = ''
    controllers: Mapping[str, Controller] = field(default_factory=dict)
    services: Sequence[tuple[str, str]] = ()
    simulators: Names = ()
    is_replayed: bool = False
    has_clock: bool = False
    seconds: float = 0.0
    namespace: str = ''


def usable_joints(names: Sequence[str]) -> Names:
    """Return the joints that a controller names; none if a description could not have them."""
    is_usable = len(names) <= _MOST_JOINTS and len(set(names)) == len(names)
    fits = all(0 < len(item) <= LONGEST_NAME and not {'{', '}'} & set(item) for item in names)
    return tuple(names) if is_usable and fits else ()
