# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The newest good values of each sensor topic, and since when they are good."""

from collections.abc import Callable, Mapping, Sequence
import math
import threading
from typing import Any, Protocol

from rl_agent.array_checks import fits_float32
from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.environment.transforms import transform
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog


class Heard(Protocol):
    """A message that came, see `ros_sensors.SensorMessage`."""

    @property
    def received_s(self) -> float:
        """When, on the steady clock."""
        ...

    @property
    def stamp_ns(self) -> int:
        """By the robot's clock."""
        ...

    @property
    def before(self) -> 'Callable[[], Heard | None]':
        """Returns the one that came before it in the same control period; None: there is none."""
        ...


class SensorReader:
    """Takes values out of messages; one that does not fit counts as if it had not come.

    So numbers that are not finite in float32, lists of a wrong length and joints with other names
    all end as values that grow too old, for which there is a watchdog. What came before it in the
    same control period counts instead, if it fits: an arm and its gripper may share a topic.

    Each fault is put into words when it begins and when it ends, which is when the newest message
    fits. Any thread may read.
    """

    def __init__(
        self,
        observation: Sequence[ObservationField],
        latest: Callable[[], Mapping[str, Heard]],
        values_of: Callable[[str, Any], Mapping[str, Float64Array]],
        events: EventLog,
    ) -> None:
        """Read the fields of an observation.

        Args:
            observation: the fields.
            latest: returns the newest message of each topic that was heard.
            values_of: returns the fields that a topic's message holds; raises RobotError.
            events: told of messages that do not fit.
        """
        self._latest, self._values_of, self._events = latest, values_of, events
        self._fields = {
            topic: [item for item in observation if item.topic == topic]
            for topic in {item.topic: None for item in observation}
        }
        self._lock = threading.Lock()
        self._seen: dict[str, Heard] = {}
        self._values: dict[str, Float64Array] = {}
        self._good: dict[str, Heard] = {}
        self._why: dict[str, str] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order of the observation."""
        return tuple(self._fields)

    @property
    def is_complete(self) -> bool:
        """Whether every topic had a good message."""
        return len(self._good) == len(self._fields)

    def update(self) -> None:
        """Take the values of messages that came since the last call."""
        newest = self._latest()  # without the lock: whoever waits for messages holds theirs
        with self._lock:
            for topic, message in newest.items():
                seen = self._seen.get(topic)
                # another thread may have looked later, and be here already
                if seen is None or (message is not seen and message.received_s >= seen.received_s):
                    self._seen[topic] = message
                    self._take(topic, message)

    def decode_again(self) -> None:
        """Decode the newest good messages again, to the same values; see `RehearsalSchedule`."""
        with self._lock:
            for topic, message in self._good.items():
                self._refusal(topic, message)

    def values(self) -> dict[str, Float64Array]:
        """Return field to its newest good values, (raw,)."""
        return dict(self._values)

    def good_since_s(self, topic: str) -> float:
        """Return when the last good message of a topic came; -inf: never."""
        good = self._good.get(topic)
        return -math.inf if good is None else good.received_s

    def stamp_ns(self, topic: str) -> int:
        """Return the stamp of the last good message of a topic; -1: never."""
        good = self._good.get(topic)
        return -1 if good is None else good.stamp_ns

    def why(self, topic: str) -> str:
        """Return what is wrong with the last message of a topic; empty: it was good, or none.

        A good one that came before it in the same control period makes up for it.
        """
        return self._why.get(topic, '')

    def _take(self, topic: str, newest: Heard) -> None:
        """Take the values of the newest good message of a control period."""
        event = f'sensor_refused/{topic}'
        message: Heard | None = newest
        refusals: list[str] = []
        while message is not None:
            refusal = self._refusal(topic, message)
            if refusal is None:
                break
            refusals.append(refusal)
            self._events.begin(event, refusal)
            message = message.before()
        if message is None:
            self._why[topic] = refusals[0]
        else:
            self._why.pop(topic, None)
        if not refusals:
            self._events.end(event)

    def _refusal(self, topic: str, message: Heard) -> str | None:
        """Take the values of one message if they are good; return why not, None: they are."""
        try:
            values = self._values_of(topic, message)
            _refuse_what_is_not_finite(self._fields[topic], values)
        except RobotError as error:
            return str(error)
        self._values.update(values)
        self._good[topic] = message
        return None


def _refuse_what_is_not_finite(
    fields: Sequence[ObservationField], values: Mapping[str, Float64Array]
) -> None:
    """Raise RobotError where a number is none in float32, once it is what the description says."""
    for field in fields:
        raw = values[field.name]
        if fits_float32(raw) and field.transform in ('none', 'sin', 'cos'):
            continue
        if not fits_float32(transform(field, raw)):
            raise RobotError(
                f'observation field {field.name!r}: given {raw.tolist()}; accepted: finite numbers'
                ' in float32'
            )
