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

"""Keeps a processor awake for the control thread with a thread that only spins.

An idle processor falls asleep. Waking it takes 50 us and more on a virtual machine, and then its
caches, branch predictors and clock frequency are cold: the time from observation to command
doubles. The price is the power of one busy processor.
"""

from collections.abc import Callable, Iterator
import contextlib
import ctypes
import os
import threading

_JOIN_TIMEOUT_S = 1.0


class AwakeProcessor:
    """Spins on a processor at the lowest priority until it is closed.

    The thread waits for a spin lock that is never released: a loop of a few instructions that is
    marked as a spin loop for the processor, uses no cache and does not hold the interpreter lock.
    """

    def __init__(self, cpu: int) -> None:
        """Begin to spin.

        Args:
            cpu: number of the processor.

        Raises:
            OSError: there is no such processor.
        """
        self._library = ctypes.CDLL(None)
        self._lock = ctypes.c_int()  # pthread_spinlock_t
        self._library.pthread_spin_init(ctypes.byref(self._lock), 0)
        self._library.pthread_spin_lock(ctypes.byref(self._lock))
        self._cpu, self._allowed_cpus = cpu, os.sched_getaffinity(os.getpid())
        self._started = threading.Event()
        self._errors: list[OSError] = []
        self._thread = threading.Thread(target=self._spin, name='awake', daemon=True)
        self._thread.start()
        self._started.wait()
        if self._errors:
            raise self._errors[0]

    def close(self) -> None:
        """End the thread, so that the processor may sleep."""
        self._library.pthread_spin_unlock(ctypes.byref(self._lock))
        assert self._thread.native_id is not None  # it was started
        with contextlib.suppress(OSError):  # so that it ends sooner, on a less busy processor
            os.sched_setaffinity(self._thread.native_id, self._allowed_cpus)
        self._thread.join(_JOIN_TIMEOUT_S)

    def _spin(self) -> None:
        """Spin; everything else that can run on the processor goes first."""
        try:
            os.sched_setaffinity(0, {self._cpu})
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError as error:
            self._errors.append(error)
            return
        finally:
            self._started.set()
        self._library.pthread_spin_lock(ctypes.byref(self._lock))


@contextlib.contextmanager
def kept_awake(cpu: int, report: Callable[[str], None]) -> Iterator[None]:
    """Keep a processor awake within the context, -1: none; report a refusal."""
    awake = None
    if cpu >= 0:
        try:
            awake = AwakeProcessor(cpu)
        except OSError as error:
            report(f'keep_awake: processor {cpu}: {error}')
    try:
        yield
    finally:
        if awake:
            awake.close()
