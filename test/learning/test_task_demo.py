# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`demo --task` with a task of somebody's own: trained, resumed, evaluated, stopped by faults."""

import json
from pathlib import Path
import subprocess
import sys

import pytest
from rl_agent.policy.policy_file import load_policy
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.episode_log import read_episodes
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import read_run

# A point that must stay at the origin; the action moves it. Dict observations, uneven bounds.
MODULE = """
import gymnasium, numpy as np
from gymnasium.spaces import Box, Dict

class Point(gymnasium.Env):
    metadata = {'render_modes': ['rgb_array'], 'render_fps': 10}
    observation_space = Dict({'x': Box(-np.inf, np.inf, (1,)), 'last': Box(-1.0, 3.0, (1,))})
    action_space = Box(np.float32([-1.0]), np.float32([3.0]))

    def __init__(self, fault_at=0, render_mode=None):
        self.render_mode, self.fault_at, self.total = render_mode, fault_at, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-2.0, 2.0, 1).astype(np.float32)
        return {'x': self.x, 'last': np.zeros(1, np.float32)}, {}

    def step(self, action):
        self.total += 1
        if self.total == self.fault_at:
            raise ValueError('the motor is hot')
        self.x = np.clip(self.x + 0.2 * action, -4.0, 4.0).astype(np.float32)
        far = bool(abs(self.x[0]) > 3.9)
        return {'x': self.x, 'last': action}, -float(self.x[0] ** 2), far, False, {}

    def render(self):
        frame = np.full((64, 64, 3), 255, np.uint8)
        frame[28:36, int(32 + 7 * self.x[0])] = 0
        return frame

gymnasium.register('Point-v0', entry_point=Point, max_episode_steps=30)
gymnasium.register('Hot-v0', entry_point=Point, max_episode_steps=30, kwargs={'fault_at': 100})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'point_tasks.py').write_text(MODULE)
    return tmp_path


def run(
    folder: Path, environment: dict[str, str], module: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run a tool of the learner in a folder, whose modules it can import."""
    return subprocess.run(
        [sys.executable, '-m', f'rl_learner.cli.{module}', *options],
        cwd=folder,
        env={**environment, 'PYTHONPATH': str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.timeout(900)
def test_a_task_is_trained_resumed_and_evaluated(
    ros_environment: dict[str, str], folder: Path
) -> None:
    options = ('--task', 'point_tasks:Point-v0', '--robots', '2', '--steps', '2500')
    demo = run(folder, ros_environment, 'demo', *options, '--name', 'run')
    assert demo.returncode == 0, demo.stdout + demo.stderr
    result = folder / 'runs' / 'run'
    summary = json.loads((result / 'summary.json').read_text())
    assert (summary['verdict'], summary['robot'], summary['robots']) == ('finished', 'Point_v0', 2)
    assert summary['steps'] == summary['transitions_stored'] > 1000
    assert len(summary['evaluation_returns']) == 10
    assert (result / 'film.gif').stat().st_size > 0

    policy = load_policy(result / 'policy.npz')
    assert (policy.architecture.observation_size, policy.architecture.action_size) == (2, 1)

    again = run(folder, ros_environment, 'demo', '--resume', str(result), '--steps', '500')
    assert again.returncode == 0, again.stdout + again.stderr
    resumed = json.loads((result / 'summary.json').read_text())
    stored = summary['transitions_stored'] + resumed['steps']
    assert resumed['transitions_stored'] == stored
    assert resumed['updates'] > summary['updates'] > 0

    for where in (['--task', 'point_tasks:Point-v0'], []):
        evaluation = run(folder, ros_environment, 'evaluate', str(result), *where, '--json')
        assert evaluation.returncode == 0, evaluation.stderr
        content = json.loads(evaluation.stdout.splitlines()[-1])
        assert content['all']['mean'] > -60.0  # standing still: -40; the highest action: -450


@pytest.mark.timeout(300)
def test_a_task_that_fails_during_training_is_named(
    ros_environment: dict[str, str], folder: Path
) -> None:
    demo = run(folder, ros_environment, 'demo', '--task', 'point_tasks:Hot-v0', '--steps', '900')
    assert demo.returncode == 1
    assert "task 'point_tasks:Hot-v0', step " in demo.stderr
    assert 'step raised ValueError: the motor is hot; accepted: a task' in demo.stderr
    assert 'Traceback' not in demo.stdout + demo.stderr


def test_nothing_starts_for_a_task_that_cannot_be_used(
    ros_environment: dict[str, str], folder: Path
) -> None:
    for task, words in (
        ('CartPole-v1', 'accepted: Box: soft actor-critic needs continuous actions'),
        ('Point-v0', "`Point` doesn't exist"),
    ):
        demo = run(folder, ros_environment, 'demo', '--task', task)
        assert (demo.returncode, demo.stdout) == (1, '')
        assert demo.stderr.startswith('error: task ')
        assert words in demo.stderr
        assert demo.stderr.count('\n') == 1
    assert not (folder / 'runs').exists()


@pytest.mark.timeout(300)
def test_all_robots_in_one_process(ros_environment: dict[str, str], folder: Path) -> None:
    (folder / 'short.yaml').write_text('warmup: 400\n')
    options = '--task point_tasks:Point-v0 --robots 3 --vectorised --steps 900 --name run'
    demo = run(folder, ros_environment, 'demo', *options.split(), '--algorithm', 'short.yaml')
    assert demo.returncode == 0, demo.stdout + demo.stderr
    result = folder / 'runs' / 'run'
    assert (result / 'algorithm.yaml').read_text() == 'warmup: 400\n'
    assert read_run(result).algorithm.warmup == 400
    stored = sum(map(len, read_journal(result / EXPERIENCE)))
    assert stored > 400  # how many more depends on when the evaluation ends
    (folder / 'short.yaml').unlink()
    again = run(folder, ros_environment, 'demo', '--resume', 'runs/run', '--steps', '200')
    assert again.returncode == 0, again.stdout + again.stderr
    assert sum(map(len, read_journal(result / EXPERIENCE))) > stored
    robots = {row.robot for row in read_episodes(result / 'episodes.csv')}
    assert robots == {'robot_1', 'robot_2', 'robot_3'}
    logs = sorted(path.stem for path in (result / 'logs-2').glob('*.log'))
    assert logs == ['learner', 'recorder', 'replay_bridge', 'simulated_fleet']

    options = '--task point_tasks:Hot-v0 --robots 2 --vectorised --steps 900'
    failed = run(folder, ros_environment, 'demo', *options.split())
    assert failed.returncode == 1
    assert 'step raised ValueError: the motor is hot; accepted: a task' in failed.stderr
    assert 'Traceback' not in failed.stdout + failed.stderr
