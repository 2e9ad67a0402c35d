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

"""The spool numbers transitions and keeps them until they are acknowledged."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import sys
import threading

from plain_transition import plain_transition
import pytest
from rl_agent.errors import RlError
from rl_agent.transport.spool import Spool, SpooledBatch
from rl_agent.transport.transition import Transition

TIMEOUT_S = 30.0


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Switch threads five hundred times as often as usual."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(usual_s / 500)
    yield
    sys.setswitchinterval(usual_s)


def make_transition(number: int) -> Transition:
    """Return a transition that is identified by its `stamp_ns`."""
    return plain_transition(stamp_ns=number)


def fill(spool: Spool, count: int) -> None:
    """Append transitions with their sequence number as stamp."""
    for number in range(spool.newest_sequence + 1, spool.newest_sequence + 1 + count):
        spool.append(make_transition(number))


def numbers(batch: SpooledBatch | None) -> list[int]:
    """Return the stamps in a batch; check that they match its numbers."""
    if batch is None:
        return []
    stamps = [item.stamp_ns for item in batch.transitions]
    assert stamps == list(range(batch.first_sequence, batch.first_sequence + len(stamps)))
    return stamps


def test_numbers_begin_at_1_and_have_no_gaps() -> None:
    spool = Spool(10)
    assert spool.newest_sequence == 0
    assert [spool.append(make_transition(number)) for number in (1, 2, 3)] == [1, 2, 3]
    assert spool.newest_sequence == 3


def test_an_empty_spool_has_no_batch() -> None:
    spool = Spool(10)
    assert spool.next_batch(4) is None
    assert (spool.pending, spool.unsent, spool.dropped) == (0, 0, 0)


def test_batches_walk_forward_in_order() -> None:
    spool = Spool(10)
    fill(spool, 5)
    assert numbers(spool.next_batch(2)) == [1, 2]
    assert numbers(spool.next_batch(2)) == [3, 4]
    fill(spool, 1)
    assert numbers(spool.next_batch(2)) == [5, 6]
    assert spool.next_batch(2) is None


def test_sending_forgets_nothing() -> None:
    spool = Spool(10)
    fill(spool, 5)
    spool.next_batch(3)
    assert (spool.pending, spool.unsent) == (5, 2)


def test_rewind_goes_back_to_the_last_acknowledged() -> None:
    """Go-back-N: unacknowledged transitions are sent again, once for each rewind."""
    spool = Spool(10)
    fill(spool, 6)
    assert numbers(spool.next_batch(6)) == [1, 2, 3, 4, 5, 6]
    spool.acknowledge(2)
    assert spool.next_batch(6) is None
    for _ in range(2):
        spool.rewind()
        assert numbers(spool.next_batch(6)) == [3, 4, 5, 6]
    assert spool.unsent == 0


def test_acknowledging_forgets_up_to_and_including() -> None:
    spool = Spool(10)
    fill(spool, 5)
    spool.next_batch(5)
    spool.acknowledge(3)
    assert (spool.pending, spool.newest_sequence) == (2, 5)
    spool.rewind()
    batch = spool.next_batch(5)
    assert batch is not None
    assert (numbers(batch), batch.oldest_sequence) == ([4, 5], 4)


@pytest.mark.parametrize('sequence', [-5, 0, 1, 2])
def test_an_old_acknowledgement_changes_nothing(sequence: int) -> None:
    spool = Spool(10)
    fill(spool, 5)
    spool.next_batch(3)
    spool.acknowledge(2)
    spool.acknowledge(sequence)
    assert (spool.pending, spool.unsent) == (3, 2)
    assert numbers(spool.next_batch(5)) == [4, 5]


@pytest.mark.parametrize('sequence', [3, 4, 1000, 1 << 63, (1 << 64) - 1])
def test_an_acknowledgement_above_what_was_sent_is_refused(sequence: int) -> None:
    """Nothing is dropped, and the numbers that follow stay the same."""
    spool = Spool(10)
    fill(spool, 4)
    spool.next_batch(2)
    with pytest.raises(RlError, match=f'given number {sequence}; accepted: up to 2'):
        spool.acknowledge(sequence)
    assert (spool.pending, spool.unsent, spool.dropped) == (4, 2, 0)
    spool.acknowledge(2)
    assert spool.append(make_transition(5)) == 5
    assert numbers(spool.next_batch(5)) == [3, 4, 5]


def test_what_was_sent_before_a_rewind_may_be_acknowledged() -> None:
    spool = Spool(10)
    fill(spool, 4)
    spool.next_batch(3)
    spool.rewind()
    spool.acknowledge(3)
    assert numbers(spool.next_batch(5)) == [4]


def test_what_was_dropped_may_be_acknowledged() -> None:
    """The learner machine acknowledges what precedes `oldest_sequence`."""
    spool = Spool(3)
    fill(spool, 5)
    assert spool.acknowledge(2) == 0
    assert (spool.pending, spool.dropped) == (3, 2)


def test_overflow_drops_the_oldest_and_counts() -> None:
    spool = Spool(3)
    fill(spool, 5)
    assert (spool.dropped, spool.pending, spool.newest_sequence) == (2, 3, 5)
    batch = spool.next_batch(10)
    assert batch is not None
    assert (numbers(batch), batch.oldest_sequence) == ([3, 4, 5], 3)


def test_overflow_after_sending_skips_no_kept_transition() -> None:
    spool = Spool(3)
    fill(spool, 3)
    spool.next_batch(1)
    fill(spool, 2)  # 1 and 2 are dropped; 2 was never sent
    assert (spool.dropped, spool.unsent) == (2, 3)
    assert numbers(spool.next_batch(10)) == [3, 4, 5]


def test_dropped_counts_no_acknowledged_transitions() -> None:
    spool = Spool(3)
    fill(spool, 3)
    spool.next_batch(2)
    spool.acknowledge(2)
    fill(spool, 2)
    assert spool.dropped == 0


def test_later_transitions_do_not_change_a_batch() -> None:
    spool = Spool(3)
    fill(spool, 3)
    batch = spool.next_batch(3)
    spool.acknowledge(3)
    fill(spool, 3)
    assert numbers(batch) == [1, 2, 3]


@pytest.mark.parametrize('capacity', [0, -1])
def test_a_capacity_below_1_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match=f'given {capacity}; accepted: at least 1'):
        Spool(capacity)


@pytest.mark.usefixtures('hasty_threads')
def test_threads_lose_and_repeat_nothing() -> None:
    """One thread appends, one sends and acknowledges, one rewinds: every number arrives."""
    count = 5000
    spool, everything_sent = Spool(count), threading.Event()
    start = threading.Barrier(3)

    def append() -> list[int]:
        start.wait(TIMEOUT_S)
        return [spool.append(make_transition(number)) for number in range(1, count + 1)]

    def send() -> list[int]:
        start.wait(TIMEOUT_S)
        received: list[int] = []  # as the bridge does: in order, without repetitions
        acknowledged = 0
        while len(received) < count:
            batch = numbers(spool.next_batch(7))
            if batch and batch[0] <= len(received) + 1:
                received += batch[len(received) + 1 - batch[0] :]
            if len(received) >= acknowledged + 50:
                acknowledged = len(received)
                spool.acknowledge(acknowledged)
            if not batch:
                everything_sent.wait(0.001)  # lets the other threads run
        everything_sent.set()
        return received

    def rewind() -> None:
        start.wait(TIMEOUT_S)
        while not everything_sent.wait(0.0005):
            spool.rewind()

    with ThreadPoolExecutor(3) as pool:
        appended, received, rewound = pool.submit(append), pool.submit(send), pool.submit(rewind)
        assert appended.result(TIMEOUT_S) == list(range(1, count + 1))
        assert received.result(TIMEOUT_S) == list(range(1, count + 1))
        rewound.result(TIMEOUT_S)
    spool.acknowledge(count)
    assert (spool.pending, spool.dropped, spool.newest_sequence) == (0, 0, count)


@pytest.mark.usefixtures('hasty_threads')
def test_appending_threads_get_distinct_numbers() -> None:
    spool = Spool(10_000)
    start = threading.Barrier(4)

    def append() -> list[int]:
        start.wait(TIMEOUT_S)
        return [spool.append(make_transition(0)) for _ in range(500)]

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(append) for _ in range(4)]
        given = [number for future in futures for number in future.result(TIMEOUT_S)]
    assert sorted(given) == list(range(1, 2001))


def test_waiting_until_empty() -> None:
    spool = Spool(capacity=3)
    assert spool.wait_until_empty(timeout_s=0.0)
    spool.append(make_transition(0))
    assert not spool.wait_until_empty(timeout_s=0.01)
    spool.next_batch(1)
    acknowledging = threading.Timer(0.05, spool.acknowledge, [1])
    acknowledging.start()
    assert spool.wait_until_empty(timeout_s=20.0)
    acknowledging.join()
