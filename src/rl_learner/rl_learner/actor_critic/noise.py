# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""All random numbers of one update, drawn before it, so that two paths can share them."""

from typing import NamedTuple

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.networks import Critics
from rl_learner.actor_critic.targets import random_subset
import torch
from torch import Tensor


class Noise(NamedTuple):
    """Random numbers of one update.

    Attributes:
        normal: standard normal, for a' and, if the actor learns, for a, (1 or 2, batch, action).
        subset: target critics, (target_subset,) int64, or None for all.
        target_masks: of dropout in the target critics.
        critic_masks: of dropout in the critics as they learn.
        actor_masks: of dropout in the critics as the actor sees them.
    """

    normal: Tensor
    subset: Tensor | None
    target_masks: list[Tensor] | None
    critic_masks: list[Tensor] | None
    actor_masks: list[Tensor] | None

    @property
    def next_action(self) -> Tensor:
        """For a', (batch, action)."""
        return self.normal[0]

    @property
    def action(self) -> Tensor | None:
        """For a, (batch, action), or None without an actor update."""
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
        algorithm: says what is drawn.
        critics: their shape gives that of dropout.
        shape: (batch, action).
        generator: to draw from, on the device.
        with_actor: the actor learns in this update.
    """
    normal = torch.randn((1 + with_actor, *shape), generator=generator, device=generator.device)
    masks, total, batch_size = critics.shape.dropout_masks, algorithm.num_critics, shape[0]
    subset, seen = algorithm.target_subset, 1 if algorithm.actor_q == 'first' else total
    return Noise(
        normal=normal,
        subset=random_subset(subset, total, generator) if subset else None,
        target_masks=masks(algorithm.target_critics, batch_size, generator),
        critic_masks=masks(total, batch_size, generator),
        actor_masks=masks(seen, batch_size, generator) if with_actor else None,
    )
