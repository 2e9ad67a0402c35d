# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Keeps a server of this process from being reached from other machines (Linux)."""

from pathlib import Path
import socket


def bind_to_loopback(port: int) -> int:
    """Bind this process's TCP sockets that listen on a port to the loopback interface.

    For servers that offer no address to bind to. Connections that exist stay.

    Returns:
        how many sockets there were.

    Raises:
        OSError: the kernel does not permit it, or is not Linux's.
    """
    bound = 0
    try:
        descriptors = [int(path.name) for path in Path('/proc/self/fd').iterdir()]
    except FileNotFoundError as error:
        raise OSError('there is no /proc/self/fd') from error
    for descriptor in descriptors:
        try:
            found = socket.socket(fileno=descriptor)
        except OSError:
            continue  # no socket, or closed meanwhile
        try:
            if _listens_on(found, port):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo\0')
                bound += 1
        finally:
            # neither closed nor duplicated: an epoll set keeps what has a duplicate, and its
            # owner aborts when it hears of a connection that it closed
            found.detach()
    return bound


def _listens_on(sock: socket.socket, port: int) -> bool:
    """Return whether a socket listens on a TCP port."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return False
    listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return bool(listening) and sock.getsockname()[1] == port
