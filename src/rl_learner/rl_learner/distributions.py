# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Actions drawn from a normal distribution and squashed into [-1, 1] by tanh."""

from collections.abc import Callable
import math
from typing import Any, cast

import torch
from torch import Tensor
import torch.nn.functional as functional

_LOG_TWO = math.log(2.0)
_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def squash(unsquashed: Tensor, mean: Tensor, log_std: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = tanh(u) and log pi(a), (batch, action) and (batch,).

    SAC, arXiv:1812.05905, appendix C, with log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)),
    which is exact for large |u|.

    Args:
        unsquashed: u, (batch, action).
        mean: of the normal distribution, (batch, action).
        log_std: logarithm of its standard deviation, (batch, action).
    """
    standard = (unsquashed - mean) * torch.exp(-log_std)
    log_density = -0.5 * standard.square() - log_std - _HALF_LOG_TWO_PI
    log_slope = 2.0 * (_LOG_TWO - unsquashed - functional.softplus(-2.0 * unsquashed))
    return unsquashed.tanh(), (log_density - log_slope).sum(dim=-1)


def sample_squashed(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = tanh(mean + std noise) and log pi(a), both differentiable.

    Args:
        mean: (batch, action).
        log_std: (batch, action).
        noise: standard normal, (batch, action).
    """
    unsquashed = mean + log_std.exp() * noise
    log_density = -0.5 * noise.square() - log_std - _HALF_LOG_TWO_PI
    log_slope = 2.0 * (_LOG_TWO - unsquashed - functional.softplus(-2.0 * unsquashed))
    return unsquashed.tanh(), (log_density - log_slope).sum(dim=-1)


def fast_sample_squashed(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `sample_squashed` returns, with the backward pass written out."""
    apply = cast(Callable[..., tuple[Tensor, Tensor]], _SampleSquashed.apply)
    return apply(mean, log_std, noise)


class _SampleSquashed(torch.autograd.Function):
    """With u = mean + std noise: da/du = 1 - a^2 and d log pi / du = 2 a, noise held."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return action and log pi."""
        spread = log_std.exp().mul_(noise)
        unsquashed = spread + mean
        action = unsquashed.tanh()
        # all of the density in one sum over the actions
        terms = functional.softplus(-2.0 * unsquashed).add_(unsquashed).mul_(2.0)
        terms.addcmul_(noise, noise, value=-0.5).sub_(log_std)
        constant = -(_HALF_LOG_TWO_PI + 2.0 * _LOG_TWO) * mean.shape[-1]
        ctx.save_for_backward(action, spread)
        return action, terms.sum(dim=-1).add_(constant)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the gradients by mean and log standard deviation."""
        action, spread = ctx.saved_tensors
        by_action, by_log_prob = gradients[0], gradients[1][..., None]
        by_mean = torch.addcmul(by_action, by_action * action, action, value=-1.0)
        by_mean.addcmul_(by_log_prob, action, value=2.0)
        return by_mean, (by_mean * spread).sub_(by_log_prob), None
