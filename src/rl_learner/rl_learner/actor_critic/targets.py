# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The targets of every algorithm: pool the atoms, sort them, keep the lowest."""

import math

import numpy as np
import torch
from torch import Tensor


def kept_atoms(target_quantiles: Tensor, kept: int) -> Tensor:
    """Return the lowest atoms of the pool, ascending, (batch, kept).

    Dropping the highest removes overestimation (TQC, arXiv:2005.04269, eq. 8). With one quantile
    each, two critics and one atom kept, this is the clipped double Q minimum.

    Args:
        target_quantiles: (batch, critic, quantile), outside of autograd's graph.
        kept: atoms to keep, 1 .. critics x quantiles.

    Raises:
        ValueError: `kept` is out of range.
    """
    pool = target_quantiles.flatten(start_dim=1)
    if not 1 <= kept <= pool.shape[1]:
        raise ValueError(f'kept: given {kept}; accepted: 1 to {pool.shape[1]}')
    if kept == pool.shape[1]:
        return pool  # the loss is a mean: their order does not matter
    if kept == 1:
        return pool.amin(dim=1, keepdim=True)
    if pool.is_cuda:
        return pool.sort(dim=1).values[:, :kept]
    # NumPy's vectorised sort takes a tenth of the time of torch's
    return torch.from_numpy(np.sort(pool.contiguous().numpy(), axis=1))[:, :kept]


def discounts(gamma: float, num_steps: Tensor) -> Tensor:
    """Return gamma^n for each n, 1 or more, (batch,)."""
    return torch.exp(num_steps * (math.log(gamma) if gamma > 0 else -math.inf))


def bellman_targets(
    reward: Tensor,
    discount: Tensor,
    terminated: Tensor,
    atoms: Tensor,
    entropy_bonus: Tensor | None,
) -> Tensor:
    """Return y_j = r + gamma^n (1 - d) (z_j - temperature log pi(a'|s')), (batch, kept).

    A time limit bootstraps; only `terminated` does not.

    Args:
        reward: sum of the n discounted rewards, (batch,).
        discount: gamma^n, (batch,).
        terminated: 1 at a real end of the task, else 0, (batch,).
        atoms: z_j, (batch, kept).
        entropy_bonus: - temperature log pi(a'|s'), (batch,); None: no entropy is rewarded.
    """
    continues = discount * (1.0 - terminated)
    if entropy_bonus is not None:
        reward = torch.addcmul(reward, continues, entropy_bonus)
    return torch.addcmul(reward[:, None], continues[:, None], atoms)


def random_subset(size: int, total: int, generator: torch.Generator) -> Tensor:
    """Return `size` different indices below `total`, uniformly drawn, (size,) int64.

    REDQ, arXiv:2101.05982, algorithm 1, line 6.
    """
    return torch.rand(total, generator=generator, device=generator.device).argsort()[:size]
