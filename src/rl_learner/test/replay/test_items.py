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

"""Conversion of rows to items and back, and the shuffle pool."""

import numpy as np
import pytest
from rl_learner.replay.items import items_for, ROWS_PER_ITEM, to_items, to_rows
from rl_learner.replay.shuffle_pool import ShufflePool


@pytest.mark.parametrize(
    ('count', 'items'),
    [(0, 0), (1, 1), (ROWS_PER_ITEM, 1), (ROWS_PER_ITEM + 1, 2), (5 * ROWS_PER_ITEM - 1, 5)],
)
def test_rows_from_items_have_no_padding(count: int, items: int) -> None:
    rows = np.arange(1, 3 * count + 1, dtype=np.float32).reshape(count, 3)
    packed = to_items(rows)
    assert packed.shape == (items, ROWS_PER_ITEM, 3)
    assert items_for(count) == items
    np.testing.assert_array_equal(to_rows(packed), rows)


def test_pool_returns_each_row_once() -> None:
    """After 50 exchanges of 30 rows, the drawn rows and the rest are exactly the rows put in."""
    pool = ShufflePool(1, 100, np.random.default_rng(2))
    numbers = np.arange(1600, dtype=np.float32).reshape(-1, 1)
    pool.add(numbers[:60])
    pool.add(numbers[60:100])
    assert len(pool) == 100
    drawn = [pool.exchange(numbers[start : start + 30]) for start in range(100, 1600, 30)]
    left = pool.exchange(np.full((100, 1), -1.0, np.float32))
    np.testing.assert_array_equal(np.sort(np.concatenate([*drawn, left]), axis=0), numbers)
    assert not np.array_equal(drawn[0], numbers[:30])
