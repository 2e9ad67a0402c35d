# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The losses of critics and actor as the papers write them, their gradients from autograd.

This is the documented form; `FastGradients` computes the same numbers with less work, and the
tests hold the two together.
"""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.distributions import sample_squashed
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.actor_critic.losses import quantile_loss
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import Noise
from rl_learner.actor_critic.targets import bellman_targets, discounts, kept_atoms
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.replay.layout import Batch, ReplayLayout
import torch
from torch import Tensor


class AutogradGradients:
    """See `Gradients`."""

    def __init__(
        self,
        algorithm: Algorithm,
        layout: ReplayLayout,
        actor: Actor,
        critics: Critics,
        state: TrainingState,
    ) -> None:
        """Take what the gradients are computed from.

        Args:
            algorithm: which member of the family.
            layout: of the rows.
            actor: its shape.
            critics: their shape.
            state: the parameters.
        """
        self._algorithm, self._layout = algorithm, layout
        self._actor, self._critics, self._state = actor, critics, state
        state.actor.flat.requires_grad_()
        state.critics.flat.requires_grad_()

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Move each critic's quantiles towards the targets by quantile regression."""
        batch, critics = self._layout.unpack(rows), self._state.critics
        targets = self._targets(batch, noise)
        quantiles = self._critics.quantiles(
            critics, batch.observation, batch.action, noise.critic_masks
        )
        loss = quantile_loss(quantiles, targets, self._algorithm.critic_loss)
        (gradient,) = torch.autograd.grad(loss, critics.flat)
        return CriticGradient(gradient, quantiles.detach(), targets)

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Raise Q and entropy."""
        observation, actor = self._layout.unpack(rows).observation, self._state.actor
        mean, log_std = self._actor.distribution(actor, observation)
        if self._algorithm.distribution == 'deterministic':
            action, log_prob = mean.tanh(), None
        else:
            assert noise.action is not None  # drawn where the actor learns
            action, log_prob = sample_squashed(mean, log_std, noise.action)
        q = self._q(observation, action, noise.actor_masks).mean()
        loss = -q if log_prob is None else self._state.temperature * log_prob.mean() - q
        (gradient,) = torch.autograd.grad(loss, actor.flat)
        return ActorGradient(gradient, q.detach(), None if log_prob is None else log_prob.detach())

    @torch.no_grad()
    def _targets(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return y, (batch, kept): pool the target critics' atoms and keep the lowest."""
        action, log_prob = self._next_action(batch.next_observation, noise.next_action)
        critics = self._state.target_critics
        if noise.subset is not None:
            critics = critics.subset(noise.subset)
        quantiles = self._critics.quantiles(
            critics, batch.next_observation, action, noise.target_masks
        )
        atoms = kept_atoms(quantiles, self._algorithm.kept_atoms)
        discount = discounts(self._algorithm.gamma, batch.num_steps)
        bonus = None if log_prob is None else -self._state.temperature * log_prob
        return bellman_targets(batch.reward, discount, batch.terminated, atoms, bonus)

    def _next_action(self, observation: Tensor, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return a' and log pi(a'|s'); for a deterministic actor the smoothed target action.

        TD3, arXiv:1802.09477, eq. 14.
        """
        algorithm = self._algorithm
        if algorithm.distribution != 'deterministic':
            return sample_squashed(
                *self._actor.distribution(self._state.actor, observation), noise
            )
        mean, _ = self._actor.distribution(self._state.target_actor, observation)
        bound = algorithm.target_noise_clip
        smoothing = (algorithm.target_noise * noise).clamp(-bound, bound)
        return (mean.tanh() + smoothing).clamp(-1.0, 1.0), None

    def _q(self, observation: Tensor, action: Tensor, masks: list[Tensor] | None) -> Tensor:
        """Return what the actor raises, (batch,): mean, lowest or first of the critics."""
        which, critics = self._algorithm.actor_q, self._state.critics
        seen = critics.first if which == 'first' else critics.frozen
        quantiles = self._critics.quantiles(seen, observation, action, masks)
        if which == 'min':
            return quantiles.mean(dim=2).amin(dim=1)
        return quantiles.mean(dim=(1, 2))
