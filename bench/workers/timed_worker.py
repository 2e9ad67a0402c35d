# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Both ends of a worker process that does a given number of updates on request and times them.

Needs only the standard library, so that it runs in any environment.
"""

from collections.abc import Callable, Mapping, Sequence
import json
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

BENCH = Path(__file__).resolve().parents[1]


class TimedWorker:
    """A worker process, which is idle between requests.

    Attributes:
        start_s: time from the start of the process until it was ready.
        figures: what the worker said about its last updates, besides their time.
    """

    def __init__(self, python: str, module: str, options: Sequence[object], threads: int) -> None:
        """Start the process and wait until its updates are compiled and warm.

        Args:
            python: interpreter.
            module: in the package `workers`.
            options: of the worker, as JSON.
            threads: limit of its numerical libraries.

        Raises:
            RuntimeError: the process ended.
        """
        started_s = time.monotonic()
        self._process = subprocess.Popen(
            [python, '-m', f'workers.{module}', str(threads), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(BENCH), **_thread_limits(threads)},
        )
        self.figures: list[float] = []
        self._answer('ready')
        self.start_s = time.monotonic() - started_s

    def seconds(self, updates: int) -> float:
        """Return the time that a number of updates took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{updates}\n')
        self._process.stdin.flush()
        seconds, *self.figures = map(float, self._answer('seconds').split()[1:])
        return seconds

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self, word: str) -> str:
        """Return the next line that starts with a word."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(word):
                return line
        raise RuntimeError(f'a worker ended: {self._process.args!r}')


def rates_in_turns(
    workers: Mapping[str, TimedWorker], rounds: int, updates: int
) -> dict[str, list[float]]:
    """Return the updates per second of each worker in each round; end the workers.

    Args:
        workers: each has one turn per round, while the others are idle.
        rounds: number of turns of each worker.
        updates: critic updates in a turn.
    """
    rates: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            rates[name].append(updates / worker.seconds(updates))
    for worker in workers.values():
        worker.close()
    return rates


def worker_arguments() -> tuple[int, Any]:
    """Return threads and options of this worker process."""
    return int(sys.argv[1]), json.loads(sys.argv[2])


def serve(run: Callable[[int], object], warm_up: int) -> None:
    """Answer the requests of a `TimedWorker`, in the worker process.

    Args:
        run: does a number of updates and waits until they are complete; returns further figures
            in a tuple, or something else, which is ignored.
        warm_up: updates before the first timed one.
    """
    run(warm_up)
    print('ready', flush=True)
    for line in sys.stdin:
        started_s = time.perf_counter()
        figures = run(int(line))
        seconds = time.perf_counter() - started_s
        print('seconds', seconds, *(figures if isinstance(figures, tuple) else ()), flush=True)


def _thread_limits(threads: int) -> Mapping[str, str]:
    """Return environment variables that limit the threads of numerical libraries."""
    names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')
    return {name: str(threads) for name in names}
