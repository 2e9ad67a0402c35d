# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Server, writer and sampler together, with a real Reverb."""

from collections.abc import Callable, Iterator
import socket
import subprocess
import sys
import threading
from typing import Any

from addresses import has_ipv6
import numpy as np
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.errors import ConfigurationError, ReplayError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

TIMEOUT_S = 30.0
# Waiting time for what must not happen; on a slow machine a fault may be missed, never invented.
GLANCE_S = 0.3
WIDTH = 6
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
MakeServer = Callable[..., ReplayServer]
MakeSampler = Callable[..., ReplaySampler]


def number_rows(first: int, count: int) -> Float32Array:
    """Return rows whose first value is their number."""
    rows = np.ones((count, WIDTH), np.float32)
    rows[:, 0] = np.arange(first, first + count)
    return rows


def fetchers() -> list[threading.Thread]:
    """Return the running sampler threads."""
    return [thread for thread in threading.enumerate() if thread.name == 'replay sampler']


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    """Return a function that starts servers, which are stopped after the test."""
    servers: list[ReplayServer] = []

    def make(**changes: Any) -> ReplayServer:
        settings = {
            'port': free_port(),
            'width': WIDTH,
            'capacity': 1000,
            'samples_per_insert': 1e6,
            'warmup': 0,
        }
        servers.append(ReplayServer(**{**settings, **changes}))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def make_sampler(make_server: MakeServer) -> Iterator[MakeSampler]:
    """Return a function that starts samplers, which are stopped before their servers."""
    del make_server  # requested so that servers are stopped after the samplers
    samplers: list[ReplaySampler] = []

    def make(server: ReplayServer, *, batch_size: int, updates_per_block: int) -> ReplaySampler:
        samplers.append(
            ReplaySampler(
                server, width=WIDTH, batch_size=batch_size, updates_per_block=updates_per_block
            )
        )
        return samplers[-1]

    yield make
    for sampler in samplers:
        sampler.stop()


def take(sampler: ReplaySampler) -> Float32Array:
    block = sampler.next_block(TIMEOUT_S)
    assert block is not None
    return block


def test_inserted_rows_are_counted(make_server: MakeServer) -> None:
    """In several flushes, by two writers, with and without padding, and beyond the capacity."""
    server = make_server(capacity=3 * ROWS_PER_ITEM)
    assert (server.inserted, server.size) == (0, 0)
    writer = ReplayWriter(server.port)
    writer.insert(number_rows(0, 1))
    assert (server.inserted, server.size) == (1, 1)
    writer.insert(number_rows(1, 37))
    assert (server.inserted, server.size) == (38, 38)
    ReplayWriter(server.port).insert(number_rows(38, 4 * ROWS_PER_ITEM))
    total = 38 + 4 * ROWS_PER_ITEM
    assert (server.inserted, server.size) == (total, 3 * ROWS_PER_ITEM)
    writer.insert(number_rows(0, 0))
    assert server.inserted == total


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


