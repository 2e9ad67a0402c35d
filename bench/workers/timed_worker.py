# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Both ends of a worker process that does so many updates when told to, and says how long.

Needs nothing but the standard library, so that it runs in any environment.
"""

from collections.abc import Callable, Mapping, Sequence
import os
import subprocess
import sys
import time


class TimedWorker:
    """A worker process; it stands still while it is not asked."""

    def __init__(self, command: Sequence[str], threads: int) -> None:
        """Start it and wait until its updates are compiled and warm.

        Raises:
            RuntimeError: it ended instead.
        """
        begun_s = time.monotonic()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **_limits(threads)},
        )
        self._answer('ready')
        self.start_s = time.monotonic() - begun_s

    def seconds(self, updates: int) -> float:
        """Return how long so many updates took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{updates}\n')
        self._process.stdin.flush()
        return float(self._answer('seconds').split()[1])

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _answer(self, word: str) -> str:
        """Return the next line that begins with a word."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(word):
                return line
        raise RuntimeError(f'a worker ended: {self._process.args!r}')


def serve(run: Callable[[int], object], warm_up: int) -> None:
    """Serve a `TimedWorker` from inside its process.

    Args:
        run: does so many updates and waits until they are done.
        warm_up: updates before the first timed one.
    """
    run(warm_up)
    print('ready', flush=True)
    for line in sys.stdin:
        begun_s = time.perf_counter()
        run(int(line))
        print(f'seconds {time.perf_counter() - begun_s}', flush=True)


def _limits(threads: int) -> Mapping[str, str]:
    """Return the environment that holds numerical libraries to so many threads."""
    names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')
    return {name: str(threads) for name in names}
