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

"""The second table with a real Reverb: what is drawn from it, at which pace, and its refill."""

from pathlib import Path

from batches import LAYOUT, make_batch, SPACES
import numpy as np
import pytest
from replay_servers import GLANCE_S, MakeSampler, MakeServer, number_rows, take, WIDTH
from rl_agent.array_types import Float32Array
from rl_agent.errors import ConfigurationError, ReplayError
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.replay.state import DEMONSTRATIONS
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

FIRST_TAUGHT = 100_000  # number of the first demonstration; those of replay are below


def both(make_server: MakeServer, **changes: object) -> ReplayServer:
    """Return a server with both tables."""
    return make_server(**{'demonstrations': ReplayStart(), **changes})


def taught_in(block: Float32Array) -> list[int]:
    """Return the number of demonstrations in each batch of a block."""
    counts: list[int] = (block[:, :, 0] >= FIRST_TAUGHT).sum(axis=1).tolist()
    return counts


@pytest.mark.parametrize(('batch_size', 'taught'), [(4, 1), (4, 3), (8, 4), (256, 128)])
def test_each_batch_has_its_share_of_demonstrations(
    make_server: MakeServer, make_sampler: MakeSampler, batch_size: int, taught: int
) -> None:
    """Any share, which ikostrikov/rlpd#4 misses, and full batches from small tables."""
    server = both(make_server)
    ReplayWriter(server.port).insert(number_rows(0, 40))
    ReplayWriter(server.port, names=DEMONSTRATIONS).insert(number_rows(FIRST_TAUGHT, 5))
    assert (server.counts(), server.demonstrated) == ((40, 40), 5)
    sampler = make_sampler(
        server,
        batch_size=batch_size,
        updates_per_block=3,
        demonstrations=server.demonstrations,
        demonstrations_per_batch=taught,
    )
    for _ in range(3):
        block = take(sampler)
        assert block.shape == (3, batch_size, WIDTH)
        assert taught_in(block) == [taught] * 3


