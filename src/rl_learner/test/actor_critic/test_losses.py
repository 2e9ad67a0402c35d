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
"""Quantile losses compared with values computed by hand."""

import math

import pytest
from rl_learner.actor_critic.losses import (
    quantile_fractions,
    quantile_loss,
    quantile_loss_gradient,
    rho,
)
import torch

LOSSES = ('logcosh', 'huber', 'squared')


def by_hand(quantiles, targets, penalty, *, flipped=False):
    """Return the loss of one critic, written as a double sum."""
    total = 0.0
    for index, quantile in enumerate(quantiles):
        fraction = (index + 0.5) / len(quantiles)
        for target in targets:
            delta = target - quantile
            below = (delta < 0) != flipped
            total += abs(fraction - (1.0 if below else 0.0)) * penalty(delta)
    return total / (len(quantiles) * len(targets))


PENALTIES = {
    'logcosh': lambda delta: math.log(math.cosh(delta)),
    'huber': lambda delta: 0.5 * delta**2 if abs(delta) <= 1 else abs(delta) - 0.5,
    'squared': lambda delta: 0.5 * delta**2,
}


@pytest.mark.parametrize(
    ('critic_loss', 'expected', 'flipped'),
    [
        ('huber', 0.847222, 1.236111),
        ('logcosh', 0.788929, 1.158104),
        ('squared', 1.736111, 2.847222),
    ],
)
def test_worked_example_detects_a_flipped_indicator(critic_loss, expected, flipped):
    quantiles = torch.tensor([[[0.0, 1.0, 2.0]]])
    targets = torch.tensor([[0.0, 5.0]])
    loss = quantile_loss(quantiles, targets, critic_loss).item()
    assert loss == pytest.approx(expected, abs=1e-6)
    assert loss != pytest.approx(flipped, abs=0.1)
    penalty = PENALTIES[critic_loss]
    assert by_hand([0, 1, 2], [0, 5], penalty) == pytest.approx(expected, abs=1e-6)
    assert by_hand([0, 1, 2], [0, 5], penalty, flipped=True) == pytest.approx(flipped, abs=1e-6)


@pytest.mark.parametrize('critic_loss', LOSSES)
@pytest.mark.parametrize('num_critics', [1, 2, 3])
def test_loss_is_the_mean_over_batch_and_critics(critic_loss, num_critics):
    critics = [[-1.0, 0.5, 4.0], [0.0, 0.25, 0.5], [3.0, -2.0, 1.0]][:num_critics]
    other = [[2.0, 2.5, 7.0], [1.0, 1.0, 1.0], [-3.0, 0.0, 0.1]][:num_critics]
    targets = [[-0.5, 0.75, 6.0, 9.0], [1.5, 2.0, -4.0, 0.0]]
    loss = quantile_loss(torch.tensor([critics, other]), torch.tensor(targets), critic_loss)
    parts = [by_hand(row, targets[0], PENALTIES[critic_loss]) for row in critics]
    parts += [by_hand(row, targets[1], PENALTIES[critic_loss]) for row in other]
    assert loss.item() == pytest.approx(sum(parts) / len(parts), rel=1e-5)


def test_one_quantile_gives_half_the_squared_bellman_residual():
    quantiles, targets = torch.tensor([[[1.0], [4.0]]]), torch.tensor([[3.0]])
    # deltas 2 and -1, each 0.5 * 0.5 * delta^2
    loss = quantile_loss(quantiles, targets, 'squared').item()
    assert loss == pytest.approx((1.0 + 0.25) / 2)


@pytest.mark.parametrize('critic_loss', LOSSES)
@pytest.mark.parametrize('scale', [0.1, 3.0])
def test_scaled_loss_and_its_gradient(critic_loss, scale):
    quantiles, targets = [-1.0, 0.05, 0.2], [0.0, 0.1, 0.4, 6.0]
    penalty = PENALTIES[critic_loss]
    expected = by_hand(quantiles, targets, lambda delta: scale * penalty(delta / scale))
    leaf = torch.tensor([[quantiles]], dtype=torch.float64, requires_grad=True)
    given = torch.tensor([targets], dtype=torch.float64)
    loss = quantile_loss(leaf, given, critic_loss, scale)
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    loss.backward()
    gradient = quantile_loss_gradient(leaf.detach(), given, critic_loss, scale)
    assert torch.allclose(gradient, leaf.grad, rtol=1e-6)


