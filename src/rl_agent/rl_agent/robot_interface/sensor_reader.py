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

"""The newest good values of each sensor topic, and when they were received."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
import math
import re
import threading
from typing import Any, Protocol

from rl_agent.array_checks import fits_float32
from rl_agent.array_types import Float64Array
from rl_agent.cameras.blank_frames import BlankFrames
from rl_agent.cameras.stamps_apart import StampsApart
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.transforms import refuse_non_finite, transform
from rl_agent.errors import NeighbourError, RobotError
from rl_agent.event_log import EventLog
from rl_agent.safety.watchdogs import WatchedInput

_RECURS_S = 10.0
_MAX_NEIGHBOURS = 100
_NUMBERS = re.compile(r'\b(nan|inf)\b|[-+.\d]+(e[-+]?\d+)?')


class ReceivedMessage(Protocol):
    """A received message, see `ros_sensors.SensorMessage`."""

    @property
    def received_s(self) -> float:
        """Time of reception on the steady clock, s."""
        ...

    @property
    def stamp_ns(self) -> int:
        """Time by the robot's clock, ns."""
        ...

    @property
    def previous(self) -> 'Callable[[], ReceivedMessage | None]':
        """Returns the message before this one in the same control period, if any."""
        ...


class SensorReader:
    """Extracts values from messages; a message that does not fit counts as not received.

    So values that are not finite in float32, lists of a wrong length and joints with other names
    all lead to values that become too old, which a watchdog notices. Each field has its own newest
    message that fits, because an arm and its gripper may share a topic.

    A fault is reported when it begins and when it ends, that is when the newest message fits; one
    that comes back soon is not reported again. A message that fits no field, because it is about
    other joints, comes from a neighbour, which is reported once. Any thread may read.
    """

    def __init__(
        self,
        observation: Sequence[ObservationField],
        latest: Callable[[], Mapping[str, ReceivedMessage]],
        values_of: Callable[[str, Any], Mapping[str, Float64Array | RobotError]],
        events: EventLog,
    ) -> None:
        """Read the fields of an observation.

        Args:
            observation: the fields.
            latest: returns topic to its newest message, if one was received.
            values_of: returns each field in a topic's message, or why the message does not fit
                it; raises RobotError if it fits none.
            events: receives reports of messages that do not fit.
        """
        self._latest, self._values_of, self._events = latest, values_of, events
        self._fields = {
            topic: {item.name: item for item in observation if item.topic == topic}
            for topic in {item.topic: None for item in observation}
        }
        self._once = {item.topic for item in observation if item.once}
        self._recurring = {
            topic: _RecurringFault(f'sensor_refused/{topic}', events) for topic in self._fields
        }
        self._neighbours: set[tuple[str, str]] = set()  # reported: topic, and words in any order
        self._lock = threading.Lock()
        self._seen: dict[str, ReceivedMessage] = {}
        self._values: dict[str, Float64Array] = {}
        self._good: dict[str, ReceivedMessage] = {}  # by field, as the values and the faults
        self._faults: dict[str, str] = {}
        self._blank = BlankFrames(observation, events)
        self._apart = StampsApart(observation, events)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order of the observation."""
        return tuple(self._fields)

    @property
    def is_complete(self) -> bool:
        """Whether a good message was received for every field."""
        return len(self._good) == sum(map(len, self._fields.values()))

    def update(self) -> None:
        """Extract the values of messages received since the last call."""
        newest = self._latest()  # before our lock, because a caller may hold the lock of `latest`
        with self._lock:
            for topic, message in newest.items():
                seen = self._seen.get(topic)
                # another thread may have fetched later messages and got the lock earlier
                if seen is None or (message is not seen and message.received_s >= seen.received_s):
                    self._seen[topic] = message
                    self._take_newest_good(topic, message)

    def decode_again(self) -> None:
        """Decode the newest good messages again, to the same values; see `RehearsalSchedule`."""
        with self._lock:
            for topic, fields in self._fields.items():
                good = {name: self._good[name] for name in fields if name in self._good}
                for message in dict.fromkeys(good.values()):
                    self._decode(topic, message, [name for name in good if good[name] is message])

    def values(self) -> dict[str, Float64Array]:
        """Return field to newest good values, (raw,)."""
        return dict(self._values)

    def last_good_s(self, topic: str, fields: Sequence[str] = ()) -> float:
        """Return when the last good messages of a topic were received; -inf: never.

        Args:
            topic: of the fields.
            fields: the one received first counts; if none is given, of all fields of the topic.
        """
        return min(self._received_s(name) for name in fields or self._fields[topic])

    def missing(self, since_s: float) -> list[str]:
        """Return the topics without a good message since a time; ever, if it is published once."""
        return [
            topic
            for topic in self._fields
            if self.last_good_s(topic) <= (-math.inf if topic in self._once else since_s)
        ]

    def stamp_ns(self) -> int:
        """Return the oldest stamp of the last good messages; -1: one is missing.

        Messages that are published once do not count.
        """
        good = [
            self._good.get(name)
            for topic, fields in self._fields.items()
            if topic not in self._once
            for name in fields
        ]
        return min(-1 if message is None else message.stamp_ns for message in good)

    def fault(self, topic: str, fields: Sequence[str] = ()) -> str:
        """Return what is wrong with the last message of a topic; empty: nothing, or no message.

        Nothing is wrong if a message before it in the same control period was good.
        """
        faults = (self._faults.get(name, '') for name in fields or self._fields[topic])
        return next(filter(None, faults), '')

    def _received_s(self, field: str) -> float:
        """Return when the last good message of a field was received; -inf: never."""
        good = self._good.get(field)
        return -math.inf if good is None else good.received_s

    def _take_newest_good(self, topic: str, newest: ReceivedMessage) -> None:
        """Extract the values of each field from its newest good message of a control period."""
        message: ReceivedMessage | None = newest
        missing, faults = list(self._fields[topic]), dict[str, str]()
        while message is not None and missing:
            errors = self._decode(topic, message, missing)
            self._report(topic, errors, message)
            faults = {name: str(error) for name, error in errors.items()} | faults
            missing = [name for name in missing if name in errors]
            message = message.previous() if missing else None
        for name in self._fields[topic]:
            self._faults[name] = faults[name] if name in missing else ''

    def _report(
        self, topic: str, errors: Mapping[str, RobotError], message: ReceivedMessage
    ) -> None:
        """Report what is wrong with a message, and that nothing is."""
        recurring = self._recurring[topic]
        faults = [str(item) for item in errors.values() if not isinstance(item, NeighbourError)]
        if faults:
            recurring.begin(faults[0], message.received_s)
        elif len(errors) == len(self._fields[topic]):
            error = next(iter(errors.values()))
            text = str(error)
            about = error.about if isinstance(error, NeighbourError) else ''
            words = about or ' '.join(sorted(text.replace(',', '').split()))  # joints in any order
            if (topic, words) not in self._neighbours and len(self._neighbours) < _MAX_NEIGHBOURS:
                self._neighbours.add((topic, words))
                self._events.note(f'sensor_refused/{topic}', text, words)
        elif message is self._seen[topic]:
            recurring.end(message.received_s)

    def _decode(
        self, topic: str, message: ReceivedMessage, names: Collection[str]
    ) -> dict[str, RobotError]:
        """Store the good values of some fields in a message; return what is wrong with others."""
        try:
            found = self._values_of(topic, message)
        except RobotError as error:
            return dict.fromkeys(names, error)
        errors = {}
        for name in names:
            try:
                self._values[name] = _good_values(self._fields[topic][name], found[name])
                self._good[name] = message
                self._blank.note(name, self._values[name])
            except RobotError as error:
                errors[name] = error
        self._apart.note(topic, message)
        return errors


class _RecurringFault:
    """Reports a fault that comes and goes: after the second time only once it stays away.

    Another fault in between is reported at once; texts that differ only in numbers are one fault.
    """

    def __init__(self, event: str, events: EventLog) -> None:
        """Begin without a fault."""
        self._event, self._events = event, events
        self._kind = ''  # of the last fault
        self._lasts = self._recurs = self._is_away = False
        self._noticed_s = self._ended_s = -math.inf

    def begin(self, text: str, now_s: float) -> None:
        """Note the fault."""
        kind = _NUMBERS.sub('', text)
        if kind != self._kind:
            if self._is_away:
                self._end(now_s)
            self._kind, self._recurs = kind, False
        elif not self._lasts:
            self._recurs = now_s - self._ended_s < _RECURS_S
        self._lasts, self._is_away, self._noticed_s = True, False, now_s
        self._events.begin(self._event, text)

    def end(self, now_s: float) -> None:
        """Note that the newest message has no fault."""
        self._is_away = self._lasts
        if self._lasts and not (self._recurs and now_s - self._noticed_s < _RECURS_S):
            self._end(now_s)

    def _end(self, now_s: float) -> None:
        """Report that the fault is over."""
        self._lasts = self._is_away = self._recurs = False
        self._ended_s = now_s
        self._events.end(self._event)


def watched_sensors(
    reader: SensorReader, description: RobotDescription, resolve_name: Callable[[str], str]
) -> list[WatchedInput]:
    """Return each sensor topic with its largest age, but for those that are published once.

    Fields of one topic with other ages are watched separately.

    Args:
        reader: reads the topics.
        description: of the robot.
        resolve_name: returns the full name of a topic.
    """
    watchdog = description.safety.sensor_watchdog
    fields: dict[tuple[str, float], list[str]] = {}
    for item in description.observation:
        if item.once:
            continue
        fields.setdefault((item.topic, item.max_age_s or watchdog.max_age_s), []).append(item.name)
    watched = []
    for (topic, max_age_s), names in fields.items():
        is_alone = sum(other == topic for other, _ in fields) == 1
        which = '' if is_alone else f'/{names[0]}'
        watched.append(
            WatchedInput(
                f'sensor_too_old/{topic}{which}',
                resolve_name(topic) + ('' if is_alone else f' ({", ".join(names)})'),
                replace(watchdog, max_age_s=max_age_s),
                partial(reader.last_good_s, topic, names),
                partial(reader.fault, topic, names),
            )
        )
    return watched


def _good_values(field: ObservationField, values: Float64Array | RobotError) -> Float64Array:
    """Return the values of a field.

    Raises:
        RobotError: the message does not fit, or a value is not finite in float32 after the
            transform.
    """
    if isinstance(values, RobotError):
        raise values
    if not (fits_float32(values) and field.transform in ('none', 'sin', 'cos')):
        refuse_non_finite(field.name, transform(field, values), values)
    return values
