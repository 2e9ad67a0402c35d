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

"""The lock of a run: one learner at a time, and how the last one ended."""

from collections.abc import Iterator
import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import Literal

from rl_agent.bounded_files import read_json_object
from rl_agent.errors import ConfigurationError
from rl_learner.run.folder import not_writable

LOCK_FILE = 'learner.lock'

RunState = Literal['running', 'stopped', 'crashed', 'not started']


class RunLock:
    """A lock that the kernel releases however the learner's process ends."""

    def __init__(self, folder: Path) -> None:
        """Acquire the lock.

        Raises:
            ConfigurationError: another learner holds the lock, or the file is not writable.
        """
        path = folder / LOCK_FILE
        try:
            self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise not_writable(folder, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise ConfigurationError(
                f'run folder: given {folder}: a learner{_holder(path)} trains there; accepted:'
                ' stop it first, or another run folder'
            ) from error

    def begin(self) -> None:
        """Record that training begins."""
        self._write(ended=False)

    def end(self) -> None:
        """Record that the learner ended in order, with everything saved."""
        self._write(ended=True)

    def close(self) -> None:
        """Release the lock."""
        os.close(self._file)

    def _write(self, *, ended: bool) -> None:
        """Write the process and whether it ended in order."""
        text = json.dumps({'process': os.getpid(), 'ended': ended}).ljust(60) + '\n'
        os.pwrite(self._file, text.encode(), 0)


def run_state(folder: Path) -> RunState:
    """Return the state of a run without changing anything."""
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
    """Keep other processes from acquiring a lock within a `with` block.

    The lock file stays unchanged. A missing file counts as an unheld lock and is not created.

    Args:
        lock: lock file of a learner or of a journal.

    Raises:
        BlockingIOError: a process holds the lock.
        OSError: the file cannot be read.
    """
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, file)
            # a shared lock excludes exclusive ones and needs no write permission
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def _holder(path: Path) -> str:
    """Return the process that holds a lock as words for an error; empty if unknown."""
    try:
        return f' (process {read_json_object(path)["process"]})'
    except (ConfigurationError, KeyError):
        return ''