def test_a_scaled_logcosh_is_linear_from_its_scale_on():
    delta = torch.tensor([0.01, 5.0], dtype=torch.float64)
    near, far = rho(delta, 'logcosh', 0.1).tolist()
    assert near == pytest.approx(0.5 * 0.01**2 / 0.1, rel=0.01)
    assert far == pytest.approx(5.0 - 0.1 * math.log(2.0))


def test_quantile_fractions_are_the_midpoints():
    assert quantile_fractions(4).tolist() == [0.125, 0.375, 0.625, 0.875]


@pytest.mark.parametrize('critic_loss', LOSSES)
def test_rho_and_its_derivative(critic_loss):
    delta = torch.tensor([-50.0, -1.0, -0.3, 0.0, 0.3, 1.0, 50.0], dtype=torch.float64)
    if critic_loss == 'logcosh':
        expected = [
            abs(d) + math.log1p(math.exp(-2 * abs(d))) - math.log(2) for d in delta.tolist()
        ]
    else:
        expected = [PENALTIES[critic_loss](float(d)) for d in delta.tolist()]
    assert rho(delta, critic_loss).tolist() == pytest.approx(expected, abs=1e-12)
    step = 1e-6
    slope = (rho(delta + step, critic_loss) - rho(delta - step, critic_loss)) / (2 * step)
    # with one quantile, the gradient by q is -rho'(y - q) / 2, averaged over the batch
    gradient = quantile_loss_gradient(torch.zeros(7, 1, 1).double(), delta[:, None], critic_loss)
    assert torch.allclose(-2.0 * len(delta) * gradient.flatten(), slope, atol=1e-6)


@pytest.mark.parametrize('critic_loss', LOSSES)
@pytest.mark.parametrize(
    ('num_critics', 'num_quantiles', 'kept'), [(2, 5, 7), (3, 1, 1), (1, 1, 4)]
)
def test_closed_form_gradient_matches_finite_differences(
    critic_loss, num_critics, num_quantiles, kept
):
    generator = torch.Generator().manual_seed(3)
    shape = (4, num_critics, num_quantiles)
    quantiles = 2 * torch.randn(shape, generator=generator, dtype=torch.float64)
    targets = 2 * torch.randn(4, kept, generator=generator, dtype=torch.float64)
    gradient = quantile_loss_gradient(quantiles, targets, critic_loss)
    step = 1e-6
    for index in range(quantiles.numel()):
        offset = torch.zeros_like(quantiles).view(-1)
        offset[index] = step
        offset = offset.view(shape)
        above = quantile_loss(quantiles + offset, targets, critic_loss)
        below = quantile_loss(quantiles - offset, targets, critic_loss)
        slope = (above - below) / (2 * step)
        assert gradient.view(-1)[index].item() == pytest.approx(slope.item(), abs=1e-7)


@pytest.mark.parametrize('critic_loss', LOSSES)
def test_closed_form_gradient_is_accurate_for_large_differences(critic_loss):
    quantiles = torch.tensor([[[-1e4, 0.0, 3e3]]])
    targets = torch.tensor([[-2e3, 5.0, 1e4]])
    leaf = quantiles.clone().requires_grad_()
    quantile_loss(leaf, targets, critic_loss).backward()
    gradient = quantile_loss_gradient(quantiles, targets, critic_loss)
    assert torch.allclose(gradient, leaf.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('function', [quantile_loss, quantile_loss_gradient])
def test_wrong_shapes_are_rejected(function):
    with pytest.raises(ValueError, match=r'accepted: .batch, critic, quantile.'):
        function(torch.zeros(2, 3), torch.zeros(2, 4), 'huber')
    with pytest.raises(ValueError, match=r'given shapes'):
        function(torch.zeros(2, 1, 3), torch.zeros(3, 4), 'huber')
