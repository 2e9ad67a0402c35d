# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How fast a quadruped learns to walk with the ROS nodes of the demo, for presets and seeds.

Each finished run is appended to docs/results/walk.csv. Runs already in the file are not repeated,
so an interrupted benchmark continues. Programs are presets, or presets with `+varied`, which train
on bodies that vary from episode to episode. Every policy is evaluated on the nominal body and on
varied bodies that it has not been trained on.
"""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
import csv
from dataclasses import dataclass, replace
import json
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile
import threading
from typing import Any

from results import table
from results.walk_curves import draw, summarise
from rl_agent.configuration import build, config_folder, read_yaml
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.description.robot import load_robot, RobotDescription
from workers.walk_evaluation import evaluate, steps_per_s
import yaml

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'docs' / 'results'
BODIES = ROOT / 'bench' / 'workers' / 'varied_bodies.yaml'
VARIED = '+varied'
STEPS_PER_POINT = 1000  # of a curve
UNREACHABLE_RETURN = 1e9  # so that no run ends early
COLUMNS = (
    'program',
    'seed',
    'steps',
    'kind',
    'step',
    'fraction',
    'updates',
    'wall_s',
    'commit',
    'machine',
    'command',
)


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        program: preset, or preset+varied.
        seed: of all random numbers.
        steps: control steps.
    """

    program: str
    seed: int
    steps: int

    @property
    def name(self) -> str:
        """Name in messages."""
        return f'{self.program} seed {self.seed}'


def main() -> None:
    """Do the missing runs, plot the curves, print figures and one JSON object."""
    options = parse(None)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / 'walk.csv'
    jobs = [
        Job(program, seed, options.steps)
        for seed in range(options.seeds)
        for program in options.programs
    ]
    finished = {(row['program'], row['seed'], row['steps']) for row in table.read(path)}
    missing = [job for job in jobs if (job.program, str(job.seed), str(job.steps)) not in finished]
    print(f'{len(jobs)} runs, {len(jobs) - len(missing)} of them already done', flush=True)
    lock = threading.Lock()
    with ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(lambda job: perform(job, path, lock, options.keep), missing))
    failed = [job.name for job, is_done in zip(missing, done, strict=True) if not is_done]
    rows = [row for row in table.read(path) if row['steps'] == str(options.steps)]
    summary = summarise(rows, options.programs)
    if rows:
        draw(rows, RESULTS / 'walk.png')
    for program, figures in summary.items():
        print(f'{program}: {figures}')
    throughput = round(steps_per_s(load_robot('quadruped')))
    print(
        json.dumps(
            {
                'bench': 'walk',
                'steps': options.steps,
                'simulation_steps_per_s': throughput,
                'failed': failed,
                'programs': summary,
            }
        )
    )
    sys.exit(bool(failed))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--programs', nargs='+', default=['droq', 'default', 'sac'])
    parser.add_argument(
        '--seeds', type=int, default=3, help='number of seeds (0, 1, ...) for each program'
    )
    parser.add_argument('--steps', type=int, default=24_000, help='per run, 20 per second')
    parser.add_argument(
        '--jobs', type=int, default=1, help='number of parallel runs; each uses a core'
    )
    parser.add_argument('--keep', type=Path, help='folder for the runs; default: they are deleted')
    return parser.parse_args(arguments)


def perform(job: Job, path: Path, lock: threading.Lock, keep: Path | None) -> bool:
    """Train, evaluate and append the rows; return whether that succeeded."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = (keep or folder) / job.name.replace(' ', '-')
        command = [
            sys.executable,
            '-m',
            'rl_learner.cli.demo',
            '--robot',
            str(write_files(job, folder)),
        ]
        command += ['--seed', str(job.seed), '--runs', str(run.parent), '--name', run.name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (run / 'summary.json').is_file() or not (run / 'policy.npz').is_file():
            print(f'{job.name}: failed: {(result.stderr or result.stdout)[-500:]}', flush=True)
            return False
        summary = json.loads((run / 'summary.json').read_text())
        if summary['verdict'] == 'interrupted':
            print(f'{job.name}: interrupted', flush=True)
            return False
        rows = [*curve(run), *evaluations(run / 'policy.npz', job.steps)]
    with lock:
        append(job, rows, summary, path)
    factor = summary['steps'] / 20 / summary['wall_time_s']
    print(f'{job.name}: {rows[-2:]}, real-time factor {factor:.2f}', flush=True)
    return True


def write_files(job: Job, folder: Path) -> Path:
    """Write the descriptions of a run's robot and demo; return the path of the demo's."""
    content = read_yaml(config_folder() / 'robots' / 'quadruped.yaml')
    if job.program.endswith(VARIED):
        content['simulation']['randomisation'] = read_yaml(BODIES)
    robot = folder / 'quadruped.yaml'
    robot.write_text(yaml.safe_dump(content))
    demo = {
        **read_yaml(config_folder() / 'demos' / 'quadruped.yaml'),
        'robot': str(robot),
        'algorithm': job.program.removesuffix(VARIED),
        'max_steps': job.steps,
        'target_return': UNREACHABLE_RETURN,
        'highest_return': UNREACHABLE_RETURN,
        'evaluation_episodes': 1,
        'film': False,
    }
    path = folder / 'walk.yaml'
    path.write_text(yaml.safe_dump(demo))
    return path


def curve(run: Path) -> Iterator[dict[str, Any]]:
    """Yield the mean fraction of the exploring episodes that end in each thousand steps."""
    episode_steps = load_robot('quadruped').episode_steps
    bins: dict[int, list[float]] = {}
    with (run / 'episodes.csv').open(newline='', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            if row['evaluation'] == 'False' and row['complete'] == 'True':
                end = -(-int(row['total_steps']) // STEPS_PER_POINT) * STEPS_PER_POINT
                bins.setdefault(end, []).append(float(row['episode_return']) / episode_steps)
    for step in sorted(bins):
        fraction = round(statistics.fmean(bins[step]), 4)
        yield {'kind': 'exploring', 'step': step, 'fraction': fraction}


def evaluations(policy: Path, step: int) -> Iterator[dict[str, Any]]:
    """Yield the policy's mean fraction on the nominal body and on varied bodies."""
    nominal = load_robot('quadruped')
    for kind, description in (('evaluation', nominal), ('varied', varied(nominal))):
        fraction = round(statistics.fmean(evaluate(policy, description)), 4)
        yield {'kind': kind, 'step': step, 'fraction': fraction}


def varied(description: RobotDescription) -> RobotDescription:
    """Return the description with varied bodies."""
    assert description.simulation is not None
    ranges = build(RandomisationRanges, read_yaml(BODIES), str(BODIES))
    simulation = replace(description.simulation, randomisation=ranges)
    return replace(description, simulation=simulation)


def append(job: Job, rows: list[dict[str, Any]], summary: dict[str, Any], path: Path) -> None:
    """Append the rows of a finished run."""
    common = {
        'program': job.program,
        'seed': job.seed,
        'steps': job.steps,
        'updates': summary['updates'],
        'wall_s': summary['wall_time_s'],
        **table.origin('walk'),
    }
    table.append(path, COLUMNS, ({**common, **row} for row in rows))


if __name__ == '__main__':
    main()
