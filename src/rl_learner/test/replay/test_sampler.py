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

"""The sampler with a real Reverb: blocks, uniform draws, stopping."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from replay_servers import (
    MakeSampler,
    MakeServer,
    number_rows,
    take,
    TIMEOUT_S,
    WIDTH,
)
from rl_agent.errors import ReplayError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayStart
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

WAITING = """
import sys
import numpy
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
port = int(sys.argv[1])
server = ReplayServer(port, width=6, capacity=100, samples_per_insert=1.0, warmup=0)
ReplayWriter(port).insert(numpy.ones((100, 6), numpy.float32))
waiting = ReplaySampler(server, width=6, batch_size=1000, updates_per_block=1)
drawing = ReplaySampler(server, width=6, batch_size=100, updates_per_block=1)
assert drawing.next_block(30.0) is not None
assert waiting.next_block(0.1) is None
waiting.stop()
drawing.stop()
server.stop()
print('stopped', flush=True)
"""


def fetchers() -> list[threading.Thread]:
    """Return the running sampler threads."""
    return [thread for thread in threading.enumerate() if thread.name == 'replay sampler']


def test_rows_are_returned_bit_for_bit(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    """Random bits, including NaN with payloads, infinities, denormals and -0.

    The last value is never 0 because it is a number of steps.
    """
    random = np.random.default_rng(1)
    rows = np.frombuffer(random.bytes(40 * WIDTH * 4), np.float32).reshape(40, WIDTH).copy()
    special = np.array([0x7FC12345, 0xFF800000, 0x80000000, 0x00000001, 0x7F7FFFFF], np.uint32)
    rows[0, :5] = special.view(np.float32)
    rows[:, 5] = np.arange(1, 41)
    server = make_server()
    ReplayWriter(server.port).insert(rows)
    sampler = make_sampler(server, batch_size=10, updates_per_block=5)
    seen: set[int] = set()
    while len(seen) < 40:
        for row in take(sampler).reshape(-1, WIDTH):
            number = int(row[5]) - 1
            assert row.tobytes() == rows[number].tobytes()
            seen.add(number)


def test_blocks_have_their_shape(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 5))
    block = take(make_sampler(server, batch_size=7, updates_per_block=3))
    assert block.shape == (3, 7, WIDTH)
    assert block.dtype == np.float32
    assert block.flags.c_contiguous


def test_sampling_is_uniform_over_items(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """Pearson's chi-square over 30 items, some of them padded, each drawn about 8,000 times.

    With 29 degrees of freedom a fair sampler exceeds 110 once in 1e10 runs. Draws of an item are
    counted by its rows; rows waiting in the pool make the counts slightly more even.
    """
    server = make_server()
    writer = ReplayWriter(server.port)
    sizes = [ROWS_PER_ITEM, 3, ROWS_PER_ITEM, 1, ROWS_PER_ITEM - 1, ROWS_PER_ITEM] * 5
    first = 0
    for size in sizes:
        writer.insert(number_rows(first, size))
        first += size
    sampler = make_sampler(server, batch_size=128, updates_per_block=20)
    total = 8000 * first // len(sizes)
    drawn = [take(sampler)[:, :, 0].ravel() for _ in range(total // 2560 + 1)]
    counts = np.bincount(np.concatenate(drawn).astype(int), minlength=first)
    items = np.repeat(np.arange(len(sizes)), sizes)
    per_item = np.bincount(items, counts) / sizes
    expected = counts.sum() / first
    assert float(np.sum((per_item - expected) ** 2) / expected) < 110.0


def test_sampling_is_uniform_over_positions_in_an_item(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """A uniform choice of items is a uniform choice of rows.

    Each position is drawn equally often except for the rows in the pool, which has up to 16,384
    rows: the binomial standard deviation for 1/16 of them is 31, and 8 deviations are allowed.
    """
    server = make_server()
    count = 20 * ROWS_PER_ITEM
    ReplayWriter(server.port).insert(number_rows(0, count))
    sampler = make_sampler(server, batch_size=128, updates_per_block=10)
    drawn = np.concatenate([take(sampler)[:, :, 0].ravel() for _ in range(40)]).astype(int)
    counts = np.bincount(drawn % ROWS_PER_ITEM, minlength=ROWS_PER_ITEM)
    assert np.abs(counts - len(drawn) / ROWS_PER_ITEM).max() < 8 * 31


def test_rows_of_an_item_are_separated(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    """Rows of an item are in the same update hardly more often than with single draws.

    From 40,000 rows, 32 single draws give 32 x 31 / 2 x 16 / 40,000 = 0.2 pairs of one item; the
    pool adds about one pair. Without the pool there would be 240.
    """
    server = make_server(capacity=40_000)
    ReplayWriter(server.port).insert(number_rows(0, 40_000))
    sampler = make_sampler(server, batch_size=32, updates_per_block=4)
    pairs = 0
    for _ in range(50):
        for update in take(sampler)[:, :, 0]:
            per_item = np.bincount((update // ROWS_PER_ITEM).astype(int))
            pairs += int(np.sum(per_item * (per_item - 1) // 2))
    assert pairs / 200 < 3.0


@pytest.mark.parametrize('allowed', [10.0, 1e6])
def test_stopped_sampler_has_no_thread(
    make_server: MakeServer, make_sampler: MakeSampler, allowed: float
) -> None:
    """A thread that returns from TensorFlow while Python exits would abort the process.

    The sampler waits for its allowance, or for its blocks to be taken; the server keeps running.
    """
    before = fetchers()
    server = make_server(samples_per_insert=1.0, start=ReplayStart(0, 0, allowed))
    ReplayWriter(server.port).insert(number_rows(0, 10))
    sampler = make_sampler(server, batch_size=5, updates_per_block=1)
    threads = [thread for thread in fetchers() if thread not in before]
    assert len(threads) == 1
    for _ in range(4):
        take(sampler)
    sampler.stop()
    assert not threads[0].is_alive()
    assert server.inserted == 10


def test_process_with_samplers_exits_cleanly() -> None:
    """One sampler has drawn nothing yet, the other has."""
    result = subprocess.run(
        [sys.executable, '-c', WAITING, str(free_port())],
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, 'stopped\n')
    assert 'Traceback' not in result.stderr


def test_sampler_that_cannot_read_the_table_raises(make_server: MakeServer) -> None:
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 20))
    sampler = ReplaySampler(server, width=WIDTH + 1, batch_size=2, updates_per_block=1)
    with pytest.raises(ReplayError, match=f'Reverb on port {server.port}: '):
        sampler.next_block(TIMEOUT_S)
    sampler.stop()
