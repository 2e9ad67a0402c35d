# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Learning curves on Gymnasium tasks, several seeds, beside SB3's SAC and SB3-contrib's TQC.

Results are appended to docs/results/learning.csv, a run at a time; runs that are there are not
repeated, and one that was interrupted goes on from its last evaluation. Programs are presets
(`default`, `tqc`, ...), presets with other keys (`default+critic_loss=huber+dropped_atoms=0`),
`sb3_sac` and `sb3_tqc`. The picture docs/results/learning_TASK.png, or learning_TASK_NAME.png,
shows the programs of the command.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

from results import table
from results.curves import draw, summarise
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from workers.peers_environment import peers_python
from workers.unfinished import unfinished_run
import yaml

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'docs' / 'results'
COLUMNS = (
    'task',
    'program',
    'seed',
    'steps',
    'step',
    'mean_return',
    'std_return',
    'updates',
    'wall_s',
    'commit',
    'machine',
    'command',
)
STEPS = {'Pendulum-v1': 5_000, 'Hopper-v5': 50_000, 'HalfCheetah-v5': 50_000}
PEERS = ('sb3_sac', 'sb3_tqc')


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        task: of Gymnasium.
        program: as on the command line.
        seed: of everything random.
        steps: of the task.
    """

    task: str
    program: str
    seed: int
    steps: int

    @property
    def by_peer(self) -> bool:
        """Whether the program is a peer's."""
        return split(self.program)[0] in PEERS

    def options(self) -> dict[str, Any]:
        """Return what the worker is told."""
        preset, overrides = split(self.program)
        small = self.task == 'Pendulum-v1'
        warmup = 100 if small else 1000  # SB3's default, and what its users set for MuJoCo
        return {
            'task': self.task,
            'preset': preset,
            'overrides': overrides,
            'seed': self.seed,
            'steps': self.steps,
            'evaluate_every': max(1, self.steps // 10),
            'warmup': warmup,
        }

    def command(self) -> list[str]:
        """Return the worker's command.

        Raises:
            RuntimeError: the peers are not there.
        """
        options = json.dumps(self.options())
        if not self.by_peer:
            return [sys.executable, '-m', 'workers.learn_ours', options]
        python = peers_python()
        if python is None:
            raise RuntimeError('no peers')
        return [str(python), '-m', 'workers.learn_peers', options]


def main() -> None:
    """Run what is missing, draw the curves, print a summary and one JSON object."""
    options = parse(None)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / 'learning.csv'
    tasks = {task: options.steps or STEPS[task] for task in options.tasks}
    jobs = [
        Job(task, program, seed, steps)
        for task, steps in tasks.items()
        for seed in range(options.seeds)
        for program in options.programs
    ]
    finished = {
        (row['task'], row['program'], row['seed'], row['steps']) for row in table.read(path)
    }
    missing = [
        job
        for job in jobs
        if (job.task, job.program, str(job.seed), str(job.steps)) not in finished
    ]
    print(f'{len(jobs)} runs, {len(jobs) - len(missing)} of them done before', flush=True)
    if any(job.by_peer for job in missing):
        peers_python()  # before several runs at a time would set it up
    lock = threading.Lock()
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            ended = list(pool.map(lambda job: perform(job, path, lock), missing))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            sys.exit('interrupted; the same command goes on from the last evaluation of each run')
    failures = [job for job in ended if job]
    rows = table.read(path)
    draw(rows, tasks, options.programs, RESULTS, options.picture)
    summary = summarise(rows, tasks, options.programs)
    print(json.dumps({'bench': 'learning', 'failed': failures, 'tasks': summary}))
    sys.exit(bool(failures))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tasks', nargs='+', choices=STEPS, default=['Pendulum-v1'])
    parser.add_argument(
        '--programs',
        nargs='+',
        type=checked_program,
        default=['default', 'tqc', 'sac', 'droq', *PEERS],
        help=f'presets, presets with other keys, {", ".join(PEERS)}; drawn in this order',
    )
    parser.add_argument('--seeds', type=int, default=5, help='seeds 0, 1, ... of each program')
    parser.add_argument('--steps', type=int, help="of a run; default: the task's own")
    parser.add_argument('--picture', default='', metavar='NAME', help='ends the name of its file')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, help='runs at a time')
    return parser.parse_args(arguments)


def split(program: str) -> tuple[str, dict[str, Any]]:
    """Return a program's preset or peer, and its other keys.

    Raises:
        ValueError: a part is no pair of key and value.
    """
    preset, *pairs = program.split('+')
    if not all('=' in pair for pair in pairs):
        raise ValueError(f'{program}: accepted: preset, or preset+key=value+...')
    return preset, {key: yaml.safe_load(value) for key, value in (p.split('=', 1) for p in pairs)}


def checked_program(program: str) -> str:
    """Return the program.

    Raises:
        argparse.ArgumentTypeError: there is no such preset or key, or its value is a mistake.
    """
    try:
        preset, overrides = split(program)
        if preset not in PEERS:
            load_algorithm(preset, overrides)
    except (ValueError, ConfigurationError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return program


def perform(job: Job, path: Path, lock: threading.Lock) -> str | None:
    """Run a job and append its evaluations; return its name if it failed."""
    name = f'{job.task} {job.program} seed {job.seed}'
    try:
        process = subprocess.run(
            job.command(),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT / 'bench'), 'OMP_NUM_THREADS': '1'},
            check=True,
        )
    except (RuntimeError, subprocess.CalledProcessError) as error:
        interrupted = getattr(error, 'returncode', None) == -signal.SIGINT
        reason = 'interrupted' if interrupted else f'failed: {getattr(error, "stderr", error)}'
        print(f'{name}: {reason}', flush=True)
        return name
    evaluations = [
        json.loads(line.removeprefix('evaluation '))
        for line in process.stdout.splitlines()
        if line.startswith('evaluation ')
    ]
    with lock:
        append(job, evaluations, path)
    shutil.rmtree(unfinished_run(job.options()), ignore_errors=True)
    print(f'{name}: {evaluations[-1]}', flush=True)
    return None


def append(job: Job, evaluations: list[dict[str, Any]], path: Path) -> None:
    """Append the rows of a finished run."""
    fixed = {
        'task': job.task,
        'program': job.program,
        'seed': job.seed,
        'steps': job.steps,
        **table.origin('learning'),
    }
    table.append(path, COLUMNS, ({**fixed, **row} for row in evaluations))


if __name__ == '__main__':
    main()
