# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Child processes that are started, watched and ended together."""

from collections.abc import Iterable, Mapping, Sequence
import ctypes
from pathlib import Path
import signal
import subprocess
import threading
import time

import psutil

_PR_SET_PDEATHSIG = 1
_MEBIBYTE = 1 << 20
_LOOK_PERIOD_S = 0.1


class ChildProcess:
    """One program with its log file.

    Attributes:
        name: for people.
        log: what it printed.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Start the program in a session of its own: a terminal's Ctrl-C goes to us alone."""
        self.name, self.log = name, log
        with log.open('wb') as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def resident_mb(self) -> float:
        """Return its resident memory in MiB; 0 when it has ended."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss / _MEBIBYTE
        except psutil.NoSuchProcess:
            return 0.0

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, which it cannot handle, and wait until it has ended."""
        self._process.kill()
        self._process.wait()

    def end(self, deadline_s: float) -> None:
        """Wait until it has ended; past the deadline (steady clock) kill it."""
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_lines(self, count: int) -> str:
        """Return the end of its log."""
        text = self.log.read_text(encoding='utf-8', errors='replace')
        return '\n'.join(text.strip().splitlines()[-count:])


def end_in_order(stages: Iterable[Sequence[ChildProcess]], deadline_s: float) -> None:
    """End stage after stage, each when the one before has ended; kill past the deadline."""
    for stage in stages:
        for process in stage:
            process.ask_to_end()
        for process in stage:
            process.end(deadline_s)


def let_end(processes: Sequence[ChildProcess], stop: threading.Event, deadline_s: float) -> None:
    """Wait until processes that were asked to end have, at most until the deadline or a stop."""
    while any(item.exit_code is None for item in processes) and time.monotonic() < deadline_s:
        if stop.wait(_LOOK_PERIOD_S):
            return


def _end_with_parent() -> None:
    """Have the kernel end this process with its parent, however that ends (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
