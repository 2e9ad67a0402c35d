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

"""The feeder leaves servers of other runs unchanged and waits for its own run's server."""

from collections.abc import Iterator
from pathlib import Path
import threading

from batches import LAYOUT
from fed_replay import FedReplay, OTHER
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError, RlError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.server import ReplayStart
from rl_learner.replay.writer import ReplayWriter

REJECTED = 'where a learner of another run answers; accepted: .* its own replay_port'


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[FedReplay]:
    replay = FedReplay(tmp_path)
    yield replay
    replay.end_server()


@pytest.mark.parametrize(
    ('start', 'other_rows'),
    [
        (ReplayStart(), 0),
        (ReplayStart(4, 4, 0.0), 3),
        (ReplayStart(0, 10, 0.0), 3),  # an interrupted refill, which its own feeder restarts
    ],
)
@pytest.mark.parametrize('run', [OTHER, ''])
def test_server_of_another_run_is_left_unchanged(
    replay: FedReplay, start: ReplayStart, other_rows: int, run: str
) -> None:
    """Even if the journal has the rows that it expects; robots are stored in the meantime."""
    replay.serve(run=run, start=start)
    writer = ReplayWriter(replay.port, run)
    writer.insert(np.ones((other_rows, LAYOUT.width), np.float32))
    before = writer.state()
    for _ in range(2):
        replay.live(5)
        with pytest.raises(ConfigurationError, match=f'replay_port: given {replay.port}, where a'):
            replay.feeder.feed()
    assert replay.feeder._source.position == 0  # the feeder did not seek either
    assert writer.state() == before
    assert replay.journal.written.total == 20
    server = replay.serve()
    replay.feed_again()
    assert server.counts() == (20, 20)
    assert replay.stored() == list(range(1, 11))


def test_server_of_another_run_replaces_the_own_server(replay: FedReplay) -> None:
    """A learner ends, and the learner of another run takes its port."""
    replay.serve()
    replay.live(5)
    replay.feed()
    other = replay.serve(run=OTHER)
    with pytest.raises(ConfigurationError, match=REJECTED):
        replay.feeder._check_position()  # without new rows
    replay.live(5)
    for _ in range(2):
        with pytest.raises(RlError):
            replay.feeder.feed()
        replay.feeder._server = ''
    with pytest.raises(ConfigurationError, match=REJECTED):
        replay.feeder.feed()
    assert other.counts() == (0, 0)
    server = replay.serve(start=ReplayStart(0, 20, 0.0))
    replay.feed_again()
    assert server.counts() == (20, 20)


def test_unconfirmed_rows_do_not_reach_the_server_of_another_run(replay: FedReplay) -> None:
    """Reverb's writer resends them to whatever server answers."""
    replay.serve()
    replay.live(ROWS_PER_ITEM)
    replay.feed()
    replay.end_server()
    errors: list[RlError] = []

    def insert() -> None:
        try:
            replay.writer.insert(replay.rows().read(2 * ROWS_PER_ITEM))
        except RlError as error:
            errors.append(error)

    inserting = threading.Thread(target=insert)
    inserting.start()
    other = replay.serve(run=OTHER)
    inserting.join(30.0)
    assert other.counts() == (0, 0)
    assert len(errors) == 1
    with pytest.raises(ConfigurationError, match=REJECTED):
        replay.writer.reset()


def test_thread_keeps_looking_for_the_server_of_its_run(replay: FedReplay) -> None:
    replay.live(5)
    other = replay.serve(run=OTHER)
    replay.feeder.start()
    replay.wait_until(
        lambda: replay.feeder.state.startswith(f'waiting: replay_port: given {replay.port}')
    )
    assert 'each run needs its own replay_port' in replay.feeder.state
    assert other.counts() == (0, 0)
    server = replay.serve()
    replay.wait_until(lambda: server.counts() == (10, 10))
    replay.wait_until(lambda: replay.feeder.state == 'feeding')
    replay.feeder.stop(10.0)
