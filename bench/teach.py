# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How well an arm puts a peg into a hole, alone, with demonstrations, and with a person's help.

| condition | what it gets |
|---|---|
| `nothing` | the preset `teach` without demonstrations, by `rl_train` |
| `demonstrations` | ten successful episodes by the scripted person, then `rl_train` |
| `both` | the demo through ROS: ten such episodes, and takeovers |

After the steps, 50 deterministic episodes of the last policy count. Each finished run is appended
to docs/results/teach.csv; runs already in the file are not repeated.
"""

import argparse
from collections.abc import Callable, Sequence
import json
from pathlib import Path
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from results import table
from rl_agent.configuration import find_file, read_yaml
from rl_learner.run.episode_log import EpisodeRow, EPISODES_FILE, read_episodes
import yaml

RESULTS = Path(__file__).resolve().parents[1] / 'docs' / 'results' / 'teach.csv'
CONDITIONS = ('nothing', 'demonstrations', 'both')
EPISODES, EVALUATION_SEED = 50, 1000
QUARTERS = 4  # of a run, for the share of steps that the person drove
COLUMNS = (
    'condition',
    'seed',
    'steps',
    'success',
    'low',
    'high',
    *(f'person_{number + 1}' for number in range(QUARTERS)),
    'wall_s',
    'commit',
    'machine',
    'command',
)


def main() -> None:
    """Do the missing runs, print a table, then one JSON object as the last line."""
    options = parse(None)
    finished = {(row['condition'], row['seed'], row['steps']) for row in table.read(RESULTS)}
    failed = []
    for seed in range(options.seeds):
        for condition in options.conditions:
            if (condition, str(seed), str(options.steps)) in finished:
                continue
            row = perform(condition, seed, options.steps, options.keep)
            if row is None:
                failed.append(f'{condition} seed {seed}')
                continue
            table.append(RESULTS, COLUMNS, [row])
            print(f'{condition} seed {seed}: success {row["success"]}', flush=True)
    summary = summarise([row for row in table.read(RESULTS) if row['steps'] == str(options.steps)])
    for condition, figures in summary.items():
        print(f'{condition}: {figures}')
    print(json.dumps({'bench': 'teach', 'steps': options.steps, 'failed': failed, **summary}))
    sys.exit(bool(failed))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--conditions', nargs='+', choices=CONDITIONS, default=CONDITIONS)
    parser.add_argument('--seeds', type=int, default=5, help='number of seeds (0, 1, ...)')
    parser.add_argument('--steps', type=int, default=6000, help='of a run, 10 a second')
    parser.add_argument('--keep', type=Path, help='folder for the runs; default: they are deleted')
    return parser.parse_args(arguments)


def perform(condition: str, seed: int, steps: int, keep: Path | None) -> dict[str, Any] | None:
    """Train and evaluate; return the row, or None if that failed."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='bench_teach_') as temporary:
        runs, name = keep or Path(temporary), f'{condition}-{seed}'
        where = ['--runs', str(runs), '--name', name, '--seed', str(seed)]
        prepare: dict[str, Callable[[], list[list[str]]]] = {
            'nothing': lambda: [train(steps, without_demonstrations(Path(temporary)))],
            'demonstrations': lambda: [demonstrate(), train(steps, 'teach')],
            'both': lambda: [tool('demo', '--robot', 'peg', '--steps', str(steps))],
        }
        for command in prepare[condition]():
            done = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
            # a demo that has not learned exits with 1
            if done.returncode not in ((0, 1) if condition == 'both' else (0,)):
                print(f'{name}: {done.stderr.strip()}', file=sys.stderr)
                return None
        success = evaluate(runs / name)
        rows = read_episodes(runs / name / EPISODES_FILE)
        if keep is None:
            shutil.rmtree(runs / name)
    if success is None:
        return None
    low, high = success['interval']
    shares = person_shares(rows)
    return {
        'condition': condition,
        'seed': seed,
        'steps': steps,
        'success': success['rate'],
        'low': round(low, 3),
        'high': round(high, 3),
        **{f'person_{number + 1}': round(share, 4) for number, share in enumerate(shares)},
        'wall_s': round(time.monotonic() - began_s, 1),
        **table.origin('teach'),
    }


def tool(module: str, *options: str) -> list[str]:
    """Return the command of a tool."""
    return [sys.executable, '-m', f'rl_learner.cli.{module}', *options]


def train(steps: int, algorithm: str) -> list[str]:
    """Return the command that trains in one process."""
    words = ['--robot', 'peg', '--algorithm', algorithm, '--steps', str(steps), '--threads', '1']
    return tool('train', *words, '--evaluate-every', '0', '--evaluation-episodes', '0')


def demonstrate() -> list[str]:
    """Return the command that records ten demonstrations."""
    words = ['--robot', 'peg', '--scripted', '--only-successes', '--episodes', '10']
    return tool('demonstrate', *words)


def without_demonstrations(folder: Path) -> str:
    """Write the preset `teach` without its demonstrations; return the file."""
    content = read_yaml(find_file('algorithms', 'teach'))
    kept = {
        key: value
        for key, value in content.items()
        if key not in ('demonstration_fraction', 'pretraining_updates')
    }
    path = folder / 'nothing.yaml'
    path.write_text(yaml.safe_dump(kept), encoding='utf-8')
    return str(path)


def evaluate(run: Path) -> dict[str, Any] | None:
    """Return the success rate of a run's policy, or None if it cannot be evaluated."""
    words = ['--episodes', str(EPISODES), '--seed', str(EVALUATION_SEED), '--json']
    done = subprocess.run(
        tool('evaluate', str(run), *words), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f'{run.name}: {done.stderr.strip()}', file=sys.stderr)
        return None
    content: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])['success']
    return content


def person_shares(rows: Sequence[EpisodeRow]) -> list[float]:
    """Return the share of steps that the person drove in each quarter of the episodes' steps."""
    total, shares = sum(row.steps for row in rows), []
    for number in range(QUARTERS):
        low, high = total * number / QUARTERS, total * (number + 1) / QUARTERS
        part = [row for row in rows if low < row.total_steps <= high]
        steps = sum(row.steps for row in part)
        shares.append(sum(row.person_steps for row in part) / steps if steps else 0.0)
    return shares


def summarise(rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return for each condition the success by seed and the person's share by quarter."""
    summary: dict[str, Any] = {}
    for condition in CONDITIONS:
        found = [row for row in rows if row['condition'] == condition]
        if found:
            shares = [
                round(statistics.fmean(float(row[f'person_{number + 1}']) for row in found), 3)
                for number in range(QUARTERS)
            ]
            success = {row['seed']: float(row['success']) for row in found}
            summary[condition] = {'success': success, 'person_fraction': shares}
    return summary


if __name__ == '__main__':
    main()
