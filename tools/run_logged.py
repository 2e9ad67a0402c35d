# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Runs a command with its output in a file; shows the end of it if the command fails."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
import signal
import subprocess
import time
from typing import Mapping, Sequence

HEARTBEAT_S = 30.0
TAIL_LINES = 15


class CommandError(Exception):
    """A command failed; the text holds the end of its output and where the rest is."""


def run_logged(
    command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
) -> None:
    """Run a command to its end, with a line of news now and then where it takes long.

    The command gets a process group of its own, so that an interruption ends its children too.

    Args:
        command: program and arguments.
        log: file for its output; replaced.
        environment: all of the command's environment variables.
        folder: where it runs.

    Raises:
        CommandError: its exit status is not 0.
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
            + ''.join(f'  {line}\n' for line in _last_lines(log, TAIL_LINES))
            + f'The whole output is in {log}'
        )


def _wait(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the exit status; meanwhile print the newest line of the log now and then."""
    start = time.monotonic()
    while True:
        try:
            return process.wait(timeout=HEARTBEAT_S)
        except subprocess.TimeoutExpired:
            newest = ''.join(_last_lines(log, 1)).strip()[:70]
            print(f'setup:   {time.monotonic() - start:.0f} s: {newest}', flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children."""
    for number, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, None)):
        # The second signal goes out in any case: a child may outlive the group's first process.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience_s)


def _last_lines(log: Path, count: int) -> list[str]:
    """Return the last lines of a file that are not empty."""
    text = log.read_text(encoding='utf-8', errors='replace')
    return [line for line in text.splitlines() if line.strip()][-count:]
