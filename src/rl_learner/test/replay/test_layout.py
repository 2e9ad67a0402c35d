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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Layout of replay rows."""

import numpy as np
import pytest
from rl_learner.replay.layout import ReplayLayout
import torch


def test_fields_are_consecutive():
    layout = ReplayLayout(2, 3)
    row = layout.pack([[1, 2]], [[3, 4, 5]], [6], [[7, 8]], [True], [9])
    assert row.dtype == np.float32
    assert row.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 1, 9]]
    assert layout.width == 10


@pytest.mark.parametrize('make', [np.asarray, torch.from_numpy])
def test_unpack_returns_views_with_the_leading_shape(make):
    layout = ReplayLayout(2, 1)
    rows = make(np.arange(2 * 4 * 8, dtype=np.float32).reshape(2, 4, 8))
    batch = layout.unpack(rows)
    assert batch.observation.shape == (2, 4, 2)
    assert batch.action.shape == (2, 4, 1)
    assert batch.reward.shape == batch.terminated.shape == batch.num_steps.shape == (2, 4)
    assert batch.reward[0, 0] == 3
    assert batch.next_observation[1, 3].tolist() == [60, 61]
    batch.reward[0, 0] = -1.0
    assert rows[0, 0, 3] == -1.0


def test_wrong_shapes_are_rejected():
    layout = ReplayLayout(2, 1)
    with pytest.raises(ValueError, match=r'action: given shape .1, 2.'):
        layout.pack([[1, 2]], [[3, 4]], [6], [[7, 8]], [0])
    with pytest.raises(ValueError, match=r'accepted: .*, 8'):
        layout.unpack(np.zeros((3, 9), np.float32))
    with pytest.raises(ValueError, match='accepted: 1 or more'):
        ReplayLayout(0, 1)
