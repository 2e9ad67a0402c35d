# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The benchmark of the whole loop takes the time of settled steps only."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

BENCH = Path(__file__).resolve().parents[2] / 'bench'
# two seconds of random steps, ten for compilation, then 100 steps a second
SEEN = [(0.0, 0), (2.0, 1000), (12.0, 1200), (13.0, 1300), (18.0, 1800), (19.0, 1800)]


def script(*lines: str) -> str:
    """Run a Python program with the modules of the benchmarks; return its output."""
    begin = (
        'from workers.loop_run import LoopRun, rate',
        "run = LoopRun('x', 'sac', 1000, 9000, 1)",
    )
    result = subprocess.run(
        [sys.executable, '-c', '\n'.join([*begin, *lines])],
        env={**os.environ, 'PYTHONPATH': str(BENCH)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result.stdout + result.stderr


def test_only_settled_steps_count() -> None:
    assert float(script(f'print(rate({SEEN[:-1]}, run))')) == 100.0
    assert 'ended before its time could be taken' in script(f'print(rate({SEEN[:3]}, run))')


@pytest.mark.timeout(200)
def test_our_worker_prints_a_rate(tmp_path: Path) -> None:
    run = {'task': 'Pendulum-v1', 'algorithm': 'sac', 'warmup': 100, 'steps': 400, 'threads': 1}
    result = subprocess.run(
        [sys.executable, '-m', 'workers.loop_ours', json.dumps([run, 2])],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(BENCH), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert 0.5 < float(result.stdout.split()[-1]) < 5000
