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

"""Feeding a real Reverb from the journal: each row once, whichever process is killed."""

from collections.abc import Iterator
from pathlib import Path

from batches import LAYOUT
from fed_replay import FedReplay, OWN
import pytest
from rl_agent.errors import JournalError, ReplayError
from rl_learner.journal.journal_reader import journal_extent, journal_files, transitions_before
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayStart
from rl_learner.replay.state import item_table_name
from rl_learner.replay.writer import ReplayWriter

GLANCE_S = 0.3


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[FedReplay]:
    replay = FedReplay(tmp_path)
    yield replay
    replay.end_server()


def test_live_rows_are_inserted_once(replay: FedReplay) -> None:
    server = replay.serve()
    replay.live(3, 4)
    replay.feed()
    replay.live(2)
    replay.feed()
    assert server.counts() == (18, 18)
    assert replay.stored() == sorted([*range(1, 10)])
    assert replay.feeder.inserted == 18


def test_restarted_bridge_continues_with_the_next_row(replay: FedReplay) -> None:
    """Even if it had inserted part of a batch, or nothing of what it had acknowledged."""
    server = replay.serve()
    replay.live(5)
    replay.writer.insert(replay.rows().read(5)[:3])
    replay.restart_bridge()
    replay.feed()
    replay.live(5)
    replay.restart_bridge()
    replay.live(1)
    replay.feed()
    assert server.counts() == (22, 22)
    assert replay.stored() == list(range(1, 12))


