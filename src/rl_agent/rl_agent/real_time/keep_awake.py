# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Keeps a processor awake for the control thread, by a thread that has nothing else to do.

A processor without work falls asleep. Waking it up takes 50 us and more on a virtual machine, and
then caches, branch predictors and the clock frequency are those of a processor that has slept: the
way from observation to command takes twice as long. The price is the power of one busy processor.
"""

from collections.abc import Callable, Iterator
import contextlib
import ctypes
import os
import threading

_JOIN_S = 1.0


class AwakeProcessor:
    """Spins on a processor, at the lowest priority there is, until it is closed.

    The thread waits for a spin lock that nobody gives it: a loop of a few instructions that tells
    the processor that it is one, leaves the caches alone, and holds no interpreter lock.
    """

    def __init__(self, cpu: int) -> None:
        """Begin to spin.

        Args:
            cpu: the processor.

        Raises:
            OSError: there is none of this number.
        """
        self._library = ctypes.CDLL(None)
        self._lock = ctypes.c_int()  # pthread_spinlock_t
        self._library.pthread_spin_init(ctypes.byref(self._lock), 0)
        self._library.pthread_spin_lock(ctypes.byref(self._lock))
        self._cpu, self._any_cpu = cpu, os.sched_getaffinity(os.getpid())
        self._spins = threading.Event()
        self._refused: list[OSError] = []
        self._thread = threading.Thread(target=self._spin, name='awake', daemon=True)
        self._thread.start()
        self._spins.wait()
        if self._refused:
            raise self._refused[0]

    def close(self) -> None:
        """Let the processor sleep again."""
        self._library.pthread_spin_unlock(ctypes.byref(self._lock))
        assert self._thread.native_id is not None  # it was started
        with contextlib.suppress(OSError):  # it may end where another processor is less busy
            os.sched_setaffinity(self._thread.native_id, self._any_cpu)
        self._thread.join(_JOIN_S)

    def _spin(self) -> None:
        """Spin; anything else that can run on the processor goes first."""
        try:
            os.sched_setaffinity(0, {self._cpu})
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError as error:
            self._refused.append(error)
            return
        finally:
            self._spins.set()
        self._library.pthread_spin_lock(ctypes.byref(self._lock))


@contextlib.contextmanager
def kept_awake(cpu: int, report: Callable[[str], None]) -> Iterator[None]:
    """Keep a processor awake within the context, -1: none; report where that is refused."""
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
