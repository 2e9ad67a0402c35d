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

"""`/diagnostics`: the values of a node's status, and the concerns a person should look at."""

from collections.abc import Callable
from dataclasses import dataclass
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rl_agent.ros.ros_topics import DIAGNOSTICS, DIAGNOSTICS_QOS

_RECENT_S = 10.0


@dataclass(frozen=True)
class Concern:
    """Something a person should look at.

    Attributes:
        text: one line, with the remedy if one is known.
        is_error: true: an error; false: a warning.
    """

    text: str
    is_error: bool = False


class Recent:
    """Watches which counters grew recently."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without counters; `clock` returns seconds."""
        self._clock = clock
        self._values: dict[str, int] = {}
        self._grew_s: dict[str, float] = {}

    def grew(self, name: str, value: int) -> bool:
        """Return whether a counter, now at `value`, grew in the last 10 s; it starts at 0."""
        now_s = self._clock()
        if value > self._values.get(name, 0):
            self._grew_s[name] = now_s
        self._values[name] = value
        return now_s - self._grew_s.get(name, -math.inf) <= _RECENT_S


ConcernFinder = Callable[[Any, Recent], list[Concern]]


class Diagnostics:
    """Publishes the status of a node as diagnostics."""

    def __init__(self, node: Node, find_concerns: ConcernFinder) -> None:
        """Advertise the topic; `find_concerns` returns the concerns in a status message."""
        self._node, self._find_concerns = node, find_concerns
        self._recent = Recent()
        self._publisher = node.create_publisher(DiagnosticArray, DIAGNOSTICS, DIAGNOSTICS_QOS)

    def publish(self, status: Any) -> None:
        """Publish a status message as diagnostics; call it once a second."""
        message = DiagnosticArray(status=[self._status(status)])
        message.header.stamp = status.header.stamp
        self._publisher.publish(message)

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)

    def _status(self, status: Any) -> DiagnosticStatus:
        """Return the diagnostic status."""
        concerns = self._find_concerns(status, self._recent)
        level = DiagnosticStatus.OK
        if concerns:
            is_error = any(concern.is_error for concern in concerns)
            level = DiagnosticStatus.ERROR if is_error else DiagnosticStatus.WARN
        return DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name(),
            message='; '.join(concern.text for concern in concerns) or status.state,
            hardware_id=getattr(status, 'robot', ''),
            values=[KeyValue(key=key, value=value) for key, value in _values(status)],
        )


def _values(status: Any) -> list[tuple[str, str]]:
    """Return the fields and named numbers of a status message as text."""
    pairs: list[tuple[str, str]] = []
    for name in status.get_fields_and_field_types():
        value = getattr(status, name)
        if isinstance(value, (str, bool, int, float)):
            pairs.append((name, _text(value)))
    for names, values in (('event_names', 'event_counts'), ('metric_names', 'metric_values')):
        keys, numbers = getattr(status, names, []), getattr(status, values, [])
        pairs += [(key, _text(value)) for key, value in zip(keys, numbers, strict=True)]
    return pairs


def _text(value: str | bool | int | float) -> str:
    """Return a value as text."""
    return f'{value:.6g}' if isinstance(value, float) else str(value)
