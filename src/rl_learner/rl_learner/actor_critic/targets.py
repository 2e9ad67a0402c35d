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

"""The targets of every algorithm: pool the atoms, sort them, keep the lowest."""

import math

import numpy as np
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.replay.layout import Batch
import torch
from torch import Tensor


def quantile_targets(
    algorithm: Algorithm,
    batch: Batch[Tensor],
    target_quantiles: Tensor,
    temperature: Tensor,
    log_prob: Tensor | None,
) -> Tensor:
    """Return y_j, (batch, kept), from the target critics' quantiles at (s', a').

    Args:
        algorithm: discount and number of kept atoms.
        batch: transitions; `reward`, `terminated` and `num_steps` are used.
        target_quantiles: (batch, critic, quantile), outside autograd's graph.
        temperature: scalar.
        log_prob: log pi(a'|s'), (batch,); None: no entropy bonus.
    """
    atoms = kept_atoms(target_quantiles, algorithm.num_kept_atoms)
    discount = discounts(algorithm.gamma, batch.num_steps)
    entropy_bonus = None if log_prob is None else -temperature * log_prob
    return bellman_targets(batch.reward, discount, batch.terminated, atoms, entropy_bonus)


def kept_atoms(target_quantiles: Tensor, kept: int) -> Tensor:
    """Return the lowest atoms of the pool, (batch, kept); in no particular order if all are kept.

    Dropping the highest removes overestimation (TQC, arXiv:2005.04269, eq. 8). With two critics of
    one quantile and one atom kept, this is the clipped double Q minimum.

    Args:
        target_quantiles: (batch, critic, quantile), outside autograd's graph.
        kept: atoms to keep, 1 .. critics x quantiles.

    Raises:
        ValueError: `kept` is out of range.
    """
    pool = target_quantiles.flatten(start_dim=1)
    if not 1 <= kept <= pool.shape[1]:
        raise ValueError(f'kept: given {kept}; accepted: 1 to {pool.shape[1]}')
    if kept == pool.shape[1]:
        return pool  # the loss is a mean, so the order does not matter
    if kept == 1:
        return pool.amin(dim=1, keepdim=True)
    if pool.is_cuda:
        return pool.sort(dim=1).values[:, :kept]
    # NumPy's vectorised sort is ten times faster than torch's
    return torch.from_numpy(np.sort(pool.contiguous().numpy(), axis=1))[:, :kept]


def discounts(gamma: float, num_steps: Tensor) -> Tensor:
    """Return gamma^n for each n >= 1, (batch,)."""
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
        terminated: d, 1 at a real end of the task, else 0, (batch,).
        atoms: z_j, (batch, kept).
        entropy_bonus: -temperature log pi(a'|s'), (batch,); None: entropy is not rewarded.
    """
    bootstrap = discount * (1.0 - terminated)
    if entropy_bonus is not None:
        reward = torch.addcmul(reward, bootstrap, entropy_bonus)
    return torch.addcmul(reward[:, None], bootstrap[:, None], atoms)


def random_subset(size: int, total: int, generator: torch.Generator) -> Tensor:
    """Return `size` different indices below `total`, drawn uniformly, (size,) int64.

    REDQ, arXiv:2101.05982, algorithm 1, line 6.
    """
    return torch.rand(total, generator=generator, device=generator.device).argsort()[:size]
