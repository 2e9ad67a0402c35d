# mypy: disable-error-code="unreachable"
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Only good messages count; each fault is named once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.sensor_reader import SensorReader


@dataclass(frozen=True, eq=False)
class Message:
    """A message with one list of numbers."""

    numbers: list[float]
    received_s: float
    stamp_ns: int
    before: 'Callable[[], Message | None]' = lambda: None


def together(came: Sequence[list[float]], received_s: float) -> Message | None:
    """Return the newest of messages of one period, 0.25 s apart; the oldest is first."""
    if not came:
        return None
    stamp_ns = int(received_s * 1000)
    return Message(came[-1], received_s, stamp_ns, lambda: together(came[:-1], received_s - 0.25))


def field(name: str, topic: str, **options: object) -> ObservationField:
    given = {'type': 'std_msgs/msg/Float64MultiArray', 'field': 'data', 'size': 2, **options}
    return ObservationField(name, topic, **given)  # type: ignore[arg-type]


class Bench:
    """A reader of two topics, one of them a scanner's.

    Attributes:
        newest: the newest message of each topic.
        looked_into: the numbers of messages that were looked into since the last one was heard.
    """

    def __init__(self, joints: ObservationField | None = None) -> None:
        """Hear nothing."""
        self.newest: dict[str, Message] = {}
        self.looked_into: list[list[float]] = []
        self.events = EventLog()
        scan = field('scan', 'scan', bounds=(0.0, 5.0), clip=True, replace_nan=5.0)
        self.reader = SensorReader(
            [joints or field('angle', 'joints'), scan],
            lambda: self.newest,
            self._values_of,
            self.events,
        )

    def hear(self, topic: str, numbers: list[float], received_s: float) -> None:
        """Hear a message."""
        self.hear_together(topic, [numbers], received_s)

    def hear_together(self, topic: str, came: Sequence[list[float]], received_s: float) -> None:
        """Hear some messages of one period, the newest of which came at this time."""
        newest = together(came, received_s)
        assert newest is not None
        self.newest[topic] = newest
        self.looked_into.clear()
        self.reader.update()

    def _values_of(self, topic: str, message: Message) -> Mapping[str, NDArray[np.float64]]:
        self.looked_into.append(message.numbers)
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
    bench.reader.decode_again()
    np.testing.assert_equal(bench.reader.values(), before[0])
    assert (bench.reader.why('joints'), bench.events.counts()) == before[1:]
    assert bench.reader.good_since_s('joints') == 7.0


@pytest.mark.parametrize(
    ('numbers', 'why'),
    [
        ([1.0], 'joints: 1 values; accepted: 2'),
        ([math.nan, 1.0], "observation field 'angle': given [nan, 1.0]; accepted: finite numbers"),
        ([1.0, -math.inf], "observation field 'angle': given [1.0, -inf]; accepted: finite"),
        (
            [1e300, 1.0],
            "observation field 'angle': given [1e+300, 1.0]; accepted: finite numbers in float32",
        ),
        ([1.0, -3.5e38], "observation field 'angle': given [1.0, -3.5e+38]; accepted: finite"),
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


@pytest.mark.filterwarnings('error')
def test_numbers_count_as_the_policy_gets_them() -> None:
    """In float32, and after the transform: sin(1e300) is a number between -1 and 1."""
    bench = Bench(field('angle', 'joints', transform='sin'))
    for topic, numbers in (('joints', [1e300, 0.0]), ('scan', [1e300, -1e300])):
        bench.hear(topic, numbers, 1.0)
        assert bench.reader.good_since_s(topic) == 1.0
    bench = Bench()
    bench.hear('joints', [3.4e38, -3.4e38], 1.0)
    assert bench.reader.good_since_s('joints') == 1.0
    bench.hear('joints', [1e300, -1e300], 2.0)
    assert bench.reader.good_since_s('joints') == 1.0


def test_a_refused_message_does_not_hide_the_good_one_before_it() -> None:
    bench = Bench()
    bench.hear_together('joints', [[1.0, 1.0], [2.0, 2.0], [math.nan, 0.0], [0.0]], 7.0)
    assert bench.looked_into == [[0.0], [math.nan, 0.0], [2.0, 2.0]]
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
    assert (bench.reader.good_since_s('joints'), bench.reader.stamp_ns('joints')) == (6.5, 6500)
    assert bench.reader.why('joints') == ''  # what was refused counts as if it had not come
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    bench.reader.update()
    assert len(bench.looked_into) == 3  # nothing came: there is nothing to look into


def test_of_good_messages_only_the_newest_is_looked_into() -> None:
    bench = Bench()
    bench.hear_together('joints', [[1.0, 1.0], [math.nan, 0.0], [2.0, 2.0]], 7.0)
    assert bench.looked_into == [[2.0, 2.0]]
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
    assert bench.events.counts() == {}


def test_where_all_of_a_period_are_refused_the_newest_one_says_why() -> None:
    bench = Bench()
    bench.hear('joints', [1.0, 1.0], 1.0)
    bench.hear_together('joints', [[math.nan, 0.0], [0.0]], 7.0)
    assert bench.reader.values()['angle'].tolist() == [1.0, 1.0]
    assert bench.reader.good_since_s('joints') == 1.0
    assert bench.reader.why('joints') == 'joints: 1 values; accepted: 2'


def test_a_fault_goes_on_until_a_newest_message_is_good() -> None:
    """Two publishers on one topic are one fault, however long they are at it."""
    bench = Bench()
    for time_s in (1.0, 2.0, 3.0):
        bench.hear_together('joints', [[time_s, 0.0], [0.0]], time_s)
        assert bench.reader.values()['angle'].tolist() == [time_s, 0.0]
        bench.reader.decode_again()
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    begun = [report.text for report in bench.events.take_reports()]
    assert begun == ['sensor_refused/joints: joints: 1 values; accepted: 2']
    bench.hear('joints', [4.0, 0.0], 4.0)
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    (over,) = bench.events.take_reports()
    assert 'over after' in over.text
    assert 'noticed 3 times' in over.text


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
