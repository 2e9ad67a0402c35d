# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The process that gives inputs to one target, and what it leaves if an input ends it."""

from collections.abc import Iterator
import contextlib
import faulthandler
import logging
import mmap
import os
from pathlib import Path
from random import Random
import resource
import shutil
import signal
import struct
import tempfile
import time
import warnings

from door import Door, Inputs, Target
from judgement import judge
from mutation import MOST_BYTES
from progress import Progress

_SHARED_MEMORY, _PREFIX = Path('/dev/shm'), 'rl_fuzz_'
_HEAD = struct.Struct('<QQ')  # inputs so far in this process, bytes of the current one
_SLOT_BYTES = _HEAD.size + 64 * MOST_BYTES
_SAVE_PERIOD_S = 1.0
_MORE_MEMORY = 3 << 30  # what a process may ask for beyond what it has after its start


class Slot:
    """The current input in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, _SLOT_BYTES)
            self._memory = mmap.mmap(handle, _SLOT_BYTES)
        finally:
            os.close(handle)

    def write(self, count: int, data: bytes) -> None:
        """Note an input before it is given."""
        data = data[: _SLOT_BYTES - _HEAD.size]
        self._memory[_HEAD.size : _HEAD.size + len(data)] = data
        self._memory[: _HEAD.size] = _HEAD.pack(count, len(data))

    def read(self) -> tuple[int, bytes]:
        """Return the number of inputs so far, and the last one."""
        count, size = _HEAD.unpack_from(self._memory)
        return count, self._memory[_HEAD.size : _HEAD.size + size]


def run(target: Target, folder: Path, inputs: int) -> None:
    """Give inputs to a target until it has had this many; return early when interrupted.

    Args:
        target: to fuzz.
        folder: with its progress.
        inputs: how many in all, over all starts.
    """
    # Ctrl-C ends the loop below, between two inputs
    ended: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: ended.append(number))
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    _redirect_errors(folder / 'stderr')
    with opened(target) as door:
        _limit_memory()
        _loop(door, target.name, Progress(folder), Slot(folder / 'slot'), inputs, ended)


@contextlib.contextmanager
def opened(target: Target) -> Iterator[Door]:
    """Open a door, with a folder in memory that is removed at the end, and without its logs."""
    place = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            tempfile.TemporaryDirectory(prefix=f'{_PREFIX}{os.getpid()}_', dir=place) as folder,
        ):
            warnings.simplefilter('ignore')
            yield target.open(Path(folder))
    finally:
        logging.disable(before)


def remove_folders(process: int) -> None:
    """Remove the folder of a process that was ended by an input."""
    for parent in (_SHARED_MEMORY, Path(tempfile.gettempdir())):
        for folder in parent.glob(f'{_PREFIX}{process}_*'):
            shutil.rmtree(folder, ignore_errors=True)


def _loop(
    door: Door, name: str, progress: Progress, slot: Slot, inputs: int, ended: list[int]
) -> None:
    """Give one input after the other."""
    counts, source = progress.counts, Inputs(door, progress.pool())
    first, begun_s, cpu_s = counts.done, time.monotonic(), time.process_time()
    while counts.done < inputs and not ended:
        data = source.next(Random(f'{name} {counts.done}'))
        slot.write(counts.done - first, data)
        answer = judge(door, data)
        counts.done += 1
        if answer.kind == 'taken':
            counts.taken += 1
        elif answer.kind == 'refused':
            counts.refused += 1
        else:
            progress.add_failure(data, answer.place, answer.text)
        if source.learn(data, answer.signature) and answer.kind != 'failed':
            progress.add_to_pool(data)
        now_s = time.monotonic()
        if now_s - begun_s > _SAVE_PERIOD_S or counts.done >= inputs or ended:
            counts.wall_s += now_s - begun_s
            counts.cpu_s += time.process_time() - cpu_s
            counts.answers = source.answers
            begun_s, cpu_s = now_s, time.process_time()
            progress.save()


def _redirect_errors(path: Path) -> None:
    """Write what C++ libraries say about broken messages, and where one crashes, into a file."""
    with path.open('wb') as file:
        os.dup2(file.fileno(), 2)
    faulthandler.enable(2)


def _limit_memory() -> None:
    """Let a request for far too much memory fail, instead of stopping the machine."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmData:'):
            limit = 1024 * int(line.split()[1]) + _MORE_MEMORY
            resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
