# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Server, writer and sampler against each other, with a real Reverb."""

from collections.abc import Callable, Iterator
import socket
import subprocess
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.errors import ReplayError
from rl_learner.ports import free_port
from rl_learner.replay_sampler import ReplaySampler
from rl_learner.replay_server import ReplayServer, TABLE
from rl_learner.replay_writer import ReplayWriter
from rl_learner.reverb_quietly import reverb

TIMEOUT_S = 30.0
# A wait for what must not happen. On a slow machine it could only miss a fault, never make one up.
GLANCE_S = 0.3
WIDTH = 6
WAITING = """
import sys
import numpy
from rl_learner.replay_sampler import ReplaySampler
from rl_learner.replay_server import ReplayServer
from rl_learner.replay_writer import ReplayWriter
port = int(sys.argv[1])
server = ReplayServer(port, width=6, capacity=100, samples_per_insert=1.0, warmup=100)
ReplayWriter(port).insert(numpy.zeros((10, 6), numpy.float32))
sampler = ReplaySampler(port, width=6, batch_size=5, updates_per_block=1)
assert sampler.next_block(0.5) is None
sampler.stop()
server.stop()
print('stopped', flush=True)
"""
Rows = NDArray[np.float32]
MakeServer = Callable[..., ReplayServer]
MakeSampler = Callable[..., ReplaySampler]


def number_rows(first: int, count: int) -> Rows:
    """Return rows whose first number tells them apart."""
    rows = np.zeros((count, WIDTH), np.float32)
    rows[:, 0] = np.arange(first, first + count)
    return rows


def fetchers() -> list[threading.Thread]:
    """Return the threads that fetch from replay now."""
    return [thread for thread in threading.enumerate() if thread.name == 'replay sampler']


def count_samples(server: ReplayServer) -> int:
    """Return how many samples the server has let out, by its own count."""
    info: Any = reverb.Client(f'localhost:{server.port}').server_info(timeout=10)[TABLE]
    return int(info.rate_limiter_info.sample_stats.completed)


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    """Return a function that starts servers, which end with the test."""
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
    """Return a function that starts samplers, which end with the test, before their servers."""
    del make_server  # asked for so that it ends later
    samplers: list[ReplaySampler] = []

    def make(port: int, *, batch_size: int, updates_per_block: int) -> ReplaySampler:
        samplers.append(
            ReplaySampler(
                port, width=WIDTH, batch_size=batch_size, updates_per_block=updates_per_block
            )
        )
        return samplers[-1]

    yield make
    for sampler in samplers:
        sampler.stop()


def take(sampler: ReplaySampler) -> Rows:
    block = sampler.next_block(TIMEOUT_S)
    assert block is not None
    return block


def test_what_is_inserted_is_counted(make_server: MakeServer) -> None:
    """Also in more than one flush, by two writers, and beyond the capacity."""
    server = make_server(capacity=50)
    assert (server.inserted, server.size) == (0, 0)
    writer = ReplayWriter(server.port)
    writer.insert(number_rows(0, 1))
    assert (server.inserted, server.size) == (1, 1)
    writer.insert(number_rows(1, 37))
    assert (server.inserted, server.size) == (38, 38)
    ReplayWriter(server.port).insert(number_rows(38, 62))
    assert (server.inserted, server.size) == (100, 50)
    writer.insert(number_rows(0, 0))
    assert server.inserted == 100


def test_rows_come_back_bit_for_bit(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    """Random bits: NaN with payloads, infinities, denormals and -0 among them."""
    random = np.random.default_rng(1)
    rows = np.frombuffer(random.bytes(40 * WIDTH * 4), np.float32).reshape(40, WIDTH).copy()
    special = np.array([0x7FC12345, 0xFF800000, 0x80000000, 0x00000001, 0x7F7FFFFF], np.uint32)
    rows[0, :5] = special.view(np.float32)
    rows[:, 5] = np.arange(40)
    server = make_server()
    ReplayWriter(server.port).insert(rows)
    sampler = make_sampler(server.port, batch_size=10, updates_per_block=5)
    seen: set[int] = set()
    while len(seen) < 40:
        for row in take(sampler).reshape(-1, WIDTH):
            number = int(row[5])
            assert row.tobytes() == rows[number].tobytes()
            seen.add(number)


def test_blocks_have_their_shape(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 5))
    block = take(make_sampler(server.port, batch_size=7, updates_per_block=3))
    assert block.shape == (3, 7, WIDTH)
    assert block.dtype == np.float32
    assert block.flags.c_contiguous


def test_sampling_is_uniform(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    """Pearson's chi-square over 40 rows, 16,000 draws, with replacement.

    With 39 degrees of freedom a fair sampler exceeds 120 once in 1e9 runs. One that draws a row
    twice as often as the others gets about 390.
    """
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 40))
    sampler = make_sampler(server.port, batch_size=100, updates_per_block=20)
    drawn = np.concatenate([take(sampler)[:, :, 0].ravel() for _ in range(8)]).astype(int)
    counts = np.bincount(drawn, minlength=40)
    assert counts.sum() == 16_000
    assert float(np.sum((counts - 400.0) ** 2) / 400.0) < 120.0


