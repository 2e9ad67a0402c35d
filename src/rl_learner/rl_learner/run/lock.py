# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Who trains in a run's folder: one learner at a time, and how the last one ended."""

from collections.abc import Iterator
import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import Literal

from rl_agent.errors import ConfigurationError

LOCK_FILE = 'learner.lock'

RunState = Literal['running', 'stopped', 'crashed', 'not started']


class RunLock:
    """Held by a learner; the kernel lets go of it however the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            ConfigurationError: another learner has it, or it cannot be written.
        """
        path = folder / LOCK_FILE
        try:
            self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigurationError(
                f'run folder: given {folder}: {error.strerror}; accepted: a folder to write in'
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise ConfigurationError(
                f'run folder: given {folder}: a learner{_holder(path)} trains there; accepted: end'
                ' it first, or another run folder'
            ) from error

    def begin(self) -> None:
        """Say that training begins."""
        self._write(ended=False)

    def end(self) -> None:
        """Say that the learner ended as it was asked to: all is saved."""
        self._write(ended=True)

    def close(self) -> None:
        """Let go."""
        os.close(self._file)

    def _write(self, *, ended: bool) -> None:
        """Say in the file who holds the lock and whether it ended in order."""
        text = json.dumps({'process': os.getpid(), 'ended': ended}).ljust(60) + '\n'
        os.pwrite(self._file, text.encode(), 0)


def run_state(folder: Path) -> RunState:
    """Return how a run stands; nothing is changed."""
    path = folder / LOCK_FILE
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 'not started'
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        text = os.pread(file, 200, 0)
    except BlockingIOError:
        return 'running'
    finally:
        os.close(file)
    if not text:
        return 'not started'
    try:
        return 'stopped' if json.loads(text)['ended'] else 'crashed'
    except (ValueError, KeyError, TypeError):
        return 'crashed'


@contextlib.contextmanager
def kept_unused(lock: Path) -> Iterator[None]:
    """Keep all others from taking a lock file; nobody holds one that is not there.

    The file stays as it is.

    Args:
        lock: of a learner, or of a journal.

    Raises:
        BlockingIOError: a process holds it.
        OSError: it cannot be read.
    """
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, file)
            # a shared lock keeps them out, too, and needs no right to write
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def _holder(path: Path) -> str:
    """Return the process that holds the lock, in words; empty: unknown."""
    try:
        return f' (process {json.loads(path.read_text(encoding="utf-8"))["process"]})'
    except (OSError, ValueError, KeyError, TypeError):
        return ''
