# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What Python and the operating system can do for a steady control rate."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path
import sys
import threading

_SWITCH_S = 20e-6
_PR_SET_TIMERSLACK = 29
_OTHER_THREADS = 1  # lowest priority of SCHED_FIFO


def prepare_process() -> None:
    """Make other Python threads give way soon, and collect no garbage at odd moments.

    A thread that wants Python's interpreter lock waits for the switch interval, by default
    5 ms, before it asks for it. `collect_garbage` does what automatic collection no longer does.
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.disable()


def restore_process() -> None:
    """Go back to the ordinary ways of Python and of the operating system."""
    gc.unfreeze()
    gc.enable()
    _schedule_all(os.SCHED_OTHER, 0)


def collect_garbage() -> None:
    """Collect all garbage, at a time when nobody waits: between two episodes.

    What survives is not looked at again, so that each call takes as long as the episode has
    left objects, not as long as the process has made them.
    """
    gc.collect()
    gc.freeze()


def prepare_thread(priority: int, cpu: int) -> list[str]:
    """Give the calling thread real-time scheduling; return what happened, in words.

    Args:
        priority: of SCHED_FIFO, 1 to 99; 0: leave the scheduling as it is.
        cpu: to stay on; -1: any.
    """
    said = []
    with contextlib.suppress(OSError, AttributeError):
        # sleep as short as asked: an ordinary thread is woken 50 us late
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    if priority:
        said.append(_make_real_time(priority))
    if cpu >= 0:
        said.append(_pin(cpu))
    return said


def _make_real_time(priority: int) -> str:
    """Ask for SCHED_FIFO; return what happened.

    The process's other threads get its lowest priority: one that holds the interpreter lock must
    not be put aside for another program, for the control thread would wait for both. They get it
    last, for where the control thread's own is refused, all threads are to stay as they are.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        _schedule_all(os.SCHED_FIFO, _OTHER_THREADS, but=threading.get_native_id())
    except (OSError, AttributeError) as error:
        return (
            f'the control thread runs without SCHED_FIFO, which was not permitted ({error});'
            f' accepted: CAP_SYS_NICE, or `ulimit -r {priority}` (limits.conf: rtprio)'
        )
    return f'the control thread runs under SCHED_FIFO at priority {priority}'


def _schedule_all(policy: int, priority: int, but: int = 0) -> None:
    """Schedule all threads of this process so, but one; one that has ended meanwhile is no matter.

    Raises:
        PermissionError: it is not permitted.
    """
    for thread in Path('/proc/self/task').iterdir():
        if int(thread.name) == but:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))


def _pin(cpu: int) -> str:
    """Stay on one processor; return what happened."""
    try:
        os.sched_setaffinity(0, {cpu})
    except (OSError, AttributeError) as error:
        return f'the control thread is not bound to processor {cpu}: {error}'
    return f'the control thread is bound to processor {cpu}'
