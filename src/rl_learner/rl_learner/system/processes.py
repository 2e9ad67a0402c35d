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

"""Child processes that are started, watched and ended together."""

from collections.abc import Iterable, Mapping, Sequence
import ctypes
from pathlib import Path
import signal
import subprocess
import threading
import time

import psutil
from rl_agent.errors import RlError

_PR_SET_PDEATHSIG = 1
_MEBIBYTE = 1 << 20
_POLL_PERIOD_S = 0.1


class ChildProcess:
    """A running program with its log file.

    Attributes:
        name: name in messages.
        log: file with its output.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Start the program in a new session, so that Ctrl-C reaches only this process."""
        self.name, self.log = name, log
        with log.open('wb') as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=_terminate_with_parent,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def resident_mb(self) -> float:
        """Return its resident memory in MiB; 0 after its end."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss / _MEBIBYTE
        except psutil.NoSuchProcess:
            return 0.0

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL and wait until it has ended."""
        self._process.kill()
        self._process.wait()

    def end(self, deadline_s: float) -> None:
        """Wait until it has ended; kill it after the deadline (steady clock)."""
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_lines(self, count: int) -> str:
        """Return the last lines of its log."""
        text = self.log.read_text(encoding='utf-8', errors='replace')
        return '\n'.join(text.strip().splitlines()[-count:])


def end_in_order(stages: Iterable[Sequence[ChildProcess]], deadline_s: float) -> None:
    """End one stage after the other; kill what still runs after the deadline."""
    for stage in stages:
        for process in stage:
            process.ask_to_end()
        for process in stage:
            process.end(deadline_s)


def raise_if_ended(processes: Iterable[ChildProcess]) -> None:
    """Check that processes which should run do.

    Raises:
        RlError: one has ended; with its exit code and the end of its log.
    """
    for process in processes:
        if process.exit_code is not None:
            raise RlError(
                f'{process.name} ended with exit code {process.exit_code};'
                f' its log {process.log} ends with:\n{process.last_lines(5)}'
            )


def wait_until_ended(
    processes: Sequence[ChildProcess], stop: threading.Event, deadline_s: float
) -> None:
    """Wait until processes have ended, at most until the deadline or a stop."""
    while any(item.exit_code is None for item in processes) and time.monotonic() < deadline_s:
        if stop.wait(_POLL_PERIOD_S):
            return


def signal_when_parent_ends(number: signal.Signals) -> None:
    """Let the kernel send a signal to this process when its parent ends (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def _terminate_with_parent() -> None:
    """Let the kernel send SIGTERM to this process when its parent ends."""
    signal_when_parent_ends(signal.SIGTERM)
