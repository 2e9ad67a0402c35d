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

"""The server with a real Reverb: counts, capacity, allowance and ports."""

import socket

from addresses import has_ipv6
import numpy as np
import pytest
from replay_servers import (
    GLANCE_S,
    MakeSampler,
    MakeServer,
    number_rows,
    take,
    TIMEOUT_S,
)
from rl_agent.errors import ReplayError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port


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
