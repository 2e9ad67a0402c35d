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

"""A port in use is not free, whether or not the kernel has IPv6."""

from collections.abc import Callable
import errno
import os
import socket

import pytest
from rl_learner.system.ports import free_port


def refusal_of_ipv6(number: int) -> Callable[[int, int], socket.socket]:
    """Return a `socket.socket` that refuses IPv6 with this error."""
    make = socket.socket

    def refuse(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(number, os.strerror(number))
        return make(family, kind)

    return refuse


def test_a_free_port_is_found() -> None:
    port = free_port()
    assert port >= 1024
    assert free_port(port) == port


@pytest.mark.parametrize('address', ['127.0.0.1', '0.0.0.0'])
def test_a_kernel_without_ipv6(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """As with `ipv6.disable=1`: only IPv4 ports are checked."""
    with socket.create_server((address, 0)) as other:
        used = other.getsockname()[1]
        monkeypatch.setattr(socket, 'socket', refusal_of_ipv6(errno.EAFNOSUPPORT))
        port = free_port()
        assert port not in (0, used)
        assert free_port(port) == port
        with pytest.raises(OSError, match='Address already in use'):
            free_port(used)


def test_other_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, 'socket', refusal_of_ipv6(errno.EMFILE))
    with pytest.raises(OSError, match='Too many open files'):
        free_port()
