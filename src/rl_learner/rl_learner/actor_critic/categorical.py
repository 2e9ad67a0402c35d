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

"""Critics that predict the probabilities of fixed returns (C51, arXiv:1707.06887).

Each output is the logit of one of K atoms z_k, which are spread evenly from -bound to bound. So
returns must be of a known size: `normalise_rewards`.
"""

from functools import lru_cache

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.targets import bellman_targets, discounts
from rl_learner.replay.layout import Batch
import torch
from torch import Tensor
import torch.nn.functional as functional


@lru_cache(maxsize=64)
def atoms(count: int, bound: float, device: torch.device) -> Tensor:
    """Return z_k, (atom,), cached."""
    with torch.inference_mode(mode=False):  # autograd may need it, too
        return torch.linspace(-bound, bound, count, device=device)


def expected_value(logits: Tensor, bound: float) -> Tensor:
    """Return Q = sum_k p_k z_k, of the logits' shape without the last axis, (..., atom)."""
    return logits.softmax(dim=-1) @ atoms(logits.shape[-1], bound, logits.device).to(logits.dtype)


def expected_value_gradient(logits: Tensor, values: Tensor, bound: float) -> Tensor:
    """Return the gradient of each Q by its logits, p_k (z_k - Q), (..., atom).

    Args:
        logits: (..., atom).
        values: their Q, (..., 1).
        bound: of the atoms.
    """
    support = atoms(logits.shape[-1], bound, logits.device).to(logits.dtype)
    return logits.softmax(dim=-1).mul_(support - values)


def categorical_targets(
    algorithm: Algorithm,
    batch: Batch[Tensor],
    target_logits: Tensor,
    temperature: Tensor,
    log_prob: Tensor | None,
) -> Tensor:
    """Return the probabilities m_k of the target, (batch, atom).

    They are those of the target critic with the lowest Q, whose atoms move to
    y_k = r + gamma^n (1 - d) (z_k - temperature log pi(a'|s')); see `project`.

    Args:
        algorithm: discount and bound.
        batch: transitions; `reward`, `terminated` and `num_steps` are used.
        target_logits: (batch, critic, atom), outside autograd's graph.
        temperature: scalar.
        log_prob: log pi(a'|s'), (batch,); None: no entropy bonus.
    """
    values = expected_value(target_logits, algorithm.value_bound)
    lowest = values.argmin(dim=1)[:, None, None].expand(-1, 1, target_logits.shape[2])
    probabilities = target_logits.gather(1, lowest)[:, 0].softmax(dim=1)
    support = atoms(target_logits.shape[2], algorithm.value_bound, target_logits.device)
    moved = bellman_targets(
        batch.reward,
        discounts(algorithm.gamma, batch.num_steps),
        batch.terminated,
        support.to(target_logits.dtype).expand_as(probabilities),
        None if log_prob is None else -temperature * log_prob,
    )
    return project(moved, probabilities, algorithm.value_bound)


def project(moved: Tensor, probabilities: Tensor, bound: float) -> Tensor:
    """Return probabilities of the atoms z_k for others of y_k, (batch, atom) (C51, algorithm 1).

    Each y_k gives its probability to the two atoms around it, in proportion to its nearness.

    Args:
        moved: y_k, (batch, atom); clamped to the bound.
        probabilities: of y_k, (batch, atom).
        bound: of the atoms.
    """
    last = moved.shape[1] - 1
    position = (moved.clamp(-bound, bound) + bound) * (last / (2.0 * bound))
    lower = position.floor().clamp_(0, last - 1)
    share = (position - lower).clamp_(0.0, 1.0)  # of the upper atom
    index = lower.long()
    upper_part = probabilities * share
    result = torch.zeros_like(probabilities)
    result.scatter_add_(1, index, probabilities - upper_part)
    return result.scatter_add_(1, index + 1, upper_part)


def categorical_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over batch and critics of -sum_k m_k log p_k, scalar.

    Args:
        logits: (batch, critic, atom).
        targets: m_k, (batch, atom), the same for each critic.
    """
    return -(targets[:, None] * functional.log_softmax(logits, dim=2)).sum(dim=2).mean()


def categorical_loss_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient of `categorical_loss` by the logits, p_k - m_k averaged as there."""
    count = logits.shape[0] * logits.shape[1]
    return logits.softmax(dim=2).sub_(targets[:, None]).div_(count)
