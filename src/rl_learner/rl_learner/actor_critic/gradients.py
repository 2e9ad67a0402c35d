# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What an update needs of critics and actor, whichever path computes it."""

from typing import NamedTuple, Protocol

from rl_learner.actor_critic.noise import Noise
from torch import Tensor


class CriticGradient(NamedTuple):
    """How the critics' loss falls.

    Attributes:
        gradient: of the loss by the critics' parameters, (critic, parameter).
        quantiles: q_i, (batch, critic, quantile).
        targets: y_j, (batch, kept).
    """

    gradient: Tensor
    quantiles: Tensor
    targets: Tensor


class ActorGradient(NamedTuple):
    """How the actor's loss falls.

    Attributes:
        gradient: of the loss by the actor's parameters, (1, parameter).
        q: what the actor raises, mean over the batch, scalar.
        log_prob: log pi(a|s), (batch,), or None without an entropy.
    """

    gradient: Tensor
    q: Tensor
    log_prob: Tensor | None


class Gradients(Protocol):
    """Computes the gradients of one update: `critics` first, then, if it is due, `actor`."""

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return how the critics' loss falls over rows, (batch, width)."""
        ...

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return how the actor's loss falls, with the critics as they are now."""
        ...
