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

"""Gradients over the shards of all ranks: each computes those of its rows, and all take the mean.

The losses are means over the batch and shards are of one size, so the mean of the shards'
gradients is the gradient over the batch.
"""

from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient, Gradients
from rl_learner.actor_critic.noise import Noise
from rl_learner.distributed.ranks import Ranks
import torch
from torch import Tensor


class ShardGradients:
    """See `Gradients`; the rows are those of this rank, the noise is that of the batch.

    Quantiles and targets are those of this rank's rows. Everything else is the same on all ranks.
    """

    def __init__(self, gradients: Gradients, ranks: Ranks) -> None:
        """Average gradients.

        Args:
            gradients: of this rank's rows.
            ranks: take part.
        """
        self._gradients, self._ranks = gradients, ranks

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of the critic loss over the rows of all ranks."""
        own = self._gradients.critics(rows, _shard_of(noise, self._ranks))
        self._ranks.average(own.gradient)
        return own

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of the actor loss over the rows of all ranks.

        `log_prob` is its mean over the batch, (1,).
        """
        own = self._gradients.actor(rows, _shard_of(noise, self._ranks))
        means = [own.q] if own.log_prob is None else [own.q, own.log_prob.mean()]
        flat = torch.cat([own.gradient.view(-1), torch.stack(means)])  # one exchange
        self._ranks.average(flat)
        size = own.gradient.numel()
        gradient = flat[:size].view_as(own.gradient)
        log_prob = None if own.log_prob is None else flat[size + 1 :]
        return ActorGradient(gradient, flat[size], log_prob)


def _shard_of(noise: Noise, ranks: Ranks) -> Noise:
    """Return this rank's rows of the random numbers of a batch.

    All ranks draw the same ones, so that nothing has to be sent.
    """

    def rows_of(masks: list[Tensor] | None) -> list[Tensor] | None:
        return None if masks is None else [ranks.shard(mask, dim=1) for mask in masks]

    return Noise(
        normal=ranks.shard(noise.normal, dim=1),
        subset=noise.subset,
        target_masks=rows_of(noise.target_masks),
        critic_masks=rows_of(noise.critic_masks),
        actor_masks=rows_of(noise.actor_masks),
    )
