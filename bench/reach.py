# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How soon an arm reaches for targets, from a camera and from coordinates, and with SB3's SAC.

| program | what runs |
|---|---|
| `arm_camera`, `arm` | the demo of this name through ROS |
| `arm:drq_sac` | the same with another preset |
| `arm_camera@FILE` | the same with the robot of a file |
| `sb3_sac` | SB3's SAC, `MultiInputPolicy`, on the arm with a camera as a Gymnasium task |

Policies at least 500 steps apart are evaluated with the same 20 starts. An episode succeeds if the
hand is within 5 cm of the target after its last step. A run ends after `--steps`, or as soon as
two evaluations in a row reach a success of 0.9. Each finished run is appended to
docs/results/reach.csv; runs already in the file are not repeated, and interrupted runs continue.
"""

import argparse
from collections.abc import Sequence
import contextlib
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import psutil
from results import table
from rl_agent.configuration import config_folder, read_yaml
from rl_agent.description.robot import load_robot
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy
from rl_learner.actor_critic.algorithm import load_algorithm
from workers.reach_curve import Curve, EVALUATE_EVERY, Evaluation, Row, SUCCESS_RATE
import yaml

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'docs' / 'results' / 'reach.csv'
UNFINISHED = ROOT / 'bench' / 'unfinished'
DEMO = 'demo.yaml'
PEER = 'sb3_sac'
COLUMNS = (
    'program',
    'seed',
    'steps',
    'step',
    'success',
    'near',
    'mean_return',
    'updates',
    'processor_s',
    'wall_s',
    'commit',
    'machine',
    'command',
)


def main() -> None:
    """Do the missing runs; print a line for each run, then one JSON object."""
    options = parse(None)
    finished = {(row['program'], row['seed'], row['steps']) for row in table.read(RESULTS)}
    failed = []
    for seed in options.seeds:
        for program in options.programs:
            if (program, str(seed), str(options.steps)) in finished:
                continue
            rows = perform(program, seed, options.steps)
            if not rows:
                failed.append(f'{program} seed {seed}')
                continue
            common = {'program': program, 'seed': seed, 'steps': options.steps}
            origin = table.origin('reach')
            table.append(RESULTS, COLUMNS, ({**common, **origin, **row} for row in rows))
    rows = [row for row in table.read(RESULTS) if row['steps'] == str(options.steps)]
    summary = {program: summarise(rows, program) for program in options.programs}
    for program, seeds in summary.items():
        for seed, figures in seeds.items():
            print(f'{program}, seed {seed}: {figures}')
    print(json.dumps({'bench': 'reach', 'failed': failed, 'programs': summary}))
    sys.exit(bool(failed))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--programs', nargs='+', default=['arm_camera', 'arm', PEER])
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--steps', type=int, default=12_000, help='20 per second of robot time')
    return parser.parse_args(arguments)


def perform(program: str, seed: int, steps: int) -> list[Row]:
    """Do or continue a run; return its evaluations, or none if it is incomplete."""
    name = f'reach_{program.replace("/", "_")}_{steps}_seed{seed}'
    folder = UNFINISHED / name
    folder.mkdir(parents=True, exist_ok=True)
    if program == PEER:
        worker = [sys.executable, '-m', 'workers.reach_peer']
        command = [*worker, str(seed), str(steps), str(folder)]
    else:
        command = demo_command(program, seed, steps, folder)
    environment = {**os.environ, 'PYTHONPATH': python_path(), 'OMP_NUM_THREADS': '1'}
    with (folder / 'output.log').open('a') as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            if program != PEER:
                watch(process, folder)
            process.wait()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
    curve = Curve(folder, steps)
    print(f'{program} seed {seed}: {curve.rows[-1:] or "failed"}, see {folder}', flush=True)
    return curve.rows if curve.is_over else []


def demo_command(program: str, seed: int, steps: int, folder: Path) -> list[str]:
    """Write the files of a demo without a target; return the command that begins or resumes it."""
    rest, _, file = program.partition('@')
    name, _, preset = rest.partition(':')
    demo = read_yaml(config_folder() / 'demos' / f'{name}.yaml')
    algorithm = load_algorithm(preset or demo['algorithm'])
    demo = {key: value for key, value in demo.items() if key not in ('target_return', 'film')}
    demo.update(
        robot=str(Path(file).resolve()) if file else demo['robot'],
        algorithm=preset or demo['algorithm'],
        evaluation_episodes=1,
        checkpoint_period_s=5.0,
        max_steps=steps + EVALUATE_EVERY,  # the last evaluation needs a policy after `steps`
    )
    (folder / DEMO).write_text(yaml.safe_dump(demo), encoding='utf-8')
    settings = {'steps': steps, 'updates_to_data': algorithm.updates_to_data}
    (folder / 'settings.json').write_text(json.dumps({**settings, 'warmup': demo['warmup']}))
    command = [sys.executable, '-m', 'rl_learner.cli.demo']
    run = folder / 'run'
    if (run / 'demo.json').exists():
        return [*command, '--resume', str(run)]
    options = ['--robot', str(folder / DEMO), '--seed', str(seed)]
    return [*command, *options, '--runs', str(folder), '--name', run.name]


def watch(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Evaluate each policy that a demo saves; end the demo when its run is over."""
    settings = json.loads((folder / 'settings.json').read_text())
    curve, file = Curve(folder, settings['steps']), folder / 'run' / 'policy.npz'
    evaluation = Evaluation(load_robot(read_yaml(folder / DEMO)['robot']))
    seen_ns = file.stat().st_mtime_ns if file.exists() else 0
    while process.poll() is None:
        time.sleep(1.0)
        if not file.exists() or file.stat().st_mtime_ns == seen_ns:
            continue
        seen_ns = file.stat().st_mtime_ns
        parameters, spent_s = load_policy(file), processor_s(process.pid)
        step = settings['warmup'] + round(parameters.updates / settings['updates_to_data'])
        if curve.is_due(step):
            policy = Policy(parameters)

            def act(observation: Any, policy: Policy = policy) -> Any:
                return policy.act(observation, np.random.default_rng(0), deterministic=True)

            curve.add(step, evaluation.run(act), parameters.updates, spent_s)
            if curve.is_over:
                process.send_signal(signal.SIGINT)
                return


def python_path() -> str:
    """Return PYTHONPATH with the folder of the workers."""
    given = os.environ.get('PYTHONPATH', '')
    return os.pathsep.join(filter(None, [str(ROOT / 'bench'), given]))


def processor_s(pid: int) -> float:
    """Return the processor time of a process and its children, s."""
    total = 0.0
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            total += used.user + used.system
    return total


def summarise(rows: Sequence[dict[str, str]], program: str) -> dict[str, Any]:
    """Return for each seed when the success was reached, and the last evaluation."""
    summary: dict[str, Any] = {}
    for seed in sorted({row['seed'] for row in rows if row['program'] == program}):
        found = [row for row in rows if row['program'] == program and row['seed'] == seed]
        first = next((row for row in found if float(row['success']) >= SUCCESS_RATE), None)
        names = ('step', 'success', 'near', 'mean_return', 'processor_s', 'wall_s')
        summary[seed] = {
            'reached': first and {name: float(first[name]) for name in names},
            'last': {name: float(found[-1][name]) for name in names},
        }
    return summary


if __name__ == '__main__':
    main()
