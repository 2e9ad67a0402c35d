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

"""Only sockets listening on the port are bound; test_network_faults.py tries to connect."""

import logging
import socket

from addresses import has_ipv6
import numpy as np
import pytest
from rl_learner.replay.loopback_only import bind_to_loopback
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

_BOUND_DEVICE_SIZE = 16


def bound_device(sock: socket.socket) -> bytes:
    """Return the name of the interface that a socket is bound to."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _BOUND_DEVICE_SIZE)


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 on this machine')
def test_only_listening_sockets_of_the_port_are_bound() -> None:
    with (
        socket.create_server(('127.0.0.1', 0)) as wanted,
        socket.create_server(('127.0.0.1', 0)) as other,
    ):
        port = wanted.getsockname()[1]
        with socket.create_server(('::1', port), family=socket.AF_INET6) as by_ipv6:
            try:
                assert bind_to_loopback(port) == 2
            except PermissionError:
                pytest.skip('on this kernel only root can bind a socket to a device')
            assert [bound_device(sock)[:2] for sock in (wanted, by_ipv6)] == [b'lo', b'lo']
        assert bound_device(other)[:2] != b'lo'
        socket.create_connection(('127.0.0.1', port)).close()


def test_reachable_server_logs_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(port: int) -> int:
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr('rl_learner.replay.server.bind_to_loopback', fail)
    port = free_port()
    with caplog.at_level(logging.WARNING):
        server = ReplayServer(port, width=2, capacity=10, samples_per_insert=1.0, warmup=0)
    assert [record.getMessage() for record in caplog.records] == [
        f'Reverb on port {port} can be reached from other machines: [Errno 1] Operation not'
        ' permitted; accepted: a firewall for that port, or Linux with the capability'
        ' CAP_NET_RAW'
    ]
    ReplayWriter(port).insert(np.ones((1, 2), np.float32))
    assert server.inserted == 1
    server.stop()