def test_the_pace_counts_updates_whatever_is_in_their_batches(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """2 updates of 4 rows for each transition, one row of them a demonstration.

    With warmup 10, 13 transitions make 3 x 2 updates due: 2 blocks of 3. They draw 18 rows of
    replay, 2 x (4 - 1) for each transition. Demonstrations make none due.
    """
    server = both(make_server, samples_per_insert=8.0, warmup=10)
    replay = ReplayWriter(server.port)
    taught = ReplayWriter(server.port, names=DEMONSTRATIONS)
    sampler = make_sampler(
        server,
        batch_size=4,
        updates_per_block=3,
        demonstrations=server.demonstrations,
        demonstrations_per_batch=1,
    )
    taught.insert(number_rows(FIRST_TAUGHT, 50))
    replay.insert(number_rows(0, 10))
    assert sampler.next_block(GLANCE_S) is None
    replay.insert(number_rows(10, 3))
    blocks = [take(sampler), take(sampler)]
    assert [taught_in(block) for block in blocks] == [[1, 1, 1]] * 2
    taught.insert(number_rows(FIRST_TAUGHT + 50, 50))
    assert sampler.next_block(GLANCE_S) is None


def test_batches_are_from_replay_alone_until_there_is_a_demonstration(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """The number of updates stays the same: 12 transitions, 12 updates, then 1 for each."""
    server = both(make_server, samples_per_insert=4.0)
    replay = ReplayWriter(server.port)
    sampler = make_sampler(
        server,
        batch_size=4,
        updates_per_block=1,
        demonstrations=server.demonstrations,
        demonstrations_per_batch=2,
    )
    replay.insert(number_rows(0, 12))
    assert [taught_in(take(sampler)) for _ in range(12)] == [[0]] * 12
    assert sampler.next_block(GLANCE_S) is None
    ReplayWriter(server.port, names=DEMONSTRATIONS).insert(number_rows(FIRST_TAUGHT, 3))
    replay.insert(number_rows(12, 5))
    assert [taught_in(take(sampler)) for _ in range(5)] == [[2]] * 5
    assert sampler.next_block(GLANCE_S) is None


def test_nothing_is_drawn_before_the_demonstrations_of_the_run_are_back(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """Else the first batches after a restart would lack them."""
    server = both(make_server, demonstrations=ReplayStart(0, 20))
    ReplayWriter(server.port).insert(number_rows(0, 40))
    taught = ReplayWriter(server.port, names=DEMONSTRATIONS)
    taught.insert(number_rows(FIRST_TAUGHT, 19))
    sampler = make_sampler(
        server,
        batch_size=4,
        updates_per_block=1,
        demonstrations=server.demonstrations,
        demonstrations_per_batch=2,
    )
    assert sampler.next_block(GLANCE_S) is None
    taught.insert(number_rows(FIRST_TAUGHT + 19, 1))
    assert taught_in(take(sampler)) == [2]


def test_demonstrations_alone_need_no_transition(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """As for pretraining; all of them are drawn."""
    server = both(make_server, samples_per_insert=1.0, warmup=1000)
    assert server.demonstrations is not None
    sampler = make_sampler(server.demonstrations, batch_size=8, updates_per_block=2)
    assert sampler.next_block(GLANCE_S) is None
    ReplayWriter(server.port, names=DEMONSTRATIONS).insert(number_rows(FIRST_TAUGHT, 30))
    seen: set[float] = set()
    while len(seen) < 30:
        seen |= set(take(sampler)[:, :, 0].ravel().tolist())
    assert seen == set(range(FIRST_TAUGHT, FIRST_TAUGHT + 30))


def test_a_server_without_the_table_takes_no_demonstrations(make_server: MakeServer) -> None:
    server = make_server()
    writer = ReplayWriter(server.port, names=DEMONSTRATIONS)
    assert writer.state() is None
    with pytest.raises(ReplayError, match='no replay table is ready'):
        writer.insert(number_rows(0, 1))
    assert (server.counts(), server.demonstrated) == ((0, 0), 0)


def test_demonstrations_never_reach_another_run(make_server: MakeServer) -> None:
    server = both(make_server, run='1:3')
    with pytest.raises(ConfigurationError, match='a learner of another run'):
        ReplayWriter(server.port, '1:2', DEMONSTRATIONS).insert(number_rows(0, 1))
    assert server.demonstrated == 0


class Fed:
    """A journal with numbers missing, and the second table that is fed from it."""

    def __init__(self, folder: Path) -> None:
        """Start without a server."""
        self.port, self.folder = free_port(), folder
        self.journal = Journal(folder, SPACES.fingerprint, JournalSettings(file_bytes=3000))
        self._feed()

    def _feed(self) -> None:
        """Start a feeder."""
        rows = JournalRows(self.folder, lambda: self.journal.written, LAYOUT, n_step=1, gamma=0.9)
        writer = ReplayWriter(self.port, 'a', DEMONSTRATIONS)
        self.feeder = ReplayFeeder(rows, writer, pad_after_s=0.0)

    def restart_bridge(self) -> None:
        """Start journal and feeder again."""
        self.journal.close()
        self.journal = Journal(self.folder, SPACES.fingerprint, JournalSettings(file_bytes=3000))
        self._feed()

    def write(self, first: int, count: int) -> None:
        """Append rows."""
        self.journal.append([encode(make_batch(first, count))], count, {})

    def feed(self) -> None:
        """Feed until nothing is left; a server that was replaced costs a try."""
        for _ in range(4):
            try:
                while self.feeder.feed():
                    pass
            except ReplayError:
                self.feeder._server = ''
            else:
                return
        raise AssertionError('the feeder does not reach the server')

    def serve(self, make_server: MakeServer, start: ReplayStart, capacity: int) -> ReplayServer:
        """Start a server."""
        return make_server(
            port=self.port, width=LAYOUT.width, run='a', capacity=capacity, demonstrations=start
        )


def rewards_in(server: ReplayServer) -> list[float]:
    """Return the rewards of all demonstrations, sorted."""
    assert server.demonstrations is not None
    sampler = ReplaySampler(
        server.demonstrations, width=LAYOUT.width, batch_size=100, updates_per_block=40
    )
    block = take(sampler)
    sampler.stop()
    rows = np.unique(block.reshape(-1, LAYOUT.width), axis=0)
    rewards: list[float] = LAYOUT.unpack(rows).reward.tolist()
    return sorted(rewards)


def test_the_table_is_refilled_after_restarts(tmp_path: Path, make_server: MakeServer) -> None:
    """Of bridge and learner; each row is there once, numbers may be missing between them."""
    fed = Fed(tmp_path)
    server = fed.serve(make_server, ReplayStart(), 64)
    fed.write(2, 10)
    fed.write(30, 7)
    fed.feed()
    assert (server.demonstrated, server.counts()) == (17, (0, 0))
    fed.restart_bridge()
    fed.write(50, 3)
    fed.feed()
    expected = [*range(2, 12), *range(30, 37), *range(50, 53)]
    assert server.demonstrated == 20
    assert rewards_in(server) == expected
    server.stop()
    server = fed.serve(make_server, ReplayStart(0, 20), 64)
    fed.write(60, 5)
    fed.feed()
    assert server.demonstrated == 25
    assert rewards_in(server) == [*expected, *range(60, 65)]
    fed.journal.close()


def test_a_refill_takes_the_newest(tmp_path: Path, make_server: MakeServer) -> None:
    """40 rows with a capacity of 16 begin at the 25th."""
    fed = Fed(tmp_path)
    fed.write(1, 40)
    server = fed.serve(make_server, ReplayStart(24, 40), 16)
    fed.feed()
    assert rewards_in(server) == list(range(25, 41))
    fed.journal.close()
