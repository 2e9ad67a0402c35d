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
"""Densities of squashed actions compared with numerical integration and other formulas."""

import numpy as np
import pytest
from rl_learner.layers.distributions import (
    fast_sample_squashed,
    sample_squashed,
    squash,
    squashed_gradient,
)
import torch


@pytest.mark.parametrize(('mean', 'log_std'), [(0.0, 0.0), (0.7, -0.5), (-1.5, 0.3)])
def test_density_integrates_to_one(mean, log_std):
    action = torch.linspace(-1 + 1e-7, 1 - 1e-7, 200_001, dtype=torch.float64)
    unsquashed = action.atanh()[:, None]
    shape = torch.zeros_like(unsquashed)
    squashed, log_prob = squash(unsquashed, shape + mean, shape + log_std)
    assert torch.allclose(squashed[:, 0], action)
    area = torch.trapezoid(log_prob.exp(), action).item()
    assert area == pytest.approx(1.0, abs=1e-3)


def test_log_prob_is_the_sum_over_dimensions():
    unsquashed = torch.tensor([[0.2, -1.0]], dtype=torch.float64)
    mean = torch.tensor([[0.1, 0.4]], dtype=torch.float64)
    log_std = torch.tensor([[-0.3, 0.2]], dtype=torch.float64)
    _, log_prob = squash(unsquashed, mean, log_std)
    normal = torch.distributions.Normal(mean, log_std.exp())
    slope = torch.log(1 - unsquashed.tanh().square())
    assert log_prob.item() == pytest.approx((normal.log_prob(unsquashed) - slope).sum().item())


@pytest.mark.parametrize('size', [-40.0, -12.0, 12.0, 40.0])
def test_large_values_stay_exact_in_float32(size):
    unsquashed = torch.tensor([[size]])
    _, log_prob = squash(unsquashed, unsquashed, torch.zeros(1, 1))
    # log(1 - tanh(u)^2) = log 4 - 2|u| + 2 log(1 / (1 + exp(-2|u|))), about log 4 - 2|u| here
    expected = -0.5 * np.log(2 * np.pi) - (np.log(4.0) - 2 * abs(size))
    assert log_prob.item() == pytest.approx(expected, rel=1e-6)


def example():
    """Return mean, log_std and noise."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)


def test_sampling_squashes_mean_plus_noise():
    mean, log_std, noise = example()
    expected_action, expected_log_prob = squash(mean + log_std.exp() * noise, mean, log_std)
    action, log_prob = sample_squashed(mean, log_std, noise)
    assert torch.allclose(action, expected_action)
    assert torch.allclose(log_prob, expected_log_prob)
    fast = fast_sample_squashed(mean, log_std, noise, torch.empty_like(mean))
    assert torch.allclose(fast.action, expected_action)
    assert torch.allclose(fast.log_prob, expected_log_prob)


def test_gradients_match_finite_differences():
    mean, log_std, noise = example()
    arguments = (mean.requires_grad_(), log_std.requires_grad_(), noise)
    assert torch.autograd.gradcheck(sample_squashed, arguments)


def test_fast_gradients_match_autograd():
    mean, log_std, noise = example()
    squashed = fast_sample_squashed(mean, log_std, noise, torch.empty_like(mean))
    grad_log_prob = torch.tensor(0.3, dtype=torch.float64)
    grad_action = torch.arange(20, dtype=torch.float64).view(5, 4).sin()
    fast_gradients = squashed_gradient(squashed, grad_action, grad_log_prob)
    leaves = mean.requires_grad_(), log_std.requires_grad_()
    action, log_prob = sample_squashed(*leaves, noise)
    loss = (action * grad_action).sum() + 0.3 * log_prob.sum()
    for expected, fast in zip(torch.autograd.grad(loss, leaves), fast_gradients, strict=True):
        assert torch.allclose(fast, expected)


@pytest.mark.parametrize('size', [-40.0, 40.0])
def test_large_values_stay_exact_in_the_fast_form(size):
    mean, zero = torch.tensor([[size]]), torch.zeros(1, 1)
    fast = fast_sample_squashed(mean, zero, zero, torch.empty(1, 1))
    expected = -0.5 * np.log(2 * np.pi) - (np.log(4.0) - 2 * abs(size))
    assert fast.log_prob.item() == pytest.approx(expected, rel=1e-6)
