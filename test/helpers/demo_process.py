# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A demo as a process, watched by its output."""

from collections.abc import Callable
import contextlib
from pathlib import Path
import re
import subprocess
import sys
import time

import psutil

STEPS_SHOWN = re.compile(r'steps (\d+) ')


class DemoProcess:
    """`python -m rl_learner.cli.demo` with its output in a file."""

    def __init__(self, folder: Path, environment: dict[str, str], *options: str) -> None:
        """Start it in a new folder."""
        folder.mkdir()
        self.run_folder = folder / 'runs' / 'run'
        self.output = folder / 'output.txt'
        with self.output.open('wb') as file:
            self.process = subprocess.Popen(
                [sys.executable, '-m', 'rl_learner.cli.demo', '--name', 'run', *options],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        """The output so far."""
        return self.output.read_text()

    @property
    def steps(self) -> int:
        """Control steps in the newest line of the output."""
        shown = STEPS_SHOWN.findall(self.text)
        return int(shown[-1]) if shown else 0

    def children(self) -> list[psutil.Process]:
        """Return its child processes."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait for a condition; fail if the demo ends before."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline_s, self.text
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it and its children."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in self.children():
                child.kill()
        self.process.kill()
        self.process.wait()
