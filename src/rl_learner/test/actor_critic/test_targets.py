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
"""Targets compared with values computed by hand."""

import pytest
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.critic_head import critic_targets
from rl_learner.actor_critic.targets import bellman_targets, kept_atoms, random_subset
from rl_learner.replay.layout import Batch
import torch


@pytest.mark.parametrize(
    ('critics', 'kept', 'expected'),
    [
        ([[5.0]], 1, [5.0]),
        ([[5.0], [2.0]], 1, [2.0]),  # clipped double Q
        ([[1.0, 9.0, 4.0], [3.0, 2.0, 8.0]], 4, [1.0, 2.0, 3.0, 4.0]),
        ([[1.0, 9.0, 4.0], [3.0, 2.0, 8.0]], 1, [1.0]),
        ([[1.0, 9.0], [7.0, -2.0], [8.0, 3.0]], 5, [-2.0, 1.0, 3.0, 7.0, 8.0]),
    ],
)
def test_lowest_atoms_of_the_pool_are_kept(critics, kept, expected):
    atoms = kept_atoms(torch.tensor([critics]), kept)
    assert atoms.tolist() == [expected]


def test_all_atoms_can_be_kept():
    atoms = kept_atoms(torch.tensor([[[2.0, 1.0], [4.0, 3.0]]]), 4)
    assert sorted(atoms[0].tolist()) == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize('kept', [0, 5])
def test_impossible_numbers_of_atoms_are_rejected(kept):
    with pytest.raises(ValueError, match='accepted: 1 to 4'):
        kept_atoms(torch.zeros(1, 2, 2), kept)


def test_only_terminated_stops_the_bootstrap():
    # a truncated transition has terminated = 0, so it bootstraps like any other
    reward = torch.tensor([1.0, 1.0])
    discount = torch.tensor([0.5, 0.5])
    terminated = torch.tensor([0.0, 1.0])
    atoms = torch.tensor([[10.0, 20.0], [10.0, 20.0]])
    bonus = torch.tensor([3.0, 3.0])  # - temperature log pi
    targets = bellman_targets(reward, discount, terminated, atoms, bonus)
    assert targets.tolist() == [[1 + 0.5 * 13, 1 + 0.5 * 23], [1.0, 1.0]]
    targets = bellman_targets(reward, discount, terminated, atoms, None)
    assert targets.tolist() == [[6.0, 11.0], [1.0, 1.0]]


@pytest.mark.parametrize(('backs_up', 'expected'), [(True, 1 + 0.5 * 13), (False, 6.0)])
def test_entropy_can_be_left_out_of_the_targets(backs_up, expected):
    algorithm = Algorithm(
        gamma=0.5, num_critics=1, num_quantiles=1, dropped_atoms=0, backup_entropy=backs_up
    )
    one = torch.ones(1)
    batch = Batch(
        observation=torch.zeros(1, 1),
        action=torch.zeros(1, 1),
        reward=one,
        next_observation=torch.zeros(1, 1),
        terminated=0 * one,
        num_steps=one,
    )
    targets = critic_targets(
        algorithm, batch, torch.tensor([[[10.0]]]), torch.tensor(1.5), torch.tensor([-2.0])
    )
    assert targets.item() == pytest.approx(expected)


def test_subset_is_uniform_and_without_repetition():
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(5)
    for _ in range(2000):
        subset = random_subset(2, 5, generator)
        assert len(set(subset.tolist())) == 2
        counts[subset] += 1
    # 800 expected for each index, standard deviation 22
    assert counts.sub(800).abs().max() < 110
