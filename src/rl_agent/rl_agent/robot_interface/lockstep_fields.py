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

"""The newest values of each observation field, and whether they answer the last command."""

from collections.abc import Mapping, Sequence
import time
from typing import NamedTuple, Protocol

from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.environment.robot import Reading
from rl_agent.errors import NeighbourError, RobotError
from rl_agent.robot_interface.sensor_reader import ReceivedMessage

IN_TRANSIT_S = 0.1  # what arrives so soon after a command may have been sent before it


class StampedMessage(ReceivedMessage, Protocol):
    """A received message that may have a header, see `ros_sensors.SensorMessage`."""

    @property
    def stamped(self) -> bool:
        """Whether it has one."""
        ...


class _Heard(NamedTuple):
    """A field's newest message, and its values or why it does not fit."""

    message: StampedMessage
    value: Float64Array | RobotError


class LockstepFields:
    """The fields of a robot whose commands and readings alternate.

    Each field has its own newest message, because an arm and its gripper may share a topic. A
    message with a header is new if its stamp differs from that of the field in the last reading:
    each driver may have a clock of its own, and a reset may set clocks back. A message without
    one is new if it was received after the command. What is published once need not be new.

    The caller holds a lock. Attributes:
        repeats: topic to repeats of the last reading since the command.
        commanded_s: time of the last command or reset, on the steady clock.
    """

    def __init__(self, observation: Sequence[ObservationField]) -> None:
        """Begin without messages."""
        self._fields = {item.name: item for item in observation}
        self._once = {item.name for item in observation if item.once}
        self._heard: dict[str, _Heard] = {}
        self._neighbours: dict[str, str] = {}  # topic to why a message fits none of its fields
        self._stamps_ns: dict[str, int] = {}  # field to its stamp in the last reading
        self.repeats: dict[str, int] = {}
        self.commanded_s = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether there is a message for every field."""
        return len(self._heard) == len(self._fields)

    @property
    def newest_ns(self) -> int:
        """The newest stamp of the last reading; 0 before the first."""
        return max(self._stamps_ns.values(), default=0)

    def note(
        self,
        topic: str,
        message: StampedMessage,
        values: Mapping[str, Float64Array | RobotError],
    ) -> None:
        """Keep the values of a message; count repeats of the last reading."""
        fitting = {
            name: _Heard(message, value)
            for name, value in values.items()
            if not isinstance(value, NeighbourError)
        }
        self._heard.update(fitting)
        if not fitting:
            self._neighbours[topic] = str(next(iter(values.values())))
        is_late = message.received_s - self.commanded_s >= IN_TRANSIT_S
        timed = fitting.keys() - self._once
        is_known = any(self._stamps_ns.get(name) == message.stamp_ns for name in timed)
        if message.stamped and is_known and is_late:
            self.repeats[topic] = self.repeats.get(topic, 0) + 1

    def on_command(self) -> None:
        """Count the repeats from now on."""
        self.repeats, self.commanded_s = {}, time.monotonic()

    def ignore(self) -> None:
        """Regard what was received so far as the last reading."""
        self._note_stamps()
        self.commanded_s = time.monotonic()

    def reading(self) -> Reading:
        """Return the newest values as a reading.

        Raises:
            RobotError: a message does not fit the description: a length, a frame.
        """
        self._note_stamps()
        return Reading(self.values(), min(self._stamps_ns.values()))

    def values(self) -> dict[str, Float64Array]:
        """Return field to its newest values, (raw,), once complete.

        Raises:
            RobotError: see `reading`.
        """
        values = {}
        for name in self._fields:
            value = self._heard[name].value
            if isinstance(value, RobotError):
                raise value
            values[name] = value
        return values

    def are_since(self, time_s: float) -> bool:
        """Return whether a message was received for every field since a time."""
        return all(
            heard.message.received_s >= time_s
            for name, heard in self._heard.items()
            if name not in self._once
        )

    def are_new(self) -> bool:
        """Return whether a message that differs from the last reading came for every field."""
        return all(map(self._is_new, self._heard))

    def explain_old(self) -> dict[str, str]:
        """Return topic to why it has no new message, of those that have none."""
        return {
            field.topic: self._explain_old(field)
            for name, field in self._fields.items()
            if name not in self._heard or not self._is_new(name)
        }

    def _is_new(self, field: str) -> bool:
        """Return whether a field's message is another one than that of the last reading."""
        message = self._heard[field].message
        if field in self._once:
            return True
        if message.stamped:
            return message.stamp_ns != self._stamps_ns.get(field)
        return message.received_s > self.commanded_s

    def _note_stamps(self) -> None:
        """Note the stamps of all fields with a header, or of all fields if none has one.

        Fields that are published once have none that counts.
        """
        timed = {name: heard for name, heard in self._heard.items() if name not in self._once}
        stamped = {name: heard for name, heard in timed.items() if heard.message.stamped}
        self._stamps_ns = {
            name: heard.message.stamp_ns for name, heard in (stamped or timed).items()
        }

    def _explain_old(self, field: ObservationField) -> str:
        """Return why there is no new message of a field."""
        heard = self._heard.get(field.name)
        if heard is None:
            return self._neighbours.get(field.topic, 'no message')
        message = heard.message
        if not message.stamped or message.received_s <= self.commanded_s:
            return 'nothing new'
        stamp_s = 1e-9 * message.stamp_ns
        return (
            f'messages whose stamps stay the same, from {stamp_s:.9g} s to {stamp_s:.9g} s'
            ' (without real time only another stamp shows that a message is new)'
        )
