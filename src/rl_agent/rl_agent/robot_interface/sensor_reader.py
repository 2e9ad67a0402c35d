# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The newest good values of each sensor topic, and when they were received."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
import math
import threading
from typing import Any, Protocol

from rl_agent.array_checks import fits_float32
from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.transforms import refuse_non_finite, transform
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.safety.watchdogs import WatchedInput


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
    all lead to values that become too old, which a watchdog notices. If the message before it in
    the same control period fits, that one counts: an arm and its gripper may share a topic.

    A fault is reported when it begins and when it ends, that is when the newest message fits. Any
    thread may read.
    """

    def __init__(
        self,
        observation: Sequence[ObservationField],
        latest: Callable[[], Mapping[str, ReceivedMessage]],
        values_of: Callable[[str, Any], Mapping[str, Float64Array]],
        events: EventLog,
    ) -> None:
        """Read the fields of an observation.

        Args:
            observation: the fields.
            latest: returns topic to its newest message, if one was received.
            values_of: returns the fields in a topic's message; raises RobotError.
            events: receives reports of messages that do not fit.
        """
        self._latest, self._values_of, self._events = latest, values_of, events
        self._fields = {
            topic: [item for item in observation if item.topic == topic]
            for topic in {item.topic: None for item in observation}
        }
        self._lock = threading.Lock()
        self._seen: dict[str, ReceivedMessage] = {}
        self._values: dict[str, Float64Array] = {}
        self._good: dict[str, ReceivedMessage] = {}
        self._faults: dict[str, str] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order of the observation."""
        return tuple(self._fields)

    @property
    def is_complete(self) -> bool:
        """Whether a good message was received on every topic."""
        return len(self._good) == len(self._fields)

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
            for topic, message in self._good.items():
                self._decode(topic, message)

    def values(self) -> dict[str, Float64Array]:
        """Return field to newest good values, (raw,)."""
        return dict(self._values)

    def last_good_s(self, topic: str) -> float:
        """Return when the last good message of a topic was received; -inf: never."""
        good = self._good.get(topic)
        return -math.inf if good is None else good.received_s

    def stamp_ns(self, topic: str) -> int:
        """Return the stamp of the last good message of a topic; -1: never."""
        good = self._good.get(topic)
        return -1 if good is None else good.stamp_ns

    def fault(self, topic: str) -> str:
        """Return what is wrong with the last message of a topic; empty: nothing, or no message.

        Nothing is wrong if a message before it in the same control period was good.
        """
        return self._faults.get(topic, '')

    def _take_newest_good(self, topic: str, newest: ReceivedMessage) -> None:
        """Extract the values of the newest good message of a control period."""
        event = f'sensor_refused/{topic}'
        message: ReceivedMessage | None = newest
        faults: list[str] = []
        while message is not None:
            fault = self._decode(topic, message)
            if fault is None:
                break
            faults.append(fault)
            self._events.begin(event, fault)
            message = message.previous()
        if message is None:
            self._faults[topic] = faults[0]
        else:
            self._faults.pop(topic, None)
        if not faults:
            self._events.end(event)

    def _decode(self, topic: str, message: ReceivedMessage) -> str | None:
        """Store the values of one message if they are good; otherwise return what is wrong."""
        try:
            values = self._values_of(topic, message)
            _refuse_non_finite(self._fields[topic], values)
        except RobotError as error:
            return str(error)
        self._values.update(values)
        self._good[topic] = message
        return None


def watched_sensors(
    reader: SensorReader, description: RobotDescription, resolve_name: Callable[[str], str]
) -> list[WatchedInput]:
    """Return each sensor topic with its largest age, the smallest of its fields.

    Args:
        reader: reads the topics.
        description: of the robot.
        resolve_name: returns the full name of a topic.
    """
    watchdog = description.safety.sensor_watchdog
    ages_s: dict[str, list[float]] = {topic: [] for topic in reader.topics}
    for item in description.observation:
        ages_s[item.topic].append(item.max_age_s or watchdog.max_age_s)
    return [
        WatchedInput(
            f'sensor_too_old/{topic}',
            resolve_name(topic),
            replace(watchdog, max_age_s=min(ages)),
            partial(reader.last_good_s, topic),
            partial(reader.fault, topic),
        )
        for topic, ages in ages_s.items()
    ]


def _refuse_non_finite(
    fields: Sequence[ObservationField], values: Mapping[str, Float64Array]
) -> None:
    """Raise RobotError if a value is not finite in float32 after its field's transform."""
    for field in fields:
        raw = values[field.name]
        if fits_float32(raw) and field.transform in ('none', 'sin', 'cos'):
            continue
        refuse_non_finite(field.name, transform(field, raw), raw)
