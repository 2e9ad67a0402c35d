# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Runs one program of the benchmark `loop` from scratch and returns its steps per second."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import time

from workers.compared_networks import OVERRIDES

BENCH = Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
SETTLED = 200  # steps after the first update, from which the time counts
_CLEANRL_PERIOD = 100  # steps between two of its lines
_TIMEOUT_S = 1800.0
_SHOWN = re.compile(r'^ *(\d+)s .*: steps (\d+) updates (\d+) ')


@dataclass(frozen=True)
class LoopRun:
    """What every program does.

    Attributes:
        task: Gymnasium id.
        algorithm: `sac` or `tqc`.
        warmup: steps before the first update.
        steps: of the run.
        threads: limit of the numerical libraries.
    """

    task: str
    algorithm: str
    warmup: int
    steps: int
    threads: int


def run_worker(python: str, module: str, run: LoopRun, program: object) -> float:
    """Return the rate of a worker, which prints it as its last line."""
    command = [python, '-m', f'workers.{module}', json.dumps([asdict(run), program])]
    result = subprocess.run(
        command,
        env=_environment(run),
        stdout=subprocess.PIPE,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return float(result.stdout.split()[-1])


def run_demo(run: LoopRun) -> float:
    """Return the rate of `demo --task`, from the progress that it prints."""
    algorithm = Path('algorithm.yaml')
    preset = ROOT / 'config' / 'algorithms' / f'{run.algorithm}.yaml'
    keys = [
        f'{key}: {json.dumps(value)}'
        for key, value in (*OVERRIDES.items(), ('warmup', run.warmup))
    ]
    others = [
        line for line in preset.read_text().splitlines() if line.partition(':')[0] not in OVERRIDES
    ]
    algorithm.write_text('\n'.join([*others, *keys]))
    options = f'--task {run.task} --algorithm {algorithm} --steps {run.steps} --target 1e9'
    command = [sys.executable, '-m', 'rl_learner.cli.demo', *options.split(), '--runs', '.']
    process = subprocess.Popen(
        command,
        env=_environment(run),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    seen = [
        (time.monotonic(), min(int(found[2]), run.warmup + int(found[3])))
        for line in process.stdout
        if (found := _SHOWN.match(line))
    ]
    process.wait()
    return rate(seen, run)


def run_cleanrl(python: str, script: Path, run: LoopRun) -> float:
    """Return the rate of CleanRL's script, which prints a line every 100 steps."""
    options = f'--env-id {run.task} --total-timesteps {run.steps} --no-cuda'
    options += f' --learning-starts {run.warmup}'
    process = subprocess.Popen(
        [python, '-u', str(script), *options.split()],
        env=_environment(run),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    seen = [(time.monotonic(), line) for line in process.stdout if line.startswith('SPS:')]
    process.wait()
    steps = [run.warmup + _CLEANRL_PERIOD * number for number in range(1, len(seen) + 1)]
    return rate([(when, step) for (when, _), step in zip(seen, steps, strict=True)], run)


def rate(seen: Sequence[tuple[float, int]], run: LoopRun) -> float:
    """Return the steps per second of a program.

    Args:
        seen: time, and steps whose update is done, in order.
        run: what it did.
    """
    settled = [item for item in seen if item[1] >= run.warmup + SETTLED]
    if len(settled) < 2 or settled[-1][1] <= settled[0][1]:
        raise RuntimeError('a program ended before its time could be taken')
    (began_s, first), (ended_s, last) = settled[0], settled[-1]
    return (last - first) / (ended_s - began_s)


def _environment(run: LoopRun) -> dict[str, str]:
    """Return the environment with a limit on the threads of numerical libraries."""
    names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')
    limits = {name: str(run.threads) for name in names}
    return {**os.environ, 'PYTHONPATH': str(BENCH), **limits}
