# mypy: disable-error-code="unreachable"
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

"""Only good messages count; each fault is reported once."""

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
    previous: 'Callable[[], Message | None]' = lambda: None


def together(came: Sequence[list[float]], received_s: float) -> Message | None:
    """Return the newest of one period's messages, 0.25 s apart; the oldest is first."""
    if not came:
        return None
    stamp_ns = int(received_s * 1000)
    return Message(came[-1], received_s, stamp_ns, lambda: together(came[:-1], received_s - 0.25))


def field(name: str, topic: str, **options: object) -> ObservationField:
    given = {'type': 'std_msgs/msg/Float64MultiArray', 'field': 'data', 'size': 2, **options}
    return ObservationField(name, topic, **given)  # type: ignore[arg-type]


class Bench:
    """A reader of two topics, one of them of a scanner.

    Attributes:
        newest: the newest message of each topic.
        decoded: the numbers of the messages decoded since the last one was received.
    """

    def __init__(self, joints: ObservationField | None = None) -> None:
        """Create a reader that has received nothing."""
        self.newest: dict[str, Message] = {}
        self.decoded: list[list[float]] = []
        self.events = EventLog()
        scan = field('scan', 'scan', bounds=(0.0, 5.0), clip=True, replace_nan=5.0)
        self.reader = SensorReader(
            [joints or field('angle', 'joints'), scan],
            lambda: self.newest,
            self._values_of,
            self.events,
        )

    def receive(self, topic: str, numbers: list[float], received_s: float) -> None:
        """Receive a message."""
        self.receive_together(topic, [numbers], received_s)

    def receive_together(self, topic: str, came: Sequence[list[float]], received_s: float) -> None:
        """Receive messages of one period; the newest was received at this time."""
        newest = together(came, received_s)
        assert newest is not None
        self.newest[topic] = newest
        self.decoded.clear()
        self.reader.update()

    def _values_of(self, topic: str, message: Message) -> Mapping[str, NDArray[np.float64]]:
        self.decoded.append(message.numbers)
        if len(message.numbers) != 2:
            raise RobotError(f'{topic}: {len(message.numbers)} values; accepted: 2')
        return {{'joints': 'angle', 'scan': 'scan'}[topic]: np.array(message.numbers)}


def test_before_the_first_message() -> None:
    reader = Bench().reader
    assert reader.topics == ('joints', 'scan')
    assert not reader.is_complete
    assert (reader.last_good_s('joints'), reader.stamp_ns()) == (-math.inf, -1)
    assert reader.fault('joints') == ''


def test_good_messages_are_used() -> None:
    bench = Bench()
    bench.receive('joints', [1.0, 2.0], 7.0)
    assert not bench.reader.is_complete
    bench.receive('scan', [3.0, 4.0], 8.0)
    assert bench.reader.is_complete
    values = {name: numbers.tolist() for name, numbers in bench.reader.values().items()}
    assert values == {'angle': [1.0, 2.0], 'scan': [3.0, 4.0]}
    assert (bench.reader.last_good_s('joints'), bench.reader.stamp_ns()) == (7.0, 7000)


def test_a_rehearsal_changes_nothing() -> None:
    bench = Bench()
    bench.receive('joints', [1.0, 2.0], 7.0)
    bench.receive('scan', [3.0, 4.0], 8.0)
    bench.receive('joints', [math.inf, 2.0], 9.0)
    previous = bench.reader.values(), bench.reader.fault('joints'), bench.events.counts()
    bench.reader.decode_again()
    np.testing.assert_equal(bench.reader.values(), previous[0])
    assert (bench.reader.fault('joints'), bench.events.counts()) == previous[1:]
    assert bench.reader.last_good_s('joints') == 7.0


