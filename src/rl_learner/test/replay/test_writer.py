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

"""The writer with a real Reverb: missing and restarted servers, servers of other runs."""

import numpy as np
import pytest
from replay_servers import MakeSampler, MakeServer, number_rows, take, WIDTH
from rl_agent.errors import ConfigurationError, ReplayError
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port


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
