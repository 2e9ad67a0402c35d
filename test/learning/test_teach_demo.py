# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A demo with a scripted person: demonstrations, takeovers, and a learner that uses both."""

import json
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest
from rl_agent.transport.transition import Intervention
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.episode_log import read_episodes
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE

DEMO = """
robot: peg
algorithm: small.yaml
max_steps: 900
target_return: 0.95
highest_return: 1
evaluation_episodes: 2
person: {demonstrations: 2, takes_over: true}
"""
ALGORITHM = """
actor_hidden_sizes: [32, 32]
critic_hidden_sizes: [32, 32]
batch_size: 32
warmup: 100
uniform_start: false
demonstration_fraction: 0.5
pretraining_updates: 20
"""


def demo(folder: Path, environment: dict[str, str], *options: str) -> str:
    """Return what a demo prints; it need not have learned anything."""
    done = subprocess.run(
        [sys.executable, '-m', 'rl_learner.cli.demo', *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert 'error' not in done.stderr
    return done.stdout


def chosen_by(folder: Path, journal: str) -> list[int]:
    """Return who chose each stored action."""
    columns = [batch.columns['intervention'] for batch in read_journal(folder / journal)]
    return [int(value) for value in np.concatenate(columns)]


@pytest.mark.timeout(900)
def test_a_person_shows_helps_and_is_learned_from(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / 'taught.yaml').write_text(DEMO)
    (tmp_path / 'small.yaml').write_text(ALGORITHM)
    output = demo(tmp_path, ros_environment, '--robot', 'taught.yaml', '--name', 'run')
    run = tmp_path / 'runs' / 'run'
    assert output.count(': success, ') >= 2
    summary = json.loads((run / 'summary.json').read_text())
    assert summary['updates'] > 100
    experience, shown = chosen_by(run, EXPERIENCE), chosen_by(run, DEMONSTRATIONS)
    helped = experience.count(Intervention.PERSON)
    assert helped > 0
    assert len(shown) > helped + 40  # two demonstrations, and each step of help
    rows = read_episodes(run / 'episodes.csv')
    # the last episode may have been cut off before it was told
    assert 0 < sum(row.person_steps for row in rows) <= helped
    assert {row.outcome for row in rows} <= {'success', 'failure', ''}

    again = demo(tmp_path, ros_environment, '--resume', str(run), '--steps', '300')
    assert 'dropped' not in again
    assert 'kept' not in again  # what was shown is stored
    assert len(chosen_by(run, EXPERIENCE)) > len(experience)
