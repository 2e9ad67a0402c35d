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

"""Rows read from the journal, from any position."""

import dataclasses
from pathlib import Path

from batches import LAYOUT, make_batch, SPACES
from fed_replay import FedReplay
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.errors import JournalError
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files, transitions_before
from rl_learner.journal.journal_rows import JournalRows


def read_all(rows: JournalRows, most: int = 1000) -> NDArray[np.float32]:
    """Return all rows from the reader's position on."""
    parts: list[NDArray[np.float32]] = []
    while True:
        part = rows.read(most)
        if not len(part):
            return np.concatenate([np.empty((0, LAYOUT.width), np.float32), *parts])
        parts.append(part)


@pytest.mark.parametrize('n_step', [1, 3])
@pytest.mark.parametrize('most', [1, 7, 1000])
def test_rows_do_not_depend_on_where_reading_starts(
    tmp_path: Path, n_step: int, most: int
) -> None:
    """Across files and restarts of the bridge; each transition becomes one row."""
    replay = FedReplay(tmp_path, n_step=n_step)
    reader, live = replay.rows(), []
    for _ in range(4):
        replay.live(4, 1, 7, truncated_at=replay.next + 2)
        live.append(read_all(reader, most))
    replay.restart_bridge()
    reader = JournalRows(
        tmp_path, lambda: replay.journal.written, LAYOUT, n_step=n_step, gamma=0.5
    )
    expected = read_all(reader)
    assert len(expected) == reader.position == replay.journal.written.total == 96
    seen = np.concatenate(live)
    np.testing.assert_array_equal(seen, expected[: len(seen)])
    assert len(seen) >= 96 - 2 * (n_step - 1)
    assert replay.journal.files > 2
    for position in range(0, 96, 5):
        reader.seek(position)
        np.testing.assert_array_equal(read_all(reader, most), expected[position:])


def test_n_step_sums_are_per_robot(tmp_path: Path) -> None:
    """Three steps, gamma 1/2, truncated at number 4; by hand, for two robots in turn."""
    replay = FedReplay(tmp_path, n_step=3)
    replay.live(2, 1, 1, truncated_at=4)
    rows = LAYOUT.unpack(read_all(replay.rows()))
    assert rows.reward.tolist() == [2.75, 2.75, 4.5, 5.0, 4.0, 4.5, 5.0, 4.0]
    assert rows.num_steps.tolist() == [3, 3, 3, 2, 1, 3, 2, 1]


def test_deleted_rows_are_reported(tmp_path: Path) -> None:
    replay = FedReplay(tmp_path, file_bytes=1000)
    replay.live(5, 5, 5)
    min(tmp_path.glob('*.mcap')).unlink()
    with pytest.raises(JournalError, match='number 0 was already removed'):
        replay.rows().seek(0)


def test_file_missing_in_the_middle_is_reported(tmp_path: Path) -> None:
    """Otherwise rows would be numbered wrongly from there on."""
    replay = FedReplay(tmp_path, file_bytes=1000)
    replay.live(5, 5, 5)
    first, second, third, *_ = journal_files(tmp_path)
    second.unlink()
    missing = f'{first}: given rows up to number {transitions_before(second)}; accepted: up to'
    with pytest.raises(JournalError, match=f'{missing} {transitions_before(third)}'):
        read_all(replay.rows())


def test_no_n_step_sum_crosses_missing_numbers(tmp_path: Path) -> None:
    """A robot at rest looks the same after the gap as before (RLinf/RLinf#698).

    There, a mask put steps of a person next to each other that were not.

    Numbers 1, 2, 5, 6 with reward 1 and gamma 1/2, three steps: each pair is for itself.
    """
    journal = Journal(tmp_path, SPACES.fingerprint, JournalSettings())
    for first in (1, 5):
        batch = make_batch(first, 2)
        still = {
            name: np.zeros((2, 3), np.float32) for name in ('observation', 'next_observation')
        }
        columns = {**batch.columns, **still, 'reward': np.ones(2, np.float32)}
        journal.append([encode(dataclasses.replace(batch, columns=columns))], 2, {})
    rows = JournalRows(tmp_path, lambda: journal.written, LAYOUT, n_step=3, gamma=0.5)
    complete = LAYOUT.unpack(read_all(rows))
    assert complete.reward.tolist() == [1.5, 1.0]  # the others wait for more
    assert complete.num_steps.tolist() == [2, 1]
    journal.close()
