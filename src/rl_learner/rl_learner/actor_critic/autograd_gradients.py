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

"""The critic and actor losses as the papers write them, with their gradients from autograd.

This is the reference. `FastGradients` computes the same numbers with less work; tests compare
the two.
"""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.critic_head import critic_loss, critic_targets, critic_values
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import Noise
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.layers.batch_norm import moments_rate, update_statistics
from rl_learner.layers.distributions import sample_squashed
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
        """Keep what the gradients are computed from.

        Args:
            algorithm: selects the member of the family.
            layout: of the rows.
            actor: shape of the actor.
            critics: shape of the critics.
            state: the parameters.
        """
        self._algorithm, self._layout = algorithm, layout
        self._actor, self._critics, self._state = actor, critics, state
        state.actor.flat.requires_grad_()
        state.critics.flat.requires_grad_()

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of `critic_loss` by the critics' parameters.

        With BatchNorm, the running moments of the critics move, too.
        """
        encoded = self._layout.encoded
        if encoded is not None:
            rows = rows.detach().requires_grad_()
        batch, critics = self._layout.unpack(rows), self._state.critics
        next_action, log_prob = self._next_action(batch.next_observation, noise.next_action)
        if self._algorithm.critic_batch_norm:
            quantiles, target_quantiles = self._joint_quantiles(batch, next_action, noise)
        else:
            target_quantiles = self._target_quantiles(batch, next_action, noise)
            quantiles = self._critics.quantiles(
                critics, batch.observation, batch.action, noise.critic_masks
            )
        targets = critic_targets(
            self._algorithm, batch, target_quantiles, self._state.temperature, log_prob
        )
        loss = critic_loss(self._algorithm, quantiles, targets)
        if encoded is None:
            (gradient,) = torch.autograd.grad(loss, critics.flat)
            return CriticGradient(gradient, quantiles.detach(), targets)
        gradient, by_rows = torch.autograd.grad(loss, (critics.flat, rows))
        return CriticGradient(gradient, quantiles.detach(), targets, by_rows[:, encoded])

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of the actor loss by the actor's parameters.

        The loss is the mean of temperature log pi(a|s) - Q(s, a) (SAC, arXiv:1812.05905, eq. 9),
        for a deterministic actor the mean of -Q(s, a) (TD3, arXiv:1802.09477, algorithm 1).
        With BatchNorm, the running moments of the actor move, too.
        """
        observation, actor = self._layout.unpack(rows).observation, self._state.actor
        if self._algorithm.actor_batch_norm:
            mean, log_std, moments = self._actor.training_distribution(actor, observation)
            update_statistics(
                actor, moments, moments_rate(self._algorithm.updates_per_actor_update)
            )
        else:
            mean, log_std = self._actor.distribution(actor, observation)
        if self._algorithm.distribution == 'deterministic':
            action, log_prob = mean.tanh(), None
        else:
            assert noise.action is not None  # drawn for every actor update
            action, log_prob = sample_squashed(mean, log_std, noise.action)
        q = self._actor_q(observation, action, noise.actor_masks).mean()
        actor_loss = -q if log_prob is None else self._state.temperature * log_prob.mean() - q
        (gradient,) = torch.autograd.grad(actor_loss, actor.flat)
        return ActorGradient(gradient, q.detach(), None if log_prob is None else log_prob.detach())

    @torch.no_grad()
    def _target_quantiles(self, batch: Batch[Tensor], next_action: Tensor, noise: Noise) -> Tensor:
        """Return the target critics' quantiles at (s', a'), (batch, critic, quantile)."""
        target_critics = self._state.target_critics
        if noise.subset is not None:
            target_critics = target_critics.subset(noise.subset)
        return self._critics.quantiles(
            target_critics, batch.next_observation, next_action, noise.target_masks
        )

    def _joint_quantiles(
        self, batch: Batch[Tensor], next_action: Tensor, noise: Noise
    ) -> tuple[Tensor, Tensor]:
        """Return the quantiles at (s, a) and the target critics' at (s', a').

        Both pass as one batch through either network (CrossQ, arXiv:1902.05605).
        """
        observation = torch.cat([batch.observation, batch.next_observation])
        action, size = torch.cat([batch.action, next_action]), len(next_action)
        critics, target_critics = self._state.critics, self._state.target_critics
        quantiles, moments = self._critics.training_quantiles(critics, observation, action)
        update_statistics(critics, moments, moments_rate(1))
        if noise.subset is not None:
            target_critics = target_critics.subset(noise.subset)
        with torch.no_grad():
            joint, _ = self._critics.training_quantiles(target_critics, observation, action)
        return quantiles[:size], joint[size:]

    @torch.no_grad()
    def _next_action(
        self, next_observation: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Return a' and log pi(a'|s'); for a deterministic actor the smoothed target action.

        Target policy smoothing: TD3, arXiv:1802.09477, eq. 14.
        """
        algorithm = self._algorithm
        if algorithm.distribution != 'deterministic':
            return sample_squashed(
                *self._actor.distribution(self._state.actor, next_observation), noise
            )
        mean, _ = self._actor.distribution(self._state.target_actor, next_observation)
        bound = algorithm.target_noise_clip
        smoothing = (algorithm.target_noise * noise).clamp(-bound, bound)
        return (mean.tanh() + smoothing).clamp(-1.0, 1.0), None

    def _actor_q(self, observation: Tensor, action: Tensor, masks: list[Tensor] | None) -> Tensor:
        """Return the Q that the actor maximises, (batch,): `Algorithm.actor_q` of the critics."""
        actor_q, critics = self._algorithm.actor_q, self._state.critics
        parameters = critics.first if actor_q == 'first' else critics.frozen
        quantiles = self._critics.quantiles(parameters, observation, action, masks)
        values = critic_values(self._algorithm, quantiles)
        return values.amin(dim=1) if actor_q == 'min' else values.mean(dim=1)
