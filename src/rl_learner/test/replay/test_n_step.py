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
"""Tables of one-step transitions and the exact rows expected from them."""

import numpy as np
import pytest
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.n_step import NStep
from rl_learner.replay.transition_arrays import TransitionArrays

LAYOUT = ReplayLayout(1, 1)
GAMMA = 0.5


def steps(*table):
    """Return transitions from tuples in the order of the fields of TransitionArrays."""
    observation, action, reward, next_observation, terminated, truncated, episode = zip(
        *table, strict=True
    )
    return TransitionArrays(
        observation=np.array(observation, np.float32)[:, None],
        action=np.array(action, np.float32)[:, None],
        reward=np.array(reward, np.float32),
        next_observation=np.array(next_observation, np.float32)[:, None],
        terminated=np.array(terminated, np.bool_),
        truncated=np.array(truncated, np.bool_),
        episode=np.array(episode, np.uint32),
    )


def test_one_step_rows_are_the_transitions():
    rows = NStep(LAYOUT, 1, GAMMA).push(
        steps((0, 0.1, 1, 1, 0, 0, 1), (1, 0.2, 2, 2, 1, 0, 1), (5, 0.3, 3, 6, 0, 1, 2))
    )
    expected = [[0, 0.1, 1, 1, 0, 1], [1, 0.2, 2, 2, 1, 1], [5, 0.3, 3, 6, 0, 1]]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


@pytest.mark.parametrize(('terminated', 'truncated'), [(1, 0), (0, 1)])
@pytest.mark.parametrize('at_once', [True, False])
def test_three_step_rows_up_to_an_end(terminated, truncated, at_once):
    table = [
        (0, 0.0, 1, 1, 0, 0, 1),
        (1, 0.1, 2, 2, 0, 0, 1),
        (2, 0.2, 4, 3, 0, 0, 1),
        (3, 0.3, 8, 4, terminated, truncated, 1),
        (7, 0.4, 16, 8, 0, 0, 2),
    ]
    n_step = NStep(LAYOUT, 3, GAMMA)
    parts = [table] if at_once else [[row] for row in table]
    rows = np.concatenate([n_step.push(steps(*part)) for part in parts])
    expected = [
        [0, 0.0, 1 + 1 + 1, 3, 0, 3],
        [1, 0.1, 2 + 2 + 2, 4, terminated, 3],
        [2, 0.2, 4 + 4, 4, terminated, 2],
        [3, 0.3, 8, 4, terminated, 1],
    ]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    assert n_step.waiting == 1
    np.testing.assert_allclose(n_step.flush(), [[7, 0.4, 16, 8, 0, 1]], rtol=1e-6)
    assert n_step.waiting == 0


@pytest.mark.parametrize('following', [(9, 0.1, 2, 10, 0, 0, 1), (1, 0.1, 2, 2, 0, 0, 2)])
def test_row_before_a_gap_or_new_episode_bootstraps(following):
    n_step = NStep(LAYOUT, 2, GAMMA)
    assert len(n_step.push(steps((0, 0.0, 1, 1, 0, 0, 1)))) == 0
    np.testing.assert_allclose(n_step.push(steps(following)), [[0, 0.0, 1, 1, 0, 1]])


@pytest.mark.parametrize('length', [1, 2, 3, 7])
def test_every_transition_becomes_one_row(length):
    rng = np.random.default_rng(length)
    n_step, count, rows = NStep(LAYOUT, length, GAMMA), 200, []
    ends = rng.random(count) < 0.2
    table = [
        (index, 0.0, rng.normal(), index + 1, end and index % 2, end and index % 2 == 0, 1)
        for index, end in enumerate(ends)
    ]
    while table:
        cut = int(rng.integers(1, 20))
        rows.append(n_step.push(steps(*table[:cut])))
        table = table[cut:]
    rows.append(n_step.flush())
    assert LAYOUT.unpack(np.concatenate(rows)).observation[:, 0].tolist() == list(range(count))
