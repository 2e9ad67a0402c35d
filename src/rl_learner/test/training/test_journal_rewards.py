# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Reward statistics follow the journal, and continue after a restart."""

import dataclasses
import logging
from pathlib import Path

from batches import make_batch, ONE, SPACES
import numpy as np
import pytest
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files
from rl_learner.normalisation.return_statistics import ReturnStatistics
from rl_learner.training.journal_rewards import JournalRewards

TWO = dataclasses.replace(ONE, robot='robot_2')
GAMMA = 0.5


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        """Start at 0."""
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def write(journal: Journal, *batches: TransitionBatch) -> None:
    """Append batches."""
    for batch in batches:
        journal.append([encode(batch)], len(batch), {})


def deviation(*episodes: list[float]) -> float:
    """Return the deviation of all discounted sums, by their definition."""
    sums = [
        sum(GAMMA ** (step - past) * rewards[past] for past in range(step + 1))
        for rewards in episodes
        for step in range(len(rewards))
    ]
    return float(np.std(sums)) + 1e-8


def test_statistics_follow_the_journal_and_continue_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path, SPACES.fingerprint, JournalSettings())
    statistics, clock = ReturnStatistics(GAMMA), Clock()
    rewards = JournalRewards(tmp_path, statistics, clock=clock)
    write(journal, make_batch(1, 3), make_batch(1, 2, sender=TWO), make_batch(4, 1))
    rewards.follow()
    assert statistics.denominator == pytest.approx(deviation([1, 2, 3, 4], [1, 2]))
    write(journal, make_batch(3, 2, sender=TWO))
    rewards.follow()  # too soon
    assert statistics.position == 6
    resumed = ReturnStatistics(GAMMA)
    resumed.load_state_dict(statistics.state_dict())
    clock.now_s = 1.0
    rewards.follow()
    JournalRewards(tmp_path, resumed).follow()
    assert statistics.denominator == pytest.approx(deviation([1, 2, 3, 4], [1, 2, 3, 4]))
    assert resumed.state_dict() == statistics.state_dict()


def test_bad_transitions_are_left_out(tmp_path: Path) -> None:
    """They are in journals of before values were checked."""
    journal = Journal(tmp_path, SPACES.fingerprint, JournalSettings())
    batch = make_batch(1, 4)
    reward = batch.columns['reward'].copy()
    reward[1] = np.nan
    bad = dataclasses.replace(batch, columns={**batch.columns, 'reward': reward})
    write(journal, bad)
    statistics = ReturnStatistics(GAMMA)
    JournalRewards(tmp_path, statistics).follow()
    assert statistics.denominator == pytest.approx(deviation([1], [3, 4]))
    assert statistics.position == 4


def test_a_journal_that_cannot_be_read_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path, SPACES.fingerprint, JournalSettings())
    write(journal, make_batch(1, 2))
    (path,) = journal_files(tmp_path)
    path.write_bytes(b'no journal' * 100)
    statistics, clock = ReturnStatistics(GAMMA), Clock()
    rewards = JournalRewards(tmp_path, statistics, clock=clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            rewards.follow()
            clock.now_s += 1.0
    (record,) = caplog.records
    assert record.getMessage().startswith(f'rewards are normalised as before: {path}')
    assert statistics.denominator == 1.0
