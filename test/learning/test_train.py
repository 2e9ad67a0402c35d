# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_train` as users run it: trained, interrupted, killed, resumed; nothing lost or twice."""

from collections.abc import Iterator
import json
from pathlib import Path
import signal
import subprocess
import time

from fleet import ended, start_module
import numpy as np
import pytest
from rl_agent.policy.policy_file import load_policy
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.episode_log import read_episodes
from rl_learner.run.manifest import read_run

SMALL = """
actor_hidden_sizes: [32, 32]
critic_hidden_sizes: [32, 32]
batch_size: 64
warmup: 200
"""
# the task's state counts its steps, so that the journal shows what is missing
COUNTING = """
import gymnasium, numpy as np
from gymnasium.spaces import Box

class Counting(gymnasium.Env):
    observation_space = Box(-np.inf, np.inf, (1,))
    action_space = Box(-1.0, 1.0, (1,))
    fault_at = 0
    count = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.array([self.count], np.float32), {}

    def step(self, action):
        self.count += 1
        if self.count == self.fault_at:
            raise OSError('cable pulled')
        return np.array([self.count], np.float32), 1.0, False, False, {}

class Pulled(Counting):
    fault_at = 130

gymnasium.register('Counting-v0', entry_point=Counting, max_episode_steps=50)
gymnasium.register('Pulled-v0', entry_point=Pulled, max_episode_steps=50)
"""


class Train:
    """`rl_train` with a small algorithm in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Write its files."""
        (folder / 'small.yaml').write_text(SMALL)
        (folder / 'counting_tasks.py').write_text(COUNTING)
        self.folder, self.run = folder, folder / 'runs' / 'run'
        self._environment = {**environment, 'PYTHONPATH': str(folder)}
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start it."""
        self.process = start_module(
            'rl_learner.cli.train', *options, environment=self._environment, cwd=self.folder
        )
        return self.process

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """Start a new run."""
        return self.start('--algorithm', 'small.yaml', '--name', 'run', *options)

    def end(self, code: int) -> tuple[str, str]:
        """Return its output after it ended with an exit code."""
        assert self.process is not None
        return ended(self.process, code)

    def wait_for_steps(self, steps: int) -> None:
        """Wait until the journal has so many steps."""
        deadline_s = time.monotonic() + 120
        while self.stored() < steps:
            assert self.process is not None
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline_s
            time.sleep(0.2)

    def stored(self) -> int:
        """Return how many transitions the journal has."""
        folder = self.run / 'experience'
        return sum(map(len, read_journal(folder))) if folder.exists() else 0

    def counts(self) -> dict[str, list[int]]:
        """Return session to the task's count after each of its transitions."""
        found: dict[str, list[int]] = {}
        for batch in read_journal(self.run / 'experience'):
            column = batch.columns['next_observation'][:, 0]
            found.setdefault(batch.sender.session, []).extend(map(int, column))
        return found


@pytest.fixture
def train(tmp_path: Path, ros_environment: dict[str, str]) -> Iterator[Train]:
    made = Train(tmp_path, ros_environment)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.communicate()


@pytest.mark.timeout(300)
def test_a_run_has_what_runs_of_robots_have(train: Train) -> None:
    options = ('--task', 'Pendulum-v1', '--steps', '900', '--robots', '2')
    train.begin(*options, '--evaluate-every', '400', '--evaluation-episodes', '2')
    output, _ = train.end(0)
    assert '2 deterministic episodes: mean return' in output
    assert train.stored() == 900
    assert read_run(train.run).algorithm.batch_size == 64
    policy = load_policy(train.run / 'policy.npz')
    assert (policy.updates, policy.architecture.observation_size) == (700, 3)
    rows = read_episodes(train.run / 'episodes.csv')
    assert {row.robot for row in rows} == {'robot_1', 'robot_2'}
    assert sum(row.steps for row in rows) == rows[-1].total_steps == 900
    evaluated = [row for row in rows if row.evaluation]
    assert len(evaluated) in (4, 6)  # two or three evaluations: robots share the steps
    assert all(-2000 < row.episode_return < 0 for row in rows)
    assert any((train.run / 'tensorboard').iterdir())
    assert any((train.run / 'checkpoints').iterdir())


@pytest.mark.timeout(400)
def test_a_run_learns_from_demonstrations_too(train: Train) -> None:
    """30 updates from them alone, then one for each of 300 transitions after 200."""
    (train.folder / 'taught.yaml').write_text(
        SMALL + 'demonstration_fraction: 0.5\npretraining_updates: 30\n'
    )
    task = ('--task', 'Pendulum-v1', '--evaluation-episodes', '0')
    train.begin(*task, '--steps', '250')
    train.end(0)
    good = train.run.rename(train.folder / 'good')
    taught = ('--algorithm', 'taught.yaml', '--name', 'run', '--steps', '500')
    train.start(*task, *taught, '--demonstrations', str(good))
    _, errors = train.end(2)
    assert 'a run without demonstrations; accepted' in errors
    train.run.rename(train.folder / 'refused')
    experience = ('--demonstrations', str(good / 'experience'))
    train.start(*task, *taught, *experience)
    output, _ = train.end(0)
    assert '250 demonstrations, 250 of them new' in output
    assert train.stored() == 500
    assert sum(map(len, read_journal(train.run / 'demonstrations'))) == 250
    assert load_policy(train.run / 'policy.npz').updates == 30 + 300
    train.start('--resume', str(train.run), '--steps', '50', *experience)
    output, _ = train.end(0)
    assert '250 demonstrations, 0 of them new' in output
    assert load_policy(train.run / 'policy.npz').updates == 30 + 350


