# Copyright 2026 The rl_learner authors
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

"""Keeps threads that wait for each other on different processors.

The threads of a product wait for each other, a hundred times per update. Now and then the
scheduler puts two of them on one processor, beside a free one, because the one wakes the other.
"""

from collections.abc import Callable, Mapping, Sequence
import contextlib
import os
from pathlib import Path
import threading
import time

_THREADS = Path('/proc/self/task')
_TOPOLOGY = Path('/sys/devices/system/cpu')
_ENDING_S = 0.02  # for threads to end that a smaller pool does not need
# variables that say where OpenMP's threads run, of the standard, GNU and Intel
_GIVEN = {'OMP_PROC_BIND', 'OMP_PLACES', 'GOMP_CPU_AFFINITY', 'KMP_AFFINITY'}


def usable_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # outside Linux


def keep_apart(
    number: int, start: Callable[[], object], environment: Mapping[str, str] = os.environ
) -> None:
    """Keep the calling thread and those of its pool on different processors.

    Each keeps to a share of the processors, so that no two of them meet. A second process that
    does the same keeps every processor as busy as the others, too. One thread, and more threads
    than processors, may run anywhere. Nothing happens if the environment says where threads run,
    or on a system that cannot do it.

    Args:
        number: of threads, the calling one included.
        start: starts the others, or wakes those that the calling thread started earlier.
        environment: of this process.
    """
    if environment.keys() & _GIVEN or not hasattr(os, 'sched_setaffinity'):
        return
    processors = os.sched_getaffinity(os.getpid())  # of the main thread, which is nowhere bound
    groups = processor_groups(_in_order(processors), number) or [processors] * number
    with contextlib.suppress(OSError):
        pool = _pool(number - 1, start) if number > 1 else []
        for thread, group in zip([threading.get_native_id(), *pool], groups, strict=False):
            os.sched_setaffinity(thread, group)


def processor_groups(processors: Sequence[int], number: int) -> list[set[int]]:
    """Return the processors of each thread; empty if there are fewer than threads.

    Args:
        processors: in an order in which neighbours share most.
        number: of threads, at least 1.
    """
    size = len(processors) // number
    if not size:
        return []
    shared = set(processors[size * number :])
    return [set(processors[index * size : (index + 1) * size]) | shared for index in range(number)]


def _in_order(processors: set[int]) -> list[int]:
    """Return processors such that those of one core are neighbours."""
    return sorted(processors, key=lambda processor: (_first_of_core(processor), processor))


def _first_of_core(processor: int) -> int:
    """Return the first processor of a processor's core; itself if the system does not say."""
    try:
        siblings = _TOPOLOGY / f'cpu{processor}' / 'topology' / 'thread_siblings_list'
        return int(siblings.read_text().replace('-', ',').split(',')[0])
    except (OSError, ValueError):
        return processor


def _pool(size: int, start: Callable[[], object]) -> list[int]:
    """Return the threads of the calling thread's pool.

    They are known by their name: a thread has that of the one that starts it.

    Args:
        size: of the pool; threads that it no longer needs end within moments.
        start: starts or wakes them.

    Raises:
        OSError: the system does not tell.
    """
    caller = threading.get_native_id()
    name = _THREADS / str(caller) / 'comm'
    given = name.read_text()
    name.write_text(f'pool_{caller}')
    try:
        start()
    finally:
        name.write_text(given)
    deadline_s = time.monotonic() + _ENDING_S
    while len(found := _named(f'pool_{caller}')) > size and time.monotonic() < deadline_s:
        time.sleep(_ENDING_S / 10.0)
    return found


def _named(name: str) -> list[int]:
    """Return the threads of this process with a name."""
    found = []
    for thread in _THREADS.iterdir():
        with contextlib.suppress(OSError):  # it has ended
            if (thread / 'comm').read_text() == f'{name}\n':
                found.append(int(thread.name))
    return found
