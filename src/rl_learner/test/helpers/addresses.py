# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The addresses of this machine."""

import socket


def has_ipv6() -> bool:
    """Return whether sockets can be bound to an IPv6 address of this machine."""
    try:
        socket.create_server(('::1', 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
