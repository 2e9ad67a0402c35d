# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Whether a TCP port is free; gRPC itself would share it with whoever has it."""

import errno
import socket


def free_port(wanted: int = 0) -> int:
    """Return the wanted port, or for 0 any, if nothing on this machine listens on it.

    Raises:
        OSError: something does, or it cannot be had.
        OverflowError: there is no such port.
    """
    with _probe() as probe:
        # closed connections of a server before this one linger for a minute; they do no harm
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('', wanted))  # all addresses of its family
        return int(probe.getsockname()[1])


def _probe() -> socket.socket:
    """Return a socket for IPv4 and IPv6, for IPv4 alone where the kernel has no other."""
    try:
        probe = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return probe
