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

"""Reports cameras whose stamps are far from those of other sensors."""

from collections.abc import Iterable
from typing import Protocol

from rl_agent.description.observation import ObservationField
from rl_agent.event_log import EventLog

_APART_S = 1.0  # longer than any exposure and transmission


class StampedMessage(Protocol):
    """A received message."""

    @property
    def received_s(self) -> float:
        """Time of reception on the steady clock, s."""
        ...

    @property
    def stamp_ns(self) -> int:
        """Time by the robot's clock, ns."""
        ...


class StampsApart:
    """Compares how far stamps are from the reception of their messages.

    Ages follow the time of reception, so that learning goes on; but the stamps of transitions,
    and recordings, would pair a frame with other joint angles than those of its time.
    """

    def __init__(self, observation: Iterable[ObservationField], events: EventLog) -> None:
        """Watch the topics of an observation; `events` gets the reports."""
        fields = tuple(observation)
        self._cameras = {item.topic for item in fields if item.image}
        self._once = {item.topic for item in fields if item.once}  # stamped long before
        self._events = events
        self._offsets_s: dict[str, float] = {}  # of other topics

    def note(self, topic: str, message: StampedMessage) -> None:
        """Note a message."""
        if not self._cameras or topic in self._once:
            return
        offset_s = 1e-9 * message.stamp_ns - message.received_s
        if topic not in self._cameras:
            self._offsets_s[topic] = offset_s
            return
        apart = {other: offset_s - value for other, value in self._offsets_s.items()}
        nearest = min(apart, key=lambda other: abs(apart[other]), default=None)
        if nearest is None:
            return
        event = f'stamps_apart/{topic}'
        if abs(apart[nearest]) > _APART_S:
            self._events.begin(
                event,
                f'{topic}: given stamps {apart[nearest]:+.3g} s from those of {nearest}; accepted:'
                f' at most {_APART_S:g} s: one clock for all drivers (chrony, PTP), or the'
                " camera driver's option for system time",
            )
        else:
            self._events.end(event)
