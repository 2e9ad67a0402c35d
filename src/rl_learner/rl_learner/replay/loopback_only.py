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

"""Make a server of this process unreachable from other machines (Linux)."""

from pathlib import Path
import socket


def bind_to_loopback(port: int) -> int:
    """Bind this process's listening TCP sockets on a port to the loopback interface.

    For servers that cannot be given an address to bind to. Open connections are kept.

    Returns:
        The number of sockets bound.

    Raises:
        OSError: the kernel does not permit it, or the system is not Linux.
    """
    bound = 0
    try:
        descriptors = [int(path.name) for path in Path('/proc/self/fd').iterdir()]
    except FileNotFoundError as error:
        raise OSError('there is no /proc/self/fd') from error
    for descriptor in descriptors:
        try:
            candidate = socket.socket(fileno=descriptor)
        except OSError:
            continue  # not a socket, or closed in the meantime
        try:
            if _listens_on(candidate, port):
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo\0')
                bound += 1
        finally:
            # Detach, because the server owns the descriptor. A duplicate would keep the socket in
            # the server's epoll set, and gRPC aborts on events of a connection that it has closed.
            candidate.detach()
    return bound


def _listens_on(sock: socket.socket, port: int) -> bool:
    """Return whether a socket listens on a TCP port."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return False
    listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return bool(listening) and sock.getsockname()[1] == port
