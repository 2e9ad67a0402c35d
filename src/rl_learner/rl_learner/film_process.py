# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Lets a film of a run's policy be made, in a process of its own."""

import os
from pathlib import Path
import sys
import threading
import time

from rl_learner.processes import ChildProcess
from rl_learner.run_folder import LOGS, POLICY_FILE

FILMS = ('film.mp4', 'film.gif')
_TIMEOUT_S = 600.0
_LOOK_PERIOD_S = 0.1


def make_film(robot: str, folder: Path, stop: threading.Event) -> str:
    """Make the films of a run; return in one line where they are, or why there are none.

    Args:
        robot: name or file of its description.
        folder: of the run.
        stop: ends it early.
    """
    policy = folder / POLICY_FILE
    if not policy.exists():
        return 'no film: there is no policy yet'
    command = [sys.executable, '-m', 'rl_learner.robot_film', '--robot', robot]
    command += ['--policy', str(policy), '--folder', str(folder)]
    process = ChildProcess('film', command, folder / LOGS / 'film.log', os.environ)
    deadline_s = time.monotonic() + _TIMEOUT_S
    while process.exit_code is None and time.monotonic() < deadline_s:
        if stop.wait(_LOOK_PERIOD_S):
            break
    if process.exit_code is None:
        process.ask_to_end()
        process.end(time.monotonic() + 1.0)
        return 'no film: stopped' if stop.is_set() else f'no film within {_TIMEOUT_S:.0f} s'
    if process.exit_code != 0:
        lines = process.last_lines(100).splitlines()
        errors = [line for line in lines if line.startswith('error: ')] or lines[-1:]
        return f'no film: {" ".join(errors[-1:]).removeprefix("error: ")}'
    return f'{folder}/ has {" and ".join(FILMS)}'