def test_oldest_rows_are_removed_first(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    server = make_server(capacity=2 * ROWS_PER_ITEM)
    count = 4 * ROWS_PER_ITEM
    ReplayWriter(server.port).insert(number_rows(0, count))
    sampler = make_sampler(server, batch_size=100, updates_per_block=10)
    seen = set(np.concatenate([take(sampler)[:, :, 0].ravel() for _ in range(5)]).tolist())
    assert seen == set(range(count // 2, count))


def test_samples_are_limited_by_insertions(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """`samples_per_insert * (inserts - warmup)`: 4 x (13 - 10) samples are two blocks of 6."""
    server = make_server(samples_per_insert=4.0, warmup=10)
    writer = ReplayWriter(server.port)
    sampler = make_sampler(server, batch_size=2, updates_per_block=3)
    writer.insert(number_rows(0, 10))
    assert sampler.next_block(GLANCE_S) is None
    writer.insert(number_rows(10, 3))
    assert count_blocks(sampler, 2) == 2
    writer.insert(number_rows(13, 3))
    assert count_blocks(sampler, 2) == 2
    # 4 x 5 x ROWS_PER_ITEM samples more, from whole and from padded items
    writer.insert(number_rows(16, 2 * ROWS_PER_ITEM))
    for number in range(3 * ROWS_PER_ITEM):
        if number % 6 == 0:
            writer.insert(number_rows(number, 6))
    assert count_blocks(sampler, 4 * 5 * ROWS_PER_ITEM // 6) == 4 * 5 * ROWS_PER_ITEM // 6


def count_blocks(sampler: ReplaySampler, expected: int) -> int:
    """Return the number of blocks that arrive: waits for `expected`, then tries one more."""
    for _ in range(expected):
        take(sampler)
    return expected + (sampler.next_block(GLANCE_S) is not None)


def test_less_than_one_sample_per_insertion(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """For fleets with more data than needed: 1/8 x 32 insertions are one block of 4."""
    server = make_server(samples_per_insert=0.125)
    sampler = make_sampler(server, batch_size=4, updates_per_block=1)
    writer = ReplayWriter(server.port)
    writer.insert(number_rows(0, 31))
    assert sampler.next_block(GLANCE_S) is None
    writer.insert(number_rows(31, 1))
    assert count_blocks(sampler, 1) == 1


def test_inserting_never_waits(make_server: MakeServer) -> None:
    """Without a sampler, while the table overflows twice and 512,000 samples become due."""
    capacity = 40 * ROWS_PER_ITEM
    server = make_server(capacity=capacity, samples_per_insert=256.0, warmup=5)
    ReplayWriter(server.port).insert(number_rows(0, 2000), timeout_s=TIMEOUT_S)
    assert (server.inserted, server.size) == (2000, capacity)


def test_port_in_use_is_rejected_in_one_line(make_server: MakeServer) -> None:
    """Two Reverb servers would otherwise share the port, each with a part of the connections."""
    server = make_server()
    with pytest.raises(ReplayError) as caught:
        make_server(port=server.port)
    assert str(caught.value) == (
        f'replay_port: given {server.port}: Address already in use; accepted: a free TCP port'
    )


@pytest.mark.parametrize(
    ('family', 'address'),
    [(socket.AF_INET, '127.0.0.1'), (socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')],
)
def test_port_in_use_by_another_program_is_rejected(
    make_server: MakeServer, family: socket.AddressFamily, address: str
) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip('no IPv6 on this machine')
    with socket.socket(family, socket.SOCK_STREAM) as other:
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ReplayError, match=f'replay_port: given {port}: .*in use'):
            make_server(port=port)


def test_port_is_free_immediately_after_a_stop(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """A restarted learner gets its port although old connections are still being closed."""
    port = free_port()
    for _ in range(2):
        server = make_server(port=port)
        ReplayWriter(port).insert(number_rows(0, 20))
        sampler = make_sampler(server, batch_size=2, updates_per_block=1)
        take(sampler)
        # a connection that the server closes first stays in the kernel (TIME_WAIT) for a minute
        with socket.create_connection(('localhost', port)) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.sendall(b'not a client of yours\r\n\r\n' * 10)
            while connection.recv(1000):
                pass
        sampler.stop()
        server.stop()


def test_writer_without_a_server_raises(make_server: MakeServer) -> None:
    """And works as soon as there is one."""
    port = free_port()
    writer = ReplayWriter(port)
    assert not writer.is_ready()
    with pytest.raises(ReplayError, match=f'Reverb on port {port}: '):
        writer.insert(number_rows(0, 1), timeout_s=0.5)
    server = make_server(port=port)
    assert writer.is_ready(timeout_s=10)
    writer.insert(number_rows(0, 3))
    assert server.inserted == 3


def test_writer_works_with_a_restarted_server(make_server: MakeServer) -> None:
    """After a learner's restart, the same writer reaches the new server."""
    port = free_port()
    server = make_server(port=port)
    writer = ReplayWriter(port)
    writer.insert(number_rows(0, 2))
    server.stop()
    with pytest.raises(ReplayError):
        writer.insert(number_rows(2, 1), timeout_s=0.5)
    server = make_server(port=port)
    assert writer.is_ready(timeout_s=10)
    writer.insert(number_rows(2, 3))
    assert server.inserted == 3


def test_server_of_a_run_accepts_rows_of_that_run_only(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """Writers of other runs can read the state but change nothing."""
    server = make_server(run='1:2')
    own = ReplayWriter(server.port, '1:2')
    own.insert(number_rows(0, ROWS_PER_ITEM + 3))
    before = own.state()
    assert before is not None
    assert before.run == '1:2'
    for other in (ReplayWriter(server.port, '1:3'), ReplayWriter(server.port)):
        assert other.state() == before
        message = f'replay_port: given {server.port}, where a learner of another run answers;'
        for attempt in (
            other.settled_state,
            other.reset,
            lambda other=other: other.insert(number_rows(0, 20)),
        ):
            with pytest.raises(ConfigurationError, match=f'{message} accepted: .* its own'):
                attempt()
    assert own.state() == before
    own.insert(number_rows(ROWS_PER_ITEM + 3, 1))
    sampler = make_sampler(server, batch_size=100, updates_per_block=10)
    assert set(np.unique(take(sampler)[:, :, 0])) == set(range(ROWS_PER_ITEM + 4))


def test_server_without_a_run_is_rejected(make_server: MakeServer) -> None:
    """A server of an older version may belong to any run."""
    server = make_server()
    writer = ReplayWriter(server.port, '1:2')
    with pytest.raises(ConfigurationError, match='where a learner of an older version answers'):
        writer.insert(number_rows(0, 1))
    assert server.inserted == 0


def test_rows_of_the_wrong_width_are_rejected(make_server: MakeServer) -> None:
    server = make_server()
    writer = ReplayWriter(server.port)
    with pytest.raises(ReplayError, match=f'Reverb on port {server.port}'):
        writer.insert(np.ones((1, WIDTH + 1), np.float32), timeout_s=2.0)
    assert server.inserted == 0
    writer.insert(number_rows(0, 1))
    assert server.inserted == 1


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
