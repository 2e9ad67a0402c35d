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
"""Categorical critics by hand and against autograd."""

import pytest
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.actor_critic.categorical import (
    categorical_loss,
    categorical_loss_gradient,
    categorical_targets,
    expected_value,
    expected_value_gradient,
    project,
)
from rl_learner.replay.layout import Batch
import torch


def test_projection_by_hand():
    # atoms -2, -1, 0, 1, 2; 0.25 lies a quarter from 0 to 1; -7 is cut off; 1 is an atom
    moved = torch.tensor([[-7.0, -1.5, 0.25, 1.0, 2.0]])
    probabilities = torch.tensor([[0.1, 0.2, 0.4, 0.1, 0.2]])
    expected = [0.1 + 0.1, 0.1, 0.3, 0.1 + 0.1, 0.2]
    assert project(moved, probabilities, 2.0)[0].tolist() == pytest.approx(expected)


def test_projection_equals_its_definition_and_keeps_mean_and_sum():
    """m_j = sum_k p_k max(0, 1 - |y_k - z_j| / distance) (C51, arXiv:1707.06887, eq. 7)."""
    generator = torch.Generator().manual_seed(1)
    moved = 4.0 * torch.randn(6, 21, generator=generator, dtype=torch.float64)
    probabilities = torch.rand(6, 21, generator=generator, dtype=torch.float64).softmax(dim=1)
    support = torch.linspace(-3.0, 3.0, 21, dtype=torch.float64)
    cut = moved.clamp(-3.0, 3.0)
    nearness = (1.0 - (cut[:, :, None] - support).abs() / 0.3).clamp(min=0.0)
    expected = (probabilities[:, :, None] * nearness).sum(dim=1)
    result = project(moved, probabilities, 3.0)
    assert torch.allclose(result, expected, atol=1e-12)
    assert torch.allclose(result.sum(dim=1), torch.ones(6).double())
    assert torch.allclose(result @ support, (probabilities * cut).sum(dim=1))


def test_targets_are_those_of_the_critic_with_the_lowest_mean():
    options = {'critic_loss': 'categorical', 'num_quantiles': 3, 'normalise_rewards': True}
    algorithm = load_algorithm('default', {**options, 'value_bound': 2.0, 'gamma': 0.5})
    # atoms -2, 0, 2; the first critic has mean 2, the second about 0
    logits = torch.tensor([[[-99.0, -99.0, 99.0], [-99.0, 99.0, -99.0]]])
    zeros = torch.zeros(1, 1)
    batch = Batch(zeros, zeros, torch.tensor([0.5]), zeros, torch.zeros(1), torch.ones(1))
    targets = categorical_targets(
        algorithm, batch, logits, torch.tensor(0.1), torch.tensor([-10.0])
    )
    # 0.5 + 0.5 (0 + 0.1 x 10) = 1, in the middle between 0 and 2
    assert targets[0].tolist() == pytest.approx([0.0, 0.5, 0.5], abs=1e-6)
    ended = batch._replace(terminated=torch.ones(1))
    targets = categorical_targets(
        algorithm, ended, logits, torch.tensor(0.1), torch.tensor([-10.0])
    )
    assert targets[0].tolist() == pytest.approx([0.0, 0.75, 0.25], abs=1e-6)


def test_values_and_closed_form_gradients_equal_autograds():
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(5, 2, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.rand(5, 7, generator=generator, dtype=torch.float64).softmax(dim=1)
    support = torch.linspace(-4.0, 4.0, 7, dtype=torch.float64)
    probabilities = logits.exp() / logits.exp().sum(dim=2, keepdim=True)
    values = (probabilities * support).sum(dim=2)
    assert torch.allclose(expected_value(logits, 4.0), values, atol=1e-6)
    loss = -(targets[:, None] * probabilities.log()).sum() / 10.0
    assert torch.allclose(categorical_loss(logits, targets), loss)
    (by_loss,) = torch.autograd.grad(loss, logits, retain_graph=True)
    (by_values,) = torch.autograd.grad(values.sum(), logits)
    plain = logits.detach()
    assert torch.allclose(categorical_loss_gradient(plain, targets), by_loss)
    gradient = expected_value_gradient(plain, values.detach()[..., None], 4.0)
    assert torch.allclose(gradient, by_values, atol=1e-6)
