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

"""Bad transitions of an older journal: training leaves them out, and all others stay the same."""

from collections.abc import Iterator
import dataclasses
import math
from pathlib import Path

from batches import LAYOUT, make_batch
from fed_replay import FedReplay
import numpy as np
import pytest
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal_reader import journal_files
from rl_learner.replay.sampler import ReplaySampler

POISON: dict[str, dict[int, float]] = {
    'reward': {2: math.nan, 9: 3e38},
    'action': {3: 1e30},
    'observation': {5: math.inf},
    'next_observation': {6: math.nan},
    'terminated': {7: 7},
}
GOOD = [1, 4, 8, 10]


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[FedReplay]:
    replay = FedReplay(tmp_path)
    yield replay
    replay.end_server()


def poisoned(first: int, count: int, **values: dict[int, float]) -> bytes:
    """Return a batch as bridges of before stored it, with values by number in some columns."""
    batch = make_batch(first, count)
    columns = {name: array.copy() for name, array in batch.columns.items()}
    for name, by_number in values.items():
        for number, value in by_number.items():
            columns[name][number - first] = value
    return encode(dataclasses.replace(batch, columns=columns))


@pytest.mark.parametrize('most', [1, 7, 1000])
def test_bad_rows_of_an_older_journal_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, most: int
) -> None:
    """They become rows of zeros, so that the others keep their numbers."""
    replay = FedReplay(tmp_path)
    replay.live(1)  # robots 1 and 2, number 1
    replay.journal.append([poisoned(2, 9, **POISON)], 9, {})
    reader = replay.rows()
    parts = []
    while len(part := reader.read(most)):
        parts.append(part)
    rows = np.concatenate(parts)
    assert np.isfinite(rows).all()
    assert reader.position == len(rows) == 11
    rewards = [1, 1, 0, 0, 4, 0, 0, 0, 8, 0, 10]
    assert LAYOUT.unpack(rows).reward.tolist() == rewards
    assert (rows[LAYOUT.unpack(rows).reward == 0] == 0.0).all()
    assert reader.left_out == 6
    (record,) = caplog.records  # one for the file
    text = record.getMessage()
    assert str(journal_files(tmp_path)[0]) in text
    assert "transition 2 of robot 'robot_1', session 'session_a'" in text
    reader.seek(5)
    assert LAYOUT.unpack(reader.read(1000)).reward.tolist() == rewards[5:]
    assert reader.left_out == 6


def test_no_sum_crosses_a_row_that_is_left_out(tmp_path: Path) -> None:
    """Three steps, gamma 1/2, number 3 left out; the robot stands still, so that all match."""
    replay = FedReplay(tmp_path, n_step=3)
    batch = make_batch(1, 8, truncated_at=8)
    still = np.zeros((8, 3), np.float32)
    reward = batch.columns['reward'].copy()
    reward[2] = math.nan
    columns = {
        **batch.columns, 'observation': still, 'next_observation': still, 'reward': reward,
    }  # fmt: skip
    replay.journal.append([encode(dataclasses.replace(batch, columns=columns))], 8, {})
    rows = LAYOUT.unpack(replay.rows().read(1000))
    assert rows.reward.tolist() == [2.0, 2.0, 0.0, 8.0, 9.75, 11.5, 11.0, 8.0]
    assert rows.num_steps.tolist() == [2, 1, 0, 3, 3, 3, 2, 1]


def test_reverb_never_returns_what_is_left_out(replay: FedReplay) -> None:
    replay.serve()
    replay.journal.append([poisoned(1, 10, **POISON)], 10, {})
    replay.feed()
    assert replay.stored() == GOOD


def test_a_table_of_left_out_rows_waits_for_a_good_one(replay: FedReplay) -> None:
    server = replay.serve()
    nothing = {'reward': dict.fromkeys(range(1, 41), math.nan)}
    replay.journal.append([poisoned(1, 40, **nothing)], 40, {})
    replay.feed()
    assert server.counts() == (40, 40)
    sampler = ReplaySampler(server, width=LAYOUT.width, batch_size=4, updates_per_block=1)
    assert sampler.next_block(1.0) is None
    replay.journal.append([encode(make_batch(41, 16))], 16, {})
    replay.feed()
    block = sampler.next_block(30.0)
    sampler.stop()
    assert block is not None
    assert set(LAYOUT.unpack(block.reshape(-1, LAYOUT.width)).reward) <= set(range(41, 57))


@pytest.mark.parametrize('n_step', [1, 3])
def test_a_batch_of_other_sizes_is_left_out(tmp_path: Path, n_step: int) -> None:
    replay = FedReplay(tmp_path, n_step=n_step)
    other = encode(make_batch(3, 4, observation_size=7))
    for first, message in ((1, encode(make_batch(1, 2))), (3, other)):
        replay.journal.append([message], 2 if first == 1 else 4, {})
    replay.journal.append([encode(make_batch(7, 2, truncated_at=8))], 2, {})
    rows = LAYOUT.unpack(replay.rows().read(1000))
    assert rows.num_steps.tolist()[2:6] == [0, 0, 0, 0]
    assert (
        rows.reward.tolist()
        == {
            1: [1, 2, 0, 0, 0, 0, 7, 8],
            3: [2, 2, 0, 0, 0, 0, 11, 8],
        }[n_step]
    )
