# mypy: disable-error-code="unreachable"
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Only good messages count; each fault is named once."""

from collections.abc import Mapping
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.errors import RobotError
from rl_agent.events import Events
from rl_agent.observation_description import ObservationField
from rl_agent.sensor_reader import SensorReader


@dataclass(frozen=True, eq=False)
class Message:
    """A message with one list of numbers."""

    numbers: list[float]
    received_s: float
    stamp_ns: int


def field(name: str, topic: str, **options: object) -> ObservationField:
    given = {'type': 'std_msgs/msg/Float64MultiArray', 'field': 'data', 'size': 2, **options}
    return ObservationField(name, topic, **given)  # type: ignore[arg-type]


class Bench:
    """A reader of two topics, one of them a scanner's.

    Attributes:
        newest: the newest message of each topic.
    """

    def __init__(self) -> None:
        """Hear nothing."""
        self.newest: dict[str, Message] = {}
        self.events = Events()
        scan = field('scan', 'scan', bounds=(0.0, 5.0), clip=True, replace_nan=5.0)
        self.reader = SensorReader(
            [field('angle', 'joints'), scan], lambda: self.newest, self._values_of, self.events
        )

    def hear(self, topic: str, numbers: list[float], received_s: float) -> None:
        """Hear a message."""
        self.newest[topic] = Message(numbers, received_s, int(received_s * 1000))
        self.reader.update()

    def _values_of(self, topic: str, message: Message) -> Mapping[str, NDArray[np.float64]]:
        if len(message.numbers) != 2:
            raise RobotError(f'{topic}: {len(message.numbers)} values; accepted: 2')
        return {{'joints': 'angle', 'scan': 'scan'}[topic]: np.array(message.numbers)}


def test_before_the_first_message() -> None:
    reader = Bench().reader
    assert reader.topics == ('joints', 'scan')
    assert not reader.is_complete
    assert (reader.good_since_s('joints'), reader.stamp_ns('joints')) == (-math.inf, -1)
    assert reader.why('joints') == ''


def test_good_messages_are_taken() -> None:
    bench = Bench()
    bench.hear('joints', [1.0, 2.0], 7.0)
    assert not bench.reader.is_complete
    bench.hear('scan', [3.0, 4.0], 8.0)
    assert bench.reader.is_complete
    values = {name: numbers.tolist() for name, numbers in bench.reader.values().items()}
    assert values == {'angle': [1.0, 2.0], 'scan': [3.0, 4.0]}
    assert (bench.reader.good_since_s('joints'), bench.reader.stamp_ns('joints')) == (7.0, 7000)


def test_a_rehearsal_changes_nothing() -> None:
    bench = Bench()
    bench.hear('joints', [1.0, 2.0], 7.0)
    bench.hear('scan', [3.0, 4.0], 8.0)
    bench.hear('joints', [math.inf, 2.0], 9.0)
    before = bench.reader.values(), bench.reader.why('joints'), bench.events.counts()
    bench.reader.rehearse()
    np.testing.assert_equal(bench.reader.values(), before[0])
    assert (bench.reader.why('joints'), bench.events.counts()) == before[1:]
    assert bench.reader.good_since_s('joints') == 7.0


@pytest.mark.parametrize(
    ('numbers', 'why'),
    [
        ([1.0], 'joints: 1 values; accepted: 2'),
        ([math.nan, 1.0], "observation field 'angle': given [nan, 1.0]; accepted: finite numbers"),
        ([1.0, -math.inf], "observation field 'angle': given [1.0, -inf]; accepted: finite"),
    ],
)
def test_what_does_not_fit_counts_as_if_it_had_not_come(numbers: list[float], why: str) -> None:
    bench = Bench()
    bench.hear('joints', [1.0, 2.0], 1.0)
    for time_s in (2.0, 3.0, 4.0):
        bench.hear('joints', numbers, time_s)
    assert bench.reader.values()['angle'].tolist() == [1.0, 2.0]
    assert bench.reader.good_since_s('joints') == 1.0
    assert bench.reader.why('joints').startswith(why)
    assert len(bench.events.take_reports()) == 1
    bench.hear('joints', [5.0, 6.0], 5.0)
    assert bench.reader.good_since_s('joints') == 5.0
    assert bench.reader.why('joints') == ''
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    assert 'over after' in bench.events.take_reports()[0].text


def test_what_the_description_replaces_is_good() -> None:
    bench = Bench()
    bench.hear('scan', [math.nan, math.inf], 1.0)
    assert bench.reader.good_since_s('scan') == 1.0
    assert bench.events.counts() == {}


def test_a_message_is_never_taken_after_a_later_one() -> None:
    """Two threads may read; one may come late with what it saw."""
    bench = Bench()
    bench.hear('joints', [2.0, 2.0], 2.0)
    bench.hear('joints', [1.0, 1.0], 1.0)
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