def test_rows_wait_until_they_fill_an_item(replay: FedReplay) -> None:
    """Or until no more rows have arrived for a while; then they are padded."""
    replay.feeder = ReplayFeeder(replay.rows(), replay.writer, pad_after_s=1e9)
    server = replay.serve()
    replay.live(ROWS_PER_ITEM // 2 + 1)
    replay.feed()
    assert server.counts() == (ROWS_PER_ITEM, ROWS_PER_ITEM)
    replay.live(1, 1)
    replay.feed()
    assert server.counts() == (ROWS_PER_ITEM, ROWS_PER_ITEM)
    replay.feeder._pad_after_s = 0.0
    replay.feed()
    assert server.counts() == (ROWS_PER_ITEM + 6, ROWS_PER_ITEM + 6)
    assert replay.feeder.inserted == ROWS_PER_ITEM + 6
    replay.live(ROWS_PER_ITEM)
    replay.feed()
    assert server.counts() == (3 * ROWS_PER_ITEM + 6, 3 * ROWS_PER_ITEM + 6)
    assert replay.stored() == list(range(1, replay.next))


@pytest.mark.parametrize(
    ('before', 'noted_padding'), [(0, 1), (3, ROWS_PER_ITEM - 1), (ROWS_PER_ITEM, 5)]
)
def test_bridge_killed_between_padding_note_and_item(
    replay: FedReplay, before: int, noted_padding: int
) -> None:
    """The next item is complete, padded differently, or missing until the next kill."""
    server = replay.serve()
    replay.live(40)
    if before:
        replay.writer.insert(replay.rows().read(40)[:before])
    for _ in range(2):
        replay.writer._note_padding(noted_padding, 10.0)
        replay.restart_bridge()
        state = replay.writer.state()
        assert state is not None
        assert state.position == before
    replay.feed()
    assert server.counts() == (80, 80)
    assert replay.stored() == list(range(1, 41))


def test_bridge_killed_while_emptying_the_table(replay: FedReplay) -> None:
    """The items are removed, but the padding note is not reset yet."""
    server = replay.serve(start=ReplayStart(0, 80, 1e6))
    replay.live(40)
    for count in (20, 1):
        replay.writer.insert(replay.rows().read(40)[:count])
    replay.writer._client.reset(item_table_name(OWN))
    replay.restart_bridge()
    replay.feed()
    assert server.counts() == (80, 80)
    assert replay.stored() == list(range(1, 41))


def test_restarted_learner_gets_the_newest_rows_again(replay: FedReplay) -> None:
    capacity = 2 * ROWS_PER_ITEM
    replay.serve(capacity=capacity)
    replay.live(15, 20)
    replay.feed()
    replay.end_server()
    replay.live(5)  # stored and acknowledged while the learner is gone
    with pytest.raises(ReplayError):
        replay.feeder.feed()
    server = replay.serve(capacity=capacity, start=ReplayStart(80 - capacity, 80, 1e6))
    replay.feed_again()
    assert server.counts() == (capacity, 80)
    replay.live(ROWS_PER_ITEM // 2)
    replay.feed()
    assert server.counts() == (capacity, 80 + ROWS_PER_ITEM)
    assert replay.stored()[-1] == replay.next - 1


def test_refill_makes_no_samples_due(replay: FedReplay) -> None:
    """All 4 samples of each of 40 transitions were drawn; only new transitions allow more."""
    replay.live(20)
    server = replay.serve(samples_per_insert=4.0, start=ReplayStart(0, 40, 0.0))
    sampler = ReplaySampler(server, width=LAYOUT.width, batch_size=2, updates_per_block=2)
    replay.feed()
    assert server.counts() == (40, 40)
    assert sampler.next_block(GLANCE_S) is None
    replay.live(1)
    replay.feed()
    assert [sampler.next_block(10.0) is None for _ in range(2)] == [False, False]
    assert sampler.next_block(GLANCE_S) is None
    sampler.stop()


def test_due_samples_wait_for_the_complete_refill(replay: FedReplay) -> None:
    replay.live(20)
    server = replay.serve(samples_per_insert=4.0, start=ReplayStart(0, 40, 80.0))
    sampler = ReplaySampler(server, width=LAYOUT.width, batch_size=2, updates_per_block=10)
    replay.writer.insert(replay.rows().read(20)[:39])
    assert sampler.next_block(GLANCE_S) is None
    replay.restart_bridge()
    replay.feed()
    assert [sampler.next_block(10.0) is None for _ in range(4)] == [False] * 4
    assert sampler.next_block(GLANCE_S) is None
    sampler.stop()


def test_rows_that_reverb_resent_to_a_new_server(replay: FedReplay) -> None:
    """Reverb's writer resends unconfirmed items; the refill then starts over."""
    replay.serve()
    replay.live(5)
    replay.feed()
    server = replay.serve(start=ReplayStart(0, 10, 1e6))
    ReplayWriter(replay.port, OWN).insert(replay.rows().read(10)[:4])
    replay.feed_again()
    assert server.counts() == (10, 10)
    assert replay.stored() == [1, 2, 3, 4, 5]


def test_server_that_expects_missing_rows_gets_nothing(replay: FedReplay) -> None:
    server = replay.serve(start=ReplayStart(1000, 1000, 0.0))
    replay.live(3)
    with pytest.raises(JournalError, match='holds 6 transitions: given number 1000'):
        replay.feeder.feed()
    assert server.size == 0


def test_missing_file_is_reported_and_training_can_continue_after_it(replay: FedReplay) -> None:
    replay.live(*[5] * 10)
    first, second, third, *_ = journal_files(replay.folder)
    second.rename(second.with_suffix('.away'))
    replay.serve(start=ReplayStart(0, 100, 0.0))
    replay.feeder.start()
    while not replay.feeder.state.startswith(f'waiting: {first}: given rows up to number'):
        replay.feeder._stop.wait(0.05)
    assert 'move this file and all older ones away' in replay.feeder.state
    first.unlink()
    first_row = transitions_before(third)
    server = replay.serve(start=ReplayStart(journal_extent(replay.folder).first, 100, 0.0))
    while server.counts() != (100 - first_row, 100):
        replay.feeder._stop.wait(0.05)
    replay.feeder.stop(10.0)


def test_thread_finds_each_new_server(replay: FedReplay) -> None:
    """It is started before the first server and is not notified of any."""
    replay.feeder.start()
    replay.live(5)
    for first in (0, 4):
        server = replay.serve(start=ReplayStart(first, 10, 0.0))
        for _ in range(600):
            if server.counts()[0] == 10 - first:
                break
            replay.feeder._stop.wait(0.05)
        assert server.counts() == (10 - first, 10)
    replay.feeder.stop(10.0)
