# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A run of the learning benchmark that is killed goes on as if nothing had been."""

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[1] / 'bench'
OPTIONS: dict[str, Any] = {
    'task': 'Pendulum-v1',
    'overrides': {'n_step': 3, 'critic_hidden_sizes': [32], 'actor_hidden_sizes': [32]},
    'seed': 1_000_000,  # no benchmark's
    'steps': 800,
    'evaluate_every': 200,
    'warmup': 100,
}


def _start(preset: str) -> 'subprocess.Popen[str]':
    """Start a worker."""
    return subprocess.Popen(
        [sys.executable, '-m', 'workers.learn_ours', json.dumps({**OPTIONS, 'preset': preset})],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(BENCH), 'OMP_NUM_THREADS': '1'},
    )


def _evaluations(worker: 'subprocess.Popen[str]') -> list[dict[str, float]]:
    """Return what a worker found, without the time it took."""
    said, _ = worker.communicate(timeout=120)
    assert worker.returncode == 0
    rows = [json.loads(line.removeprefix('evaluation ')) for line in said.splitlines()]
    return [{key: value for key, value in row.items() if key != 'wall_s'} for row in rows]


def _unfinished() -> list[Path]:
    """Return the folders of these runs."""
    return list((BENCH / 'unfinished').glob(f'*_seed{OPTIONS["seed"]}'))


@pytest.mark.parametrize('preset', ['default', 'rl_toolkit'])
def test_a_run_that_is_killed_goes_on_as_if_nothing_had_been(preset: str) -> None:
    """Its evaluations are those of a run that never ended, to the last digit; gSDE included."""
    try:
        whole = _evaluations(_start(preset))
        for folder in _unfinished():
            shutil.rmtree(folder)
        killed = _start(preset)
        while not any(folder.glob('*.pt') for folder in _unfinished()):
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
        killed.communicate()
        assert _evaluations(_start(preset)) == whole
        assert [row['step'] for row in whole] == [200, 400, 600, 800]
    finally:
        for folder in _unfinished():
            shutil.rmtree(folder)
