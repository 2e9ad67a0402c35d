# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One update of critics, actor, temperature and targets: the whole family in four functions."""

import math
from typing import Any

from rl_agent.errors import TrainingError
from rl_agent.policy import PolicyParameters
from rl_learner.algorithm import Algorithm
from rl_learner.distributions import fast_sample_squashed, sample_squashed
from rl_learner.freed_memory import keep_freed_memory
from rl_learner.losses import quantile_loss, quantile_loss_gradient
from rl_learner.mean_metrics import MeanMetrics
from rl_learner.networks import Actor, Critics
from rl_learner.noise import draw_noise, Noise
from rl_learner.replay_layout import Batch, ReplayLayout
from rl_learner.targets import bellman_targets, kept_atoms
from rl_learner.training_state import TrainingState
import torch
from torch import Tensor

# a record costs as much as a tenth of an update, and people look once a second
_UPDATES_PER_RECORD = 20


class Update:
    """Trains an actor and its critics.

    Attributes:
        algorithm: which member of the family.
        layout: of the rows it learns from.
        actor: shape of the actor.
        critics: shape of the critics.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        observation_size: int,
        action_size: int,
        *,
        seed: int,
        device: torch.device | str = 'cpu',
        reference: bool = False,
    ) -> None:
        """Begin with fresh networks.

        Args:
            algorithm: which member of the family.
            observation_size: length of an observation.
            action_size: length of an action.
            seed: of networks and noise.
            device: where to train.
            reference: take the plain path, float32 with every gradient from autograd; for tests.
        """
        self.algorithm = algorithm
        self.layout = ReplayLayout(observation_size, action_size)
        self.actor = Actor(algorithm, observation_size, action_size, reference=reference)
        self.critics = Critics(algorithm, observation_size, action_size, reference=reference)
        self._reference = reference
        self._sample = sample_squashed if reference else fast_sample_squashed
        self._device = torch.device(device)
        generator = torch.Generator(self._device).manual_seed(seed)
        self._state = TrainingState(algorithm, self.actor, self.critics, generator)
        self._target_entropy = -algorithm.target_entropy_scale * action_size
        self._metrics = MeanMetrics()
        keep_freed_memory()

    @property
    def updates(self) -> int:
        """Critic updates since training began."""
        return self._state.updates

    @property
    def actor_updates(self) -> int:
        """Actor updates since training began."""
        return self._state.actor_updates

    @property
    def temperature(self) -> Tensor:
        """The weight of the entropy, in units of reward, scalar."""
        return self._state.temperature

    def run(self, rows: Tensor) -> None:
        """Do one block of updates.

        Args:
            rows: one batch for each update, (update, batch, width), laid out as `layout`.

        Raises:
            TrainingError: a number is not finite; nothing was changed.
            ValueError: the rows have another shape.
        """
        block, count = self._prepare(rows), len(rows)
        for index in range(count):
            batch = Batch(*(column[index] for column in block))
            self._update(batch, with_actor=self._actor_is_due(last=index == count - 1))

    def _prepare(self, rows: Tensor) -> Batch[Tensor]:
        """Return a block's fields on the device, checked, observations normalised."""
        if rows.ndim != 3:
            raise ValueError(
                f'rows: given shape {tuple(rows.shape)};'
                f' accepted: (update, batch, {self.layout.width})'
            )
        fields = self.layout.unpack(rows)
        if not bool(torch.isfinite(rows).all()):
            raise TrainingError(_explain_bad_numbers(fields))
        block = self.layout.unpack(rows.to(self._device, torch.float32, non_blocking=True))
        if not self.algorithm.normalise_observations:
            return block
        statistics, clip = self._state.statistics, self.algorithm.observation_clip
        statistics.update(block.observation)
        return block._replace(
            observation=statistics.normalise(block.observation, clip),
            next_observation=statistics.normalise(block.next_observation, clip),
        )

    def _actor_is_due(self, *, last: bool) -> bool:
        """Return whether the actor learns in this update."""
        if self.algorithm.actor_update_per_block:
            return last
        return (self.updates + 1) % self.algorithm.policy_delay == 0

    def _update(self, batch: Batch[Tensor], *, with_actor: bool) -> None:
        """Do one critic update and what is due with it."""
        noise = draw_noise(
            self.algorithm,
            self.critics,
            (len(batch.reward), self.layout.action_size),
            self._state.generator,
            with_actor=with_actor,
        )
        self._update_critics(batch, noise)
        if noise.action is not None:
            log_prob = self._update_actor(batch.observation, noise.action, noise.actor_masks)
            if log_prob is not None:
                self._update_temperature(log_prob)
            self._state.actor_updates += 1
        self._state.updates += 1
        if self.updates % self.algorithm.target_delay == 0:
            self._update_targets()

    @torch.no_grad()
    def _targets(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return y, (batch, kept): pool the target critics' atoms and keep the lowest."""
        action, log_prob = self._next_action(batch.next_observation, noise.next_action)
        critics = self._state.target_critics
        if noise.subset is not None:
            critics = critics.subset(noise.subset)
        quantiles = self.critics.quantiles(
            critics, batch.next_observation, action, noise.target_masks
        )
        atoms = kept_atoms(quantiles, self.algorithm.kept_atoms)
        discount: Tensor = self.algorithm.gamma**batch.num_steps
        bonus = None if log_prob is None else -self.temperature * log_prob
        return bellman_targets(batch.reward, discount, batch.terminated, atoms, bonus)

    def _next_action(self, observation: Tensor, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return a' and log pi(a'|s'); for a deterministic actor the smoothed target action.

        TD3, arXiv:1802.09477, eq. 14.
        """
        algorithm = self.algorithm
        if algorithm.distribution != 'deterministic':
            return self._sample(*self.actor.distribution(self._state.actor, observation), noise)
        mean, _ = self.actor.distribution(self._state.target_actor, observation)
        bound = algorithm.target_noise_clip
        smoothing = (algorithm.target_noise * noise).clamp(-bound, bound)
        return (mean.tanh() + smoothing).clamp(-1.0, 1.0), None

    def _update_critics(self, batch: Batch[Tensor], noise: Noise) -> None:
        """Move each critic's quantiles towards the targets by quantile regression."""
        targets = self._targets(batch, noise)
        critics, critic_loss = self._state.critics, self.algorithm.critic_loss
        quantiles = self.critics.quantiles(
            critics, batch.observation, batch.action, noise.critic_masks
        )
        if self._reference:
            loss = quantile_loss(quantiles, targets, critic_loss)
            (gradient,) = torch.autograd.grad(loss, critics.flat)
        else:
            slope = quantile_loss_gradient(quantiles.detach(), targets, critic_loss)
            (gradient,) = torch.autograd.grad(quantiles, critics.flat, slope)
        if self.updates % _UPDATES_PER_RECORD == 0:
            with torch.no_grad():
                self._metrics.add(
                    critic_loss=quantile_loss(quantiles, targets, critic_loss),
                    q_mean=quantiles.mean(),
                    quantile_spread=quantiles.std(dim=2, correction=0).mean(),
                    target_mean=targets.mean(),
                    critic_gradient_norm=torch.linalg.vector_norm(gradient),
                )
        self._step('critics', gradient)

    def _update_actor(
        self, observation: Tensor, noise: Tensor, masks: list[Tensor] | None
    ) -> Tensor | None:
        """Raise Q and entropy; return log pi(a|s), (batch,), or None without an entropy."""
        actor = self._state.actor
        mean, log_std = self.actor.distribution(actor, observation)
        if self.algorithm.distribution == 'deterministic':
            action, log_prob = mean.tanh(), None
        else:
            action, log_prob = self._sample(mean, log_std, noise)
        loss = -self._q(observation, action, masks).mean()
        if log_prob is not None:
            loss = loss + self.temperature * log_prob.mean()
        (gradient,) = torch.autograd.grad(loss, actor.flat)
        if self.actor_updates % _UPDATES_PER_RECORD == 0:
            norm = torch.linalg.vector_norm(gradient)
            self._metrics.add(actor_loss=loss.detach(), actor_gradient_norm=norm)
        self._step('actor', gradient)
        return None if log_prob is None else log_prob.detach()

    def _q(self, observation: Tensor, action: Tensor, masks: list[Tensor] | None) -> Tensor:
        """Return what the actor raises, (batch,): mean, lowest or first of the critics."""
        which, critics = self.algorithm.actor_q, self._state.critics
        seen = critics.first if which == 'first' else critics.frozen
        quantiles = self.critics.quantiles(seen, observation, action, masks)
        if which == 'min':
            return quantiles.mean(dim=2).amin(dim=1)
        return quantiles.mean(dim=(1, 2))

    def _update_temperature(self, log_prob: Tensor) -> None:
        """Raise the temperature where the entropy is below its target, lower it where above.

        The loss is -p (mean log pi + target entropy) with p the learned parameter, log alpha for
        `exp`; so the gradient by p is -(mean log pi + target entropy).
        """
        entropy = -log_prob.mean()
        gradient = entropy - self._target_entropy
        if self.actor_updates % _UPDATES_PER_RECORD == 0:
            self._metrics.add(
                temperature=self.temperature.clone(),
                temperature_loss=self._state.temperature_parameter * gradient,
                entropy=entropy,
            )
        if self.algorithm.temperature == 'auto':
            self._state.optimizers['temperature'].step(gradient)

    def _update_targets(self) -> None:
        """Let the targets follow their networks by a small share of the distance."""
        state, share = self._state, self.algorithm.tau_target
        state.target_critics.flat.lerp_(state.critics.frozen.flat, share)
        if self.algorithm.distribution == 'deterministic':
            state.target_actor.flat.lerp_(state.actor.frozen.flat, share)

    def _step(self, name: str, gradient: Tensor) -> None:
        """Let an optimizer step, its gradient's norm bounded."""
        bound = self.algorithm.max_gradient_norm
        if bound:
            norm = torch.linalg.vector_norm(gradient)
            gradient.mul_((bound / (norm + 1e-6)).clamp_(max=1.0))
        self._state.optimizers[name].step(gradient)

    def metrics(self) -> dict[str, float]:
        """Return the means of what was recorded since the last call; waits for the device.

        Raises:
            TrainingError: one is not finite.
        """
        metrics = self._metrics.take()
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f'training diverged by update {self.updates}: {name} is {value};'
                    ' accepted: finite numbers'
                )
        return metrics

    def policy(self, version: int = 0) -> PolicyParameters:
        """Return the actor as it travels to robots; waits for the device."""
        mean = std = torch.zeros(0)
        if self.algorithm.normalise_observations:
            mean, std = self._state.statistics.mean, self._state.statistics.std
        return PolicyParameters(
            architecture=self.actor.architecture,
            parameters=self.actor.exported(self._state.actor),
            observation_mean=mean.cpu().numpy().copy(),
            observation_std=std.cpu().numpy().copy(),
            version=version,
            updates=self.updates,
            uniform_exploration=self.algorithm.uniform_start and self.updates == 0,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that training needs to go on as if never interrupted."""
        return self._state.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            TrainingError: it is of other networks; nothing was changed.
        """
        self._state.load_state_dict(state)


def _explain_bad_numbers(fields: Batch[Tensor]) -> str:
    """Return which field of a block is not finite."""
    for name, values in fields._asdict().items():
        bad = values[~torch.isfinite(values)]
        if len(bad):
            return (
                f'batch: {name}: {len(bad)} of {values.numel()} numbers are not finite,'
                f' the first is {bad[0].item()}; accepted: finite numbers'
            )
    return 'batch: a number is not finite'
