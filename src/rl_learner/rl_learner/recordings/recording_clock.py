# Copyright 2026 The rl_learner authors
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

"""Where the clock of a recorder is set back, and the messages between these times.

Within a topic, times in the order of writing only decrease if the clock was set back. Messages of
other topics may be written later than they came, or one topic after another by a tool that merges
bags, so that only the times of one topic are compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import datetime
import heapq

from rl_learner.recordings.bag_messages import RecordedMessage

_LATE_NS = 1_000_000_000  # so much later than others a message may be written


@dataclass(frozen=True)
class ClockStep:
    """A time at which the clock of a recorder was set back.

    Attributes:
        number: of the first message after it, in the order of writing.
        file: of that message.
        before_ns: time of the topic's message before it.
        after_ns: time of that message.
    """

    number: int
    file: str
    before_ns: int
    after_ns: int


def clock_steps(messages: Iterable[RecordedMessage], least_ns: int) -> list[ClockStep]:
    """Return where the clock was set back by more than a time.

    Args:
        messages: in the order of writing.
        least_ns: smaller steps are the jitter of a recorder.
    """
    found: list[ClockStep] = []
    latest: dict[str, int] = {}
    for number, message in enumerate(messages):
        before_ns = latest.get(message.topic, message.time_ns)
        if before_ns - message.time_ns > least_ns:
            found.append(ClockStep(number, message.file, before_ns, message.time_ns))
            latest = {}
        latest[message.topic] = message.time_ns
    return found


def between_steps(
    messages: Iterable[RecordedMessage], steps: Iterable[ClockStep]
) -> Iterator[RecordedMessage | ClockStep]:
    """Yield messages by time between the steps of the clock, and the steps.

    Args:
        messages: in the order of writing.
        steps: as of `clock_steps`.
    """
    starts = {step.number: step for step in steps}
    waiting: list[tuple[int, int, RecordedMessage]] = []
    newest_ns = 0
    for number, message in enumerate(messages):
        if number in starts:
            yield from _all_of(waiting)
            yield starts[number]
            newest_ns = 0
        heapq.heappush(waiting, (message.time_ns, number, message))
        newest_ns = max(newest_ns, message.time_ns)
        while waiting[0][0] < newest_ns - _LATE_NS:
            yield heapq.heappop(waiting)[2]
    yield from _all_of(waiting)


def place_of(file: str, time_ns: int) -> str:
    """Return where something is in a recording, in words."""
    try:
        time = datetime.datetime.fromtimestamp(time_ns / 1e9, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):  # beyond the year 9999
        return f'{file} at {time_ns} ns'
    return f'{file} at {time.isoformat(timespec="milliseconds").replace("+00:00", "Z")}'


def _all_of(waiting: list[tuple[int, int, RecordedMessage]]) -> Iterator[RecordedMessage]:
    """Yield all messages that wait, by time."""
    while waiting:
        yield heapq.heappop(waiting)[2]
