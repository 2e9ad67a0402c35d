# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The learning benchmark refuses unknown programs and continues killed runs."""

from collections.abc import Iterator
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import Any

from fleet import run_module
import pytest

BENCH = Path(__file__).resolve().parents[2] / 'bench'
OPTIONS: dict[str, Any] = {
    'task': 'Pendulum-v1',
    'overrides': {
        'n_step': 3,
        'critic_hidden_sizes': [32],
        'actor_hidden_sizes': [32],
        'normalise_rewards': True,
    },
    'seed': 1_000_000,  # no benchmark uses it
    'steps': 800,
    'evaluate_every': 200,
    'warmup': 100,
}


ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(BENCH), 'OMP_NUM_THREADS': '1'}
WORKER = 'workers.learn_ours'


def _options(preset: str) -> str:
    """Return the command-line argument of a worker."""
    return json.dumps({**OPTIONS, 'preset': preset})


def _evaluations(preset: str) -> list[dict[str, float]]:
    """Return the evaluations of a worker without their times."""
    worker = run_module(
        WORKER, _options(preset), environment=ENVIRONMENT, cwd=BENCH, timeout_s=120.0
    )
    assert worker.returncode == 0, worker.stderr
    rows = [json.loads(line.removeprefix('evaluation ')) for line in worker.stdout.splitlines()]
    return [{key: value for key, value in row.items() if key != 'wall_s'} for row in rows]


def _unfinished() -> list[Path]:
    """Return the folders that runs of this test have left."""
    return list((BENCH / 'unfinished').glob(f'*_seed{OPTIONS["seed"]}'))


def _remove_unfinished() -> None:
    """Remove the folders that runs of this test have left."""
    for folder in _unfinished():
        shutil.rmtree(folder)


def _kill_after_first_checkpoint(preset: str) -> None:
    """Start a worker and kill it as soon as it has stored a checkpoint."""
    with subprocess.Popen(
        [sys.executable, '-m', WORKER, _options(preset)],
        stdout=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd=BENCH,
    ) as worker:
        try:
            while not any(folder.glob('*.pt') for folder in _unfinished()):
                assert worker.poll() is None
                time.sleep(0.01)
        finally:
            worker.kill()


@pytest.fixture(autouse=True)
def no_unfinished_runs() -> Iterator[None]:
    """Start and end without folders of this test."""
    _remove_unfinished()
    yield
    _remove_unfinished()


@pytest.mark.parametrize('preset', ['default', 'rl_toolkit'])
def test_a_killed_run_continues_exactly(preset: str) -> None:
    """Its evaluations equal those of an uninterrupted run to the last digit; gSDE included."""
    whole = _evaluations(preset)
    _remove_unfinished()
    _kill_after_first_checkpoint(preset)
    assert _evaluations(preset) == whole
    assert [row['step'] for row in whole] == [200, 400, 600, 800]


@pytest.mark.parametrize(
    ('program', 'named'),
    [
        ('defualt', "did you mean 'default'?"),
        ('default+critic_los=huber', "did you mean 'critic_loss'?"),
        ('default+critic_loss=hubr', "'logcosh', 'huber', 'squared' or 'categorical'"),
        ('default+critic_loss', 'preset+key=value'),
    ],
)
def test_a_mistyped_program_is_refused_before_anything_runs(program: str, named: str) -> None:
    """The error names it and what is accepted."""
    bench = run_module(
        'learning', '--programs', 'sac', program, environment=ENVIRONMENT, cwd=BENCH
    )
    assert bench.returncode == 2
    assert not bench.stdout
    error = bench.stderr.splitlines()[-1]
    assert error.startswith('learning.py: error: argument --programs: ')
    assert named in error
