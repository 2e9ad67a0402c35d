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

"""Free TCP ports: checked here, because gRPC would share a port that is in use."""

import errno
import socket


def free_port(wanted: int = 0) -> int:
    """Return the wanted port, or any for 0, if nothing on this machine listens on it.

    Raises:
        OSError: the port is in use or not available.
        OverflowError: there is no such port.
    """
    with _probe() as probe:
        # closed connections of an earlier server linger for a minute and do no harm
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('', wanted))  # on all addresses of its family
        return int(probe.getsockname()[1])


def _probe() -> socket.socket:
    """Return a socket for IPv4 and IPv6, or only IPv4 if the kernel has no IPv6."""
    try:
        probe = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return probe
