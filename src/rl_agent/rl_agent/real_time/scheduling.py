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

"""Settings of Python and the operating system for a steady control rate."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path
import sys
import threading

_SWITCH_INTERVAL_S = 20e-6
_PR_SET_TIMERSLACK = 29
_OTHER_THREADS_PRIORITY = 1  # lowest of SCHED_FIFO


def prepare_process() -> None:
    """Make other Python threads yield soon; switch automatic garbage collection off.

    A thread that needs Python's interpreter lock waits for the switch interval, by default
    5 ms, before it requests it. `collect_garbage` replaces automatic collection.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.disable()


def restore_process() -> None:
    """Restore the defaults of garbage collection and scheduling."""
    gc.unfreeze()
    gc.enable()
    _schedule_all(os.SCHED_OTHER, 0)


def collect_garbage() -> None:
    """Collect all garbage; to be called between two episodes, when nothing is urgent.

    Surviving objects are excluded from later collections, so that a call takes time in
    proportion to the objects of the last episode, not to all objects of the process.
    """
    gc.collect()
    gc.freeze()


def prepare_thread(priority: int, cpu: int) -> list[str]:
    """Give the calling thread real-time scheduling; return log lines of what was done.

    Args:
        priority: of SCHED_FIFO, 1 to 99; 0: leave the scheduling as it is.
        cpu: processor to pin the thread to; -1: do not pin it.
    """
    log_lines = []
    with contextlib.suppress(OSError, AttributeError):
        # exact sleeps: by default a thread wakes up 50 us late
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    if priority:
        log_lines.append(_make_real_time(priority))
    if cpu >= 0:
        log_lines.append(_pin(cpu))
    return log_lines


def _make_real_time(priority: int) -> str:
    """Request SCHED_FIFO; return a log line of what was done.

    The process's other threads get the lowest priority of SCHED_FIFO: one that holds the
    interpreter lock must not be preempted by another program, because the control thread would
    wait for both. They come last, so that a refusal leaves all threads unchanged.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        _schedule_all(os.SCHED_FIFO, _OTHER_THREADS_PRIORITY, excluded=threading.get_native_id())
    except (OSError, AttributeError) as error:
        return (
            f'the control thread runs without SCHED_FIFO, which was not permitted ({error});'
            f' accepted: CAP_SYS_NICE, or `ulimit -r {priority}` (limits.conf: rtprio)'
        )
    return f'the control thread runs under SCHED_FIFO at priority {priority}'


def _schedule_all(policy: int, priority: int, excluded: int = 0) -> None:
    """Schedule all threads of this process except one; ignore threads that end meanwhile.

    Raises:
        PermissionError: not permitted.
    """
    for thread in Path('/proc/self/task').iterdir():
        if int(thread.name) == excluded:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))


def _pin(cpu: int) -> str:
    """Pin the calling thread to a processor; return a log line of what was done."""
    try:
        os.sched_setaffinity(0, {cpu})
    except (OSError, AttributeError) as error:
        return f'the control thread is not bound to processor {cpu}: {error}'
    return f'the control thread is bound to processor {cpu}'
