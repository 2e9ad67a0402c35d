# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Whether a TCP port is free; gRPC itself would share it with whoever has it."""

import socket


def free_port(wanted: int = 0) -> int:
    """Return the wanted port, or for 0 any, if nothing on this machine listens on it.

    Raises:
        OSError: something does, or it cannot be had.
        OverflowError: there is no such port.
    """
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # closed connections of a server before this one linger for a minute; they do no harm
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('::', wanted))
        return int(probe.getsockname()[1])
