# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Runs a command with its output in a log; shows the end of the log if the command fails."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
import signal
import subprocess
import time
from typing import Mapping, Sequence

_PROGRESS_PERIOD_S = 30.0
_TAIL_LINES = 15


class CommandError(Exception):
    """A command failed; the message has the end of its output and the path of the log."""


def run_logged(
    command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
) -> None:
    """Run a command to its end, and print a progress line from time to time.

    The command gets its own process group, so that an interruption also ends its children.

    Args:
        command: program and arguments.
        log: file for the output; it is replaced.
        environment: all environment variables of the command.
        folder: working directory.

    Raises:
        CommandError: the exit status is not 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('w', encoding='utf-8') as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=str(folder),
            start_new_session=True,
        )
        try:
            status = _wait(process, log)
        except BaseException:
            _end(process)
            raise
    if status:
        raise CommandError(
            f'{Path(command[0]).name} failed with exit status {status}; its last lines:\n'
            + ''.join(f'  {line}\n' for line in _last_lines(log, _TAIL_LINES))
            + f'The whole output is in {log}'
        )


def _wait(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the exit status; until then print the newest line of the log periodically."""
    start = time.monotonic()
    while True:
        try:
            return process.wait(timeout=_PROGRESS_PERIOD_S)
        except subprocess.TimeoutExpired:
            newest = ''.join(_last_lines(log, 1)).strip()[:70]
            print(f'setup:   {time.monotonic() - start:.0f} s: {newest}', flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children."""
    for number, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, None)):
        # Always send the second signal: a child may outlive the first process of the group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience_s)


def _last_lines(log: Path, count: int) -> list[str]:
    """Return the last non-empty lines of a file."""
    text = log.read_text(encoding='utf-8', errors='replace')
    return [line for line in text.splitlines() if line.strip()][-count:]
