# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An event that a signal handler may set."""

import contextlib
import select
import signal
import socket
import threading
from types import FrameType


class SignalSafeEvent(threading.Event):
    """An event without a lock, because a handler may interrupt the main thread anywhere.

    With the lock of an ordinary event the main thread would deadlock if a signal arrived while it
    sets the event or starts to wait for it.
    """

    def __init__(self) -> None:
        """Start unset."""
        super().__init__()
        self._is_set = False
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Wake all waiting threads; the event stays set."""
        self._is_set = True
        with contextlib.suppress(BlockingIOError):  # earlier bytes already wake them
            self._waker.send(b'.')

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most `timeout` seconds; return whether it is."""
        if not self._is_set:
            poll = select.poll()
            poll.register(self._woken, select.POLLIN)
            poll.poll(None if timeout is None else max(0.0, 1000.0 * timeout))
        return self._is_set

    def clear(self) -> None:
        """Raise RuntimeError, because a stop is final."""
        raise RuntimeError('clear: this event stays set')


def set_by_signals(event: SignalSafeEvent, *numbers: signal.Signals) -> None:
    """Set an event whenever one of these signals arrives."""

    def handler(number: int, frame: FrameType | None) -> None:
        event.set()

    for number in numbers:
        signal.signal(number, handler)
