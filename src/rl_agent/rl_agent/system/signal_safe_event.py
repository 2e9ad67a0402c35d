# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An event that a signal handler may set."""

import contextlib
import select
import signal
import socket
import threading
from types import FrameType


class SignalSafeEvent(threading.Event):
    """Holds no lock: a handler runs on the main thread, whatever that is doing.

    With the lock of an ordinary event the main thread would wait for itself, where a signal comes
    while it sets the event or begins to wait for it.
    """

    def __init__(self) -> None:
        """Begin unset."""
        super().__init__()
        self._is_set = False
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Let all who wait go on, for good."""
        self._is_set = True
        with contextlib.suppress(BlockingIOError):  # they are woken by what is there already
            self._waker.send(b'.')

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most for `timeout` seconds; return whether it is."""
        if not self._is_set:
            poll = select.poll()
            poll.register(self._woken, select.POLLIN)
            poll.poll(None if timeout is None else max(0.0, 1000.0 * timeout))
        return self._is_set

    def clear(self) -> None:
        """Refuse: whoever was told to stop does not go on."""
        raise RuntimeError('clear: this event stays set')


def set_by_signals(event: SignalSafeEvent, *numbers: signal.Signals) -> None:
    """Let signals set an event, however often they come."""

    def handler(number: int, frame: FrameType | None) -> None:
        event.set()

    for number in numbers:
        signal.signal(number, handler)