def test_the_oldest_rows_go_first(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    server = make_server(capacity=20)
    ReplayWriter(server.port).insert(number_rows(0, 50))
    sampler = make_sampler(server.port, batch_size=100, updates_per_block=10)
    # each of the 20 rows is missing from 1000 draws with a chance of 1e-22
    assert set(take(sampler)[:, :, 0].ravel().tolist()) == set(range(30, 50))


def test_so_many_samples_for_each_insertion_and_no_more(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """`samples_per_insert * (inserts - warmup)`: 4 x (13 - 10) are two blocks of 6."""
    server = make_server(samples_per_insert=4.0, warmup=10)
    writer = ReplayWriter(server.port)
    sampler = make_sampler(server.port, batch_size=2, updates_per_block=3)
    writer.insert(number_rows(0, 10))
    assert sampler.next_block(GLANCE_S) is None
    assert count_samples(server) == 0
    writer.insert(number_rows(10, 3))
    for _ in range(2):
        take(sampler)
    assert sampler.next_block(GLANCE_S) is None
    assert count_samples(server) == 12
    writer.insert(number_rows(13, 3))
    for _ in range(2):
        take(sampler)
    assert sampler.next_block(GLANCE_S) is None
    assert count_samples(server) == 24


def test_less_than_one_sample_for_an_insertion(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """A fleet with data to spare: 1/8 x 32 insertions are one block of 4."""
    server = make_server(samples_per_insert=0.125)
    sampler = make_sampler(server.port, batch_size=4, updates_per_block=1)
    writer = ReplayWriter(server.port)
    writer.insert(number_rows(0, 31))
    assert sampler.next_block(GLANCE_S) is None
    writer.insert(number_rows(31, 1))
    take(sampler)
    assert sampler.next_block(GLANCE_S) is None
    assert count_samples(server) == 4


def test_inserting_never_waits(make_server: MakeServer) -> None:
    """Nobody samples, the table overflows twice, and the limiter would owe 512,000 samples."""
    server = make_server(capacity=700, samples_per_insert=256.0, warmup=5)
    ReplayWriter(server.port).insert(number_rows(0, 2000), timeout_s=TIMEOUT_S)
    assert (server.inserted, server.size) == (2000, 700)
    assert count_samples(server) == 0


def test_a_port_in_use_is_refused_in_one_line(make_server: MakeServer) -> None:
    """Reverb's own servers would share the port, and each robot would reach one of them."""
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
def test_a_port_in_use_by_another_program_is_refused(
    make_server: MakeServer, family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as other:
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ReplayError, match=f'replay_port: given {port}: .*in use'):
            make_server(port=port)


def test_a_port_is_free_again_at_once(make_server: MakeServer, make_sampler: MakeSampler) -> None:
    """A learner that is started again has its port, though connections of the last one linger."""
    port = free_port()
    for _ in range(2):
        server = make_server(port=port)
        ReplayWriter(port).insert(number_rows(0, 20))
        sampler = make_sampler(port, batch_size=2, updates_per_block=1)
        take(sampler)
        # a connection that the server closes first stays in the kernel for a minute
        with socket.create_connection(('localhost', port)) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.sendall(b'not a client of yours\r\n\r\n' * 10)
            while connection.recv(1000):
                pass
        sampler.stop()
        server.stop()


def test_a_writer_without_a_server_says_so(make_server: MakeServer) -> None:
    """And goes on as soon as there is one."""
    port = free_port()
    writer = ReplayWriter(port)
    assert not writer.is_ready()
    with pytest.raises(ReplayError, match=f'Reverb on port {port}: '):
        writer.insert(number_rows(0, 1), timeout_s=0.5)
    server = make_server(port=port)
    assert writer.is_ready(timeout_s=10)
    writer.insert(number_rows(0, 3))
    assert server.inserted == 3


def test_a_writer_outlives_its_server(make_server: MakeServer) -> None:
    """The learner was started again: the same writer reaches the new server."""
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


def test_rows_of_a_wrong_width_are_refused(make_server: MakeServer) -> None:
    server = make_server()
    writer = ReplayWriter(server.port)
    with pytest.raises(ReplayError, match=f'Reverb on port {server.port}'):
        writer.insert(np.zeros((1, WIDTH + 1), np.float32), timeout_s=2.0)
    assert server.inserted == 0
    writer.insert(number_rows(0, 1))
    assert server.inserted == 1


def wait_until_ended(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def test_a_sampler_with_full_hands_stops(
    make_server: MakeServer, make_sampler: MakeSampler
) -> None:
    """Nobody takes its blocks; the server goes on."""
    before = fetchers()
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 10))
    sampler = make_sampler(server.port, batch_size=5, updates_per_block=1)
    threads = [thread for thread in fetchers() if thread not in before]
    assert len(threads) == 1
    take(sampler)
    sampler.stop()
    wait_until_ended(threads)


def test_a_process_whose_sampler_waits_ends() -> None:
    """Without an error or a crash, although nobody lets the sampler's thread go."""
    result = subprocess.run(
        [sys.executable, '-c', WAITING, str(free_port())],
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, 'stopped\n')
    assert 'Traceback' not in result.stderr


def test_a_sampler_that_cannot_read_the_table_says_so(make_server: MakeServer) -> None:
    server = make_server()
    ReplayWriter(server.port).insert(number_rows(0, 20))
    sampler = ReplaySampler(server.port, width=WIDTH + 1, batch_size=2, updates_per_block=1)
    with pytest.raises(ReplayError, match=f'Reverb on port {server.port}: '):
        sampler.next_block(TIMEOUT_S)
    sampler.stop()
