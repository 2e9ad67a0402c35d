# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Densities of squashed actions against numerical integration and other formulas."""

import numpy as np
import pytest
from rl_learner.distributions import fast_sample_squashed, sample_squashed, squash
import torch


@pytest.mark.parametrize(('mean', 'log_std'), [(0.0, 0.0), (0.7, -0.5), (-1.5, 0.3)])
def test_density_integrates_to_one(mean, log_std):
    action = torch.linspace(-1 + 1e-7, 1 - 1e-7, 200_001, dtype=torch.float64)
    unsquashed = action.atanh()[:, None]
    shape = torch.zeros_like(unsquashed)
    again, log_prob = squash(unsquashed, shape + mean, shape + log_std)
    assert torch.allclose(again[:, 0], action)
    area = torch.trapezoid(log_prob.exp(), action).item()
    assert area == pytest.approx(1.0, abs=1e-3)


def test_dimensions_add_up():
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
    # log(1 - tanh(u)^2) = log 4 - 2|u| + 2 log(1 / (1 + exp(-2|u|))), far out: log 4 - 2|u|
    expected = -0.5 * np.log(2 * np.pi) - (np.log(4.0) - 2 * abs(size))
    assert log_prob.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('sample', [sample_squashed, fast_sample_squashed])
def test_sampling_is_squashing_of_mean_plus_noise(sample):
    generator = torch.Generator().manual_seed(1)
    mean, log_std, noise = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
    action, log_prob = sample(mean, log_std, noise)
    same, density = squash(mean + log_std.exp() * noise, mean, log_std)
    assert torch.allclose(action, same)
    assert torch.allclose(log_prob, density)


@pytest.mark.parametrize('sample', [sample_squashed, fast_sample_squashed])
def test_gradients_are_finite_differences(sample):
    generator = torch.Generator().manual_seed(1)
    mean, log_std, noise = torch.randn(3, 3, 2, generator=generator, dtype=torch.float64)
    arguments = (mean.requires_grad_(), log_std.requires_grad_(), noise)
    assert torch.autograd.gradcheck(sample, arguments)
