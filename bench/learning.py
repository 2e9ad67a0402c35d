# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Learning curves on Gymnasium tasks over several seeds, with SB3's SAC and SB3-contrib's TQC.

The last line of the output is one JSON object, with interquartile means of scores over all tasks
(`results.aggregates`).

Each finished run is appended to docs/results/learning.csv. Runs already in the file are not
repeated, and interrupted runs continue from their last evaluation. Programs are presets
(`default`, `tqc`, ...), presets with overrides (`default+critic_loss=huber+dropped_atoms=0`),
`sb3_sac` and `sb3_tqc`. The plot docs/results/learning_TASK.png, or learning_TASK_NAME.png, shows
the programs given on the command line.
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
from results.aggregates import compare
from results.curves import draw, final_scores, summarise
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
STEPS = {
    'Pendulum-v1': 5_000,
    'Hopper-v5': 50_000,
    'HalfCheetah-v5': 50_000,
    'Walker2d-v5': 50_000,
    'Ant-v5': 50_000,
}
PEERS = ('sb3_sac', 'sb3_tqc')


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        task: Gymnasium id.
        program: as given on the command line.
        seed: of all random numbers.
        steps: environment steps.
    """

    task: str
    program: str
    seed: int
    steps: int

    @property
    def by_peer(self) -> bool:
        """Whether the program is a peer."""
        return split(self.program)[0] in PEERS

    def options(self) -> dict[str, Any]:
        """Return the worker's options."""
        preset, overrides = split(self.program)
        is_pendulum = self.task == 'Pendulum-v1'
        warmup = 100 if is_pendulum else 1000  # SB3's default, and its usual value for MuJoCo
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
        """Return the worker's command line.

        Raises:
            RuntimeError: the peers cannot be installed.
        """
        options = json.dumps(self.options())
        if not self.by_peer:
            return [sys.executable, '-m', 'workers.learn_ours', options]
        python = peers_python()
        if python is None:
            raise RuntimeError('the peers are not installed')
        return [str(python), '-m', 'workers.learn_peers', options]


def main() -> None:
    """Do the missing runs, plot the curves, print a summary as one JSON object."""
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
    print(f'{len(jobs)} runs, {len(jobs) - len(missing)} of them already done', flush=True)
    if any(job.by_peer for job in missing):
        peers_python()  # install once, before several runs would do so at the same time
    lock = threading.Lock()
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            outcomes = list(pool.map(lambda job: perform(job, path, lock), missing))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            sys.exit(
                'interrupted; the same command continues from the last evaluation of each run'
            )
    failures = [name for name in outcomes if name]
    rows = table.read(path)
    draw(rows, tasks, options.programs, RESULTS, options.picture)
    summary = summarise(rows, tasks, options.programs)
    together = compare(final_scores(rows, tasks, options.programs), options.programs)
    for program, figures in together.items():
        low, high = figures['interval']
        print(f'{program}: {figures["interquartile_mean"]} ({low} to {high}) over all tasks')
    result = {'bench': 'learning', 'failed': failures, 'tasks': summary, 'all_tasks': together}
    print(json.dumps(result))
    sys.exit(bool(failures))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tasks', nargs='+', choices=STEPS, default=['Pendulum-v1'])
    parser.add_argument(
        '--programs',
        nargs='+',
        type=checked_program,
        default=['default', 'tqc', 'sac', 'droq', *PEERS],
        help=f'presets, presets with overrides, {", ".join(PEERS)}; plotted in this order',
    )
    parser.add_argument(
        '--seeds', type=int, default=5, help='number of seeds (0, 1, ...) for each program'
    )
    parser.add_argument('--steps', type=int, help='per run; default: depends on the task')
    parser.add_argument(
        '--picture', default='', metavar='NAME', help="suffix of the plot's file name"
    )
    parser.add_argument(
        '--jobs', type=int, default=os.cpu_count() or 1, help='number of parallel runs'
    )
    return parser.parse_args(arguments)


def split(program: str) -> tuple[str, dict[str, Any]]:
    """Return a program's preset or peer, and its overrides.

    Raises:
        ValueError: a part is not of the form key=value.
    """
    preset, *pairs = program.split('+')
    if not all('=' in pair for pair in pairs):
        raise ValueError(f'{program}: accepted: preset, or preset+key=value+...')
    return preset, {key: yaml.safe_load(value) for key, value in (p.split('=', 1) for p in pairs)}


def checked_program(program: str) -> str:
    """Return the program.

    Raises:
        argparse.ArgumentTypeError: the preset, a key or a value is not valid.
    """
    try:
        preset, overrides = split(program)
        if preset not in PEERS:
            overrides.pop('noise_hold', None)  # of the robot, see `AgentParameters`
            load_algorithm(preset, overrides)
    except (ValueError, ConfigurationError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return program


def perform(job: Job, path: Path, lock: threading.Lock) -> str | None:
    """Do a run and append its evaluations; return its name if it failed."""
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
    common = {
        'task': job.task,
        'program': job.program,
        'seed': job.seed,
        'steps': job.steps,
        **table.origin('learning'),
    }
    table.append(path, COLUMNS, ({**common, **row} for row in evaluations))


if __name__ == '__main__':
    main()