@pytest.mark.parametrize(
    ('numbers', 'fault'),
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
def test_a_message_that_does_not_fit_counts_as_not_received(
    numbers: list[float], fault: str
) -> None:
    bench = Bench()
    bench.receive('joints', [1.0, 2.0], 1.0)
    for time_s in (2.0, 3.0, 4.0):
        bench.receive('joints', numbers, time_s)
    assert bench.reader.values()['angle'].tolist() == [1.0, 2.0]
    assert bench.reader.last_good_s('joints') == 1.0
    assert bench.reader.fault('joints').startswith(fault)
    assert len(bench.events.take_reports()) == 1
    bench.receive('joints', [5.0, 6.0], 5.0)
    assert bench.reader.last_good_s('joints') == 5.0
    assert bench.reader.fault('joints') == ''
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    assert 'over after' in bench.events.take_reports()[0].text


@pytest.mark.filterwarnings('error')
def test_values_are_checked_as_the_policy_gets_them() -> None:
    """In float32, and after the transform: sin(1e300) is between -1 and 1."""
    bench = Bench(field('angle', 'joints', transform='sin'))
    for topic, numbers in (('joints', [1e300, 0.0]), ('scan', [1e300, -1e300])):
        bench.receive(topic, numbers, 1.0)
        assert bench.reader.last_good_s(topic) == 1.0
    bench = Bench()
    bench.receive('joints', [3.4e38, -3.4e38], 1.0)
    assert bench.reader.last_good_s('joints') == 1.0
    bench.receive('joints', [1e300, -1e300], 2.0)
    assert bench.reader.last_good_s('joints') == 1.0


def test_a_refused_message_does_not_hide_the_good_one_before_it() -> None:
    bench = Bench()
    bench.receive('scan', [3.0, 4.0], 8.0)
    bench.receive_together('joints', [[1.0, 1.0], [2.0, 2.0], [math.nan, 0.0], [0.0]], 7.0)
    assert bench.decoded == [[0.0], [math.nan, 0.0], [2.0, 2.0]]
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
    assert (bench.reader.last_good_s('joints'), bench.reader.stamp_ns()) == (6.5, 6500)
    assert bench.reader.fault('joints') == ''  # a refused message counts as not received
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    bench.reader.update()
    assert len(bench.decoded) == 3  # nothing was received: nothing is decoded


def test_of_good_messages_only_the_newest_is_decoded() -> None:
    bench = Bench()
    bench.receive_together('joints', [[1.0, 1.0], [math.nan, 0.0], [2.0, 2.0]], 7.0)
    assert bench.decoded == [[2.0, 2.0]]
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
    assert bench.events.counts() == {}


def test_if_all_messages_of_a_period_are_refused_the_newest_gives_the_fault() -> None:
    bench = Bench()
    bench.receive('joints', [1.0, 1.0], 1.0)
    bench.receive_together('joints', [[math.nan, 0.0], [0.0]], 7.0)
    assert bench.reader.values()['angle'].tolist() == [1.0, 1.0]
    assert bench.reader.last_good_s('joints') == 1.0
    assert bench.reader.fault('joints') == 'joints: 1 values; accepted: 2'


def test_a_fault_lasts_until_the_newest_message_is_good() -> None:
    """Two publishers on one topic are one fault, however long they last."""
    bench = Bench()
    for time_s in (1.0, 2.0, 3.0):
        bench.receive_together('joints', [[time_s, 0.0], [0.0]], time_s)
        assert bench.reader.values()['angle'].tolist() == [time_s, 0.0]
        bench.reader.decode_again()
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    begun = [report.text for report in bench.events.take_reports()]
    assert begun == ['sensor_refused/joints: joints: 1 values; accepted: 2']
    bench.receive('joints', [4.0, 0.0], 4.0)
    assert bench.events.counts() == {'sensor_refused/joints': 1}
    (over,) = bench.events.take_reports()
    assert 'over after' in over.text
    assert 'noticed 3 times' in over.text


def test_a_fault_that_comes_and_goes_is_reported_twice() -> None:
    """Every second message has NaN, next to a number that always differs."""
    bench = Bench()
    for count in range(20):
        bench.receive('joints', [math.nan, 0.1 * count], 2.0 * count)
        bench.receive('joints', [1.0, 2.0], 2.0 * count + 1.0)
    levels = [report.level for report in bench.events.take_reports()]
    assert levels == ['error', 'info', 'error']
    bench.receive('joints', [1.0, 2.0], 60.0)
    assert [report.level for report in bench.events.take_reports()] == ['info']
    assert bench.events.counts() == {'sensor_refused/joints': 2}


def test_another_fault_is_reported_at_once() -> None:
    bench = Bench()
    for time_s, numbers in ((1.0, [math.nan, 0.0]), (2.0, [1.0]), (3.0, [math.inf, 0.0])):
        bench.receive('joints', numbers, time_s)
        bench.receive('joints', [1.0, 2.0], time_s + 0.5)
    assert bench.events.counts() == {'sensor_refused/joints': 3}


def test_values_replaced_by_the_description_are_good() -> None:
    bench = Bench()
    bench.receive('scan', [math.nan, math.inf], 1.0)
    assert bench.reader.last_good_s('scan') == 1.0
    assert bench.events.counts() == {}


def test_a_message_never_replaces_a_later_one() -> None:
    """Of two reading threads, one may be late with an older message."""
    bench = Bench()
    bench.receive('joints', [2.0, 2.0], 2.0)
    bench.receive('joints', [1.0, 1.0], 1.0)
    assert bench.reader.values()['angle'].tolist() == [2.0, 2.0]