@pytest.mark.timeout(200)
def test_demonstrations_that_nothing_uses_are_refused(train: Train, tmp_path: Path) -> None:
    train.begin('--task', 'Pendulum-v1', '--demonstrations', str(tmp_path))
    _, errors = train.end(2)
    assert '--demonstrations: given with small.yaml, whose demonstration_fraction is 0' in errors
    assert not train.run.exists()


@pytest.mark.timeout(400)
def test_nothing_is_lost_or_twice_when_it_is_interrupted_and_killed(train: Train) -> None:
    process = train.begin('--task', 'counting_tasks:Counting-v0', '--steps', '100000')
    train.wait_for_steps(400)
    process.send_signal(signal.SIGINT)
    train.end(130)
    first = train.counts()
    (counts,) = first.values()
    assert counts == list(range(1, len(counts) + 1))
    stored = len(counts)
    updates = load_policy(train.run / 'policy.npz').updates
    assert updates > 0

    process = train.start('--resume', str(train.run), '--steps', '100000')
    train.wait_for_steps(stored + 300)
    process.kill()
    process.communicate()
    killed = train.counts()
    assert first.items() <= killed.items()
    for counts in killed.values():  # whatever is stored has no gap
        assert counts == list(range(1, len(counts) + 1))

    train.start('--resume', str(train.run), '--steps', '200', '--evaluation-episodes', '1')
    train.end(0)
    assert train.stored() == sum(map(len, killed.values())) + 200
    policy = load_policy(train.run / 'policy.npz')
    # those lost with the kill are repeated; one update for each transition after the warm-up
    assert policy.updates == pytest.approx(train.stored() - 200, abs=2)


@pytest.mark.timeout(200)
def test_a_task_that_fails_keeps_what_was_learned(train: Train) -> None:
    train.begin('--task', 'counting_tasks:Pulled-v0', '--steps', '1000', '--robots', '2')
    _, errors = train.end(1)
    assert errors.startswith('rl_train: error: task ')
    assert 'step raised OSError: cable pulled; accepted: a task whose step works' in errors
    assert errors.count('\n') == 1
    counts = train.counts().values()
    assert max(map(len, counts)) == 129
    assert (train.run / 'policy.npz').exists()


def test_wrong_options_are_named_before_anything_is_written(train: Train) -> None:
    for options, code, words in (
        (('--task', 'CartPole-v1'), 2, 'accepted: Box: soft actor-critic'),
        (('--task', 'Pendulum-v1', '--robot', 'arm'), 2, '--task, --robot: accepted: one'),
        ((), 2, '--task, --robot: accepted: one of them'),
        (('--robot', 'ur5e'), 2, 'simulation: missing'),
        (('--robot', 'arm', '--episode-steps', '3'), 2, '--episode-steps: given without --task'),
        (('--resume', '.', '--task', 'Pendulum-v1'), 2, '--task: given with --resume'),
        (('--resume', '.'), 2, 'accepted: the run folder of rl_train'),
    ):
        train.start(*options)
        _, errors = train.end(code)
        assert words in errors
        assert errors.count('\n') == 1
    assert not (train.folder / 'runs').exists()


@pytest.mark.timeout(200)
def test_options_of_a_run_are_kept(train: Train) -> None:
    train.begin(
        '--robot', 'pendulum', '--steps', '60', '--seed', '4', '--evaluation-episodes', '0'
    )
    train.end(0)
    (train.folder / 'small.yaml').unlink()  # the algorithm is in run.json
    moved = train.folder / 'moved'
    train.run.rename(moved)
    train.start('--resume', str(moved), '--algorithm', 'sac')
    _, errors = train.end(2)
    assert '--algorithm: given sac with --resume; accepted: small.yaml' in errors
    train.start('--resume', str(moved), '--steps', '40')
    train.end(0)
    kept = json.loads((moved / 'train.json').read_text())
    assert (kept['robot'], kept['seed']) == ('pendulum', 4)
    rewards = [batch.columns['reward'] for batch in read_journal(moved / 'experience')]
    assert len(np.concatenate(rewards)) == 100


@pytest.mark.timeout(300)
def test_rare_updates_do_not_stop_the_robots(train: Train) -> None:
    """A block of updates may need more transitions than robots are usually ahead."""
    (train.folder / 'rare.yaml').write_text(SMALL + 'updates_to_data: 0.01\n')
    options = ('--steps', '900', '--evaluation-episodes', '0', '--name', 'run')
    train.start('--task', 'counting_tasks:Counting-v0', '--algorithm', 'rare.yaml', *options)
    train.end(0)
    assert train.stored() == 900
