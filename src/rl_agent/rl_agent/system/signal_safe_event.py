# Copyright 2026 The rl_agent authors
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

"""An event that a signal handler may set."""

import contextlib
import math
import select
import signal
import socket
import threading
import time
from types import FrameType
from typing import ClassVar


class SignalSafeEvent(threading.Event):
    """An event without a lock, because a handler may interrupt the main thread anywhere.

    With the lock of an ordinary event the main thread would deadlock if a signal arrived while it
    sets the event or starts to wait for it.

    Python runs a handler between two bytecodes, so a signal that arrives just before the system
    call of `wait` would be handled only when that returns. `set_by_signals` therefore lets the
    signal itself write to the socket that `wait` polls.
    """

    # lives as long as signals write to its socket
    _woken_by_signals: 'ClassVar[SignalSafeEvent | None]' = None

    def __init__(self) -> None:
        """Start unset."""
        super().__init__()
        self._is_set = False
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Wake all waiting threads; the event stays set."""
        self._is_set = True
        self._wake()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most `timeout` seconds; return whether it is."""
        deadline_s = math.inf if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        while not self._is_set:
            left_s = deadline_s - time.monotonic()
            if not poll.poll(None if left_s == math.inf else 1000.0 * max(0.0, left_s)):
                break
            if not self._is_set:
                self._drain()
        return self._is_set

    def wake_on_signals(self) -> None:
        """Let every signal that has a handler wake all waiting threads; main thread only."""
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        SignalSafeEvent._woken_by_signals = self

    def _wake(self) -> None:
        """Make the socket readable."""
        with contextlib.suppress(BlockingIOError):  # earlier bytes already wake them
            self._waker.send(b'.')

    def _drain(self) -> None:
        """Remove the bytes of signals that set nothing; other threads may be waiting, too."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        if self._is_set:  # its byte may have been among them
            self._wake()

    def clear(self) -> None:
        """Raise RuntimeError, because a stop is final."""
        raise RuntimeError('clear: this event stays set')


def set_by_signals(event: SignalSafeEvent, *numbers: signal.Signals) -> None:
    """Set an event whenever one of these signals arrives."""

    def handler(number: int, frame: FrameType | None) -> None:
        event.set()

    event.wake_on_signals()
    for number in numbers:
        signal.signal(number, handler)
