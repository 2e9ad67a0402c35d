# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Starts the worker processes of the control benchmark, asks them and ends them."""

from collections.abc import Iterator
import contextlib
from functools import partial
import json
import os
import signal
import subprocess
import sys
from typing import Any

Worker = subprocess.Popen[str]


def worker(module: str, *arguments: object) -> list[str]:
    """Return the command line of a worker."""
    return [sys.executable, '-m', f'workers.{module}', *map(str, arguments)]


@contextlib.contextmanager
def running(
    command: list[str], environment: dict[str, str], cpus: set[int] | None
) -> Iterator[Worker]:
    """Run a worker during the `with` block, on the given processors; None: on any."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(os.sched_setaffinity, 0, cpus) if cpus else None,
    )
    try:
        yield process
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tell(process: Worker, line: str) -> None:
    """Send a line to a worker."""
    assert process.stdin is not None
    process.stdin.write(f'{line}\n')
    process.stdin.flush()


def ask(process: Worker, kind: str) -> Any:
    """Return a worker's answer to an empty line: JSON after a word, its kind.

    Raises:
        RuntimeError: the worker ended.
    """
    tell(process, '')
    assert process.stdout is not None
    for line in process.stdout:
        word, _, answer = line.partition(' ')
        if word == kind:
            return json.loads(answer)
    raise RuntimeError(f'a worker ended: {process.args!r}')
