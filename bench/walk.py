# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How fast a quadruped learns to walk, through the ROS nodes of the demo: presets x seeds.

Results are appended to docs/results/walk.csv, a run at a time; runs that are there are not
repeated, so that an interrupted benchmark goes on. Programs are presets, or presets with
`+varied`, which train on bodies that vary from episode to episode. Every policy is judged on the
nominal body, and on varied bodies that it never saw.
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
from workers.walk_judge import fractions, steps_per_s
import yaml

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'docs' / 'results'
BODIES = ROOT / 'bench' / 'workers' / 'varied_bodies.yaml'
VARIED = '+varied'
BIN = 1000  # steps of one point of a curve
NEVER = 1e9  # a return that no run reaches, so that none ends early
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
        seed: of everything random.
        steps: control steps.
    """

    program: str
    seed: int
    steps: int

    @property
    def name(self) -> str:
        """What it is called in print."""
        return f'{self.program} seed {self.seed}'


def main() -> None:
    """Run what is missing, draw the curves, print a table and one JSON object."""
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
    print(f'{len(jobs)} runs, {len(jobs) - len(missing)} of them done before', flush=True)
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
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--programs', nargs='+', default=['droq', 'default', 'sac'])
    parser.add_argument('--seeds', type=int, default=3, help='seeds 0, 1, ... of each program')
    parser.add_argument('--steps', type=int, default=24_000, help='of each run, 20 a second')
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time; each takes a core')
    parser.add_argument('--keep', type=Path, help='folder to keep the runs in; default: nowhere')
    return parser.parse_args(arguments)


def perform(job: Job, path: Path, lock: threading.Lock, keep: Path | None) -> bool:
    """Train, judge, and append the rows; return whether that worked."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = (keep or folder) / job.name.replace(' ', '-')
        command = [sys.executable, '-m', 'rl_learner.cli.demo', '--robot', str(write(job, folder))]
        command += ['--seed', str(job.seed), '--runs', str(run.parent), '--name', run.name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (run / 'summary.json').is_file() or not (run / 'policy.npz').is_file():
            print(f'{job.name}: failed: {(result.stderr or result.stdout)[-500:]}', flush=True)
            return False
        summary = json.loads((run / 'summary.json').read_text())
        if summary['verdict'] == 'interrupted':
            print(f'{job.name}: interrupted', flush=True)
            return False
        rows = [*curve(run), *judged(run / 'policy.npz', job.steps)]
    with lock:
        append(job, rows, summary, path)
    factor = summary['steps'] / 20 / summary['wall_time_s']
    print(f'{job.name}: {rows[-2:]}, real-time factor {factor:.2f}', flush=True)
    return True


def write(job: Job, folder: Path) -> Path:
    """Write the files that describe robot and demo of a run; return the demo's."""
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
        'target_return': NEVER,
        'highest_return': NEVER,
        'evaluation_episodes': 1,
        'film': False,
    }
    path = folder / 'walk.yaml'
    path.write_text(yaml.safe_dump(demo))
    return path


def curve(run: Path) -> Iterator[dict[str, Any]]:
    """Yield the mean fraction of the exploring episodes that ended in each thousand steps."""
    episode_steps = load_robot('quadruped').episode_steps
    bins: dict[int, list[float]] = {}
    with (run / 'episodes.csv').open(newline='', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            if row['evaluation'] == 'False' and row['complete'] == 'True':
                end = -(-int(row['total_steps']) // BIN) * BIN
                bins.setdefault(end, []).append(float(row['episode_return']) / episode_steps)
    for step in sorted(bins):
        fraction = round(statistics.fmean(bins[step]), 4)
        yield {'kind': 'exploring', 'step': step, 'fraction': fraction}


def judged(policy: Path, step: int) -> Iterator[dict[str, Any]]:
    """Yield what the policy reaches on the nominal body, and on varied ones."""
    nominal = load_robot('quadruped')
    for kind, description in (('evaluation', nominal), ('varied', varied(nominal))):
        fraction = round(statistics.fmean(fractions(policy, description)), 4)
        yield {'kind': kind, 'step': step, 'fraction': fraction}


def varied(description: RobotDescription) -> RobotDescription:
    """Return the description with bodies that vary."""
    assert description.simulation is not None
    ranges = build(RandomisationRanges, read_yaml(BODIES), str(BODIES))
    simulation = replace(description.simulation, randomisation=ranges)
    return replace(description, simulation=simulation)


def append(job: Job, rows: list[dict[str, Any]], summary: dict[str, Any], path: Path) -> None:
    """Append the rows of a finished run."""
    fixed = {
        'program': job.program,
        'seed': job.seed,
        'steps': job.steps,
        'updates': summary['updates'],
        'wall_s': summary['wall_time_s'],
        **table.origin('walk'),
    }
    table.append(path, COLUMNS, ({**fixed, **row} for row in rows))


if __name__ == '__main__':
    main()
