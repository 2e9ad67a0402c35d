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

"""All random numbers of one update, drawn before it so that both gradient paths can share them."""

from typing import NamedTuple

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.networks import Critics
from rl_learner.actor_critic.targets import random_subset
import torch
from torch import Tensor


class Noise(NamedTuple):
    """Random numbers of one update.

    Attributes:
        normal: standard normal, for a' and, in an actor update, for a; (1 or 2, batch, action).
        subset: indices of the target critics, (target_subset,) int64; None: all critics.
        target_masks: dropout masks of the target critics.
        critic_masks: dropout masks of the critics in the critic loss.
        actor_masks: dropout masks of the critics in the actor loss.
    """

    normal: Tensor
    subset: Tensor | None
    target_masks: list[Tensor] | None
    critic_masks: list[Tensor] | None
    actor_masks: list[Tensor] | None

    @property
    def next_action(self) -> Tensor:
        """Noise for a', (batch, action)."""
        return self.normal[0]

    @property
    def action(self) -> Tensor | None:
        """Noise for a, (batch, action); None without an actor update."""
        return self.normal[1] if len(self.normal) > 1 else None


def draw_noise(
    algorithm: Algorithm,
    critics: Critics,
    shape: tuple[int, int],
    generator: torch.Generator,
    *,
    with_actor: bool,
) -> Noise:
    """Return the random numbers of one update.

    Args:
        algorithm: decides what is drawn.
        critics: their shape gives the shape of the dropout masks.
        shape: (batch, action).
        generator: random source on the training device.
        with_actor: draw the noise of an actor update, too.
    """
    normal = torch.randn((1 + with_actor, *shape), generator=generator, device=generator.device)
    draw_masks, num_critics, batch_size = (
        critics.shape.dropout_masks,
        algorithm.num_critics,
        shape[0],
    )
    subset_size = algorithm.target_subset
    num_actor_critics = 1 if algorithm.actor_q == 'first' else num_critics
    return Noise(
        normal=normal,
        subset=random_subset(subset_size, num_critics, generator) if subset_size else None,
        target_masks=draw_masks(algorithm.num_target_critics, batch_size, generator),
        critic_masks=draw_masks(num_critics, batch_size, generator),
        actor_masks=draw_masks(num_actor_critics, batch_size, generator) if with_actor else None,
    )
