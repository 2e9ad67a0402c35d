# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The gradients of `AutogradGradients` with every backward pass written out: the fast path.

What makes it fast: no graph; the actor acts on s' and s in one pass, for it is the same actor
until its own step; the quantile loss by its gradient in closed form; the mean over quantiles,
which the actor raises, as one product with the mean of the last layer's weights; and of the
gradient by the critics' inputs only the columns of the action.
"""

from typing import NamedTuple

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.distributions import (
    fast_sample_squashed,
    squashed_gradient,
    SquashedNormal,
)
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.actor_critic.losses import quantile_loss_gradient
from rl_learner.actor_critic.mlp import Ensemble
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import Noise
from rl_learner.actor_critic.targets import bellman_targets, discounts, kept_atoms
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.fast_path.fast_actor import actor_backward, actor_forward, ActorPass
from rl_learner.fast_path.fast_mlp import backward, forward
from rl_learner.replay.layout import Batch, ReplayLayout
import torch
from torch import Tensor

_aten = torch.ops.aten


class Acted(NamedTuple):
    """What the actor does in some states.

    Attributes:
        inputs: of the critics, states and actions, (batch, observation + action).
        passed: the actor's forward pass.
        squashed: the sample; None for a deterministic actor.
    """

    inputs: Tensor
    passed: ActorPass
    squashed: SquashedNormal | None

    def rows(self, first: int) -> 'Acted':
        """Return the same for the states from `first` on."""
        squashed = None if self.squashed is None else self.squashed.rows(first)
        return Acted(self.inputs[first:], self.passed.rows(first), squashed)


class FastGradients:
    """See `Gradients`; arguments as for `AutogradGradients`."""

    def __init__(
        self,
        algorithm: Algorithm,
        layout: ReplayLayout,
        actor: Actor,
        critics: Critics,
        state: TrainingState,
    ) -> None:
        """Take what the gradients are computed from."""
        self._algorithm, self._layout = algorithm, layout
        self._actor, self._critics, self._state = actor, critics, state
        self._action = slice(layout.observation_size, None)  # in the critics' inputs
        bf16 = algorithm.matmul_precision == 'bf16'
        self._dtype = torch.bfloat16 if bf16 else torch.float32
        self._acted: Acted | None = None  # in s; from `critics` to `actor`

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of `quantile_loss` by the critics' parameters."""
        critics, (flat, into) = self._state.critics, self._state.critics.gradient
        targets = self._targets(self._layout.unpack(rows), noise)
        inputs = self._layout.observation_and_action(rows)
        passed = forward(critics, inputs, noise.critic_masks, dtype=self._dtype)
        quantiles = passed.output.transpose(0, 1)
        slope = quantile_loss_gradient(quantiles, targets, self._algorithm.critic_loss)
        backward(passed, slope.transpose(0, 1), into)
        return CriticGradient(flat, quantiles, targets)

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of temperature log pi(a|s) - Q(s, a) by the actor's parameters."""
        acted, actor = self._acted, self._state.actor
        assert acted is not None  # `critics` came first
        q, by_action = self._raise_q(acted.inputs, noise.actor_masks)
        if acted.squashed is None:
            action = acted.inputs[:, self._action]
            by_mean = by_log_std = _aten.tanh_backward(by_action, action)
            log_prob = None
        else:
            by_log_prob = self._state.temperature / len(rows)
            by_mean, by_log_std = squashed_gradient(acted.squashed, by_action, by_log_prob)
            log_prob = acted.squashed.log_prob
        gradient = actor_backward(self._actor, actor, acted.passed, by_mean, by_log_std)
        return ActorGradient(gradient, q, log_prob)

    def _targets(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return y, (batch, kept); leave what the actor does in s for `actor`."""
        inputs, log_prob = self._act(batch, noise)
        critics = self._state.target_critics
        if noise.subset is not None:
            critics = critics.subset(noise.subset)
        passed = forward(critics, inputs, noise.target_masks, dtype=self._dtype)
        atoms = kept_atoms(passed.output.transpose(0, 1), self._algorithm.kept_atoms)
        discount = discounts(self._algorithm.gamma, batch.num_steps)
        bonus = None if log_prob is None else -self._state.temperature * log_prob
        return bellman_targets(batch.reward, discount, batch.terminated, atoms, bonus)

    def _act(self, batch: Batch[Tensor], noise: Noise) -> tuple[Tensor, Tensor | None]:
        """Return s' with a', (batch, observation + action), and log pi(a'|s')."""
        if self._algorithm.distribution == 'deterministic':
            return self._act_deterministically(batch, noise), None
        states, first = [batch.next_observation], len(batch.reward)
        if noise.action is not None:
            states.append(batch.observation)
        inputs = self._inputs(*states)
        passed = self._pass(self._state.actor, inputs)
        action = inputs[:, self._action]
        normal = noise.normal.view(-1, action.shape[1])
        squashed = fast_sample_squashed(passed.mean, passed.log_std, normal, action)
        self._acted = Acted(inputs, passed, squashed).rows(first)
        return inputs[:first], squashed.log_prob[:first]

    def _act_deterministically(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return s' with the smoothed target action: TD3, arXiv:1802.09477, eq. 14."""
        if noise.action is not None:
            inputs = self._inputs(batch.observation)
            passed = self._pass(self._state.actor, inputs)
            torch.tanh(passed.mean, out=inputs[:, self._action])
            self._acted = Acted(inputs, passed, None)
        inputs = self._inputs(batch.next_observation)
        action = inputs[:, self._action]
        torch.tanh(self._pass(self._state.target_actor, inputs).mean, out=action)
        bound = self._algorithm.target_noise_clip
        smoothing = (self._algorithm.target_noise * noise.next_action).clamp_(-bound, bound)
        action.add_(smoothing).clamp_(-1.0, 1.0)
        return inputs

    def _inputs(self, *observations: Tensor) -> Tensor:
        """Return inputs of the critics, with room for the actions."""
        batch_size, size = observations[0].shape
        width = size + self._layout.action_size
        inputs = observations[0].new_empty(len(observations) * batch_size, width)
        for index, observation in enumerate(observations):
            inputs[index * batch_size : (index + 1) * batch_size, :size] = observation
        return inputs

    def _pass(self, parameters: Ensemble, inputs: Tensor) -> ActorPass:
        """Return the actor's pass over the states in the critics' inputs."""
        observation = inputs[:, : self._layout.observation_size]
        return actor_forward(self._actor, parameters, observation, self._dtype)

    def _raise_q(self, inputs: Tensor, masks: list[Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return Q's mean over the batch, and the gradient of its negative by the action."""
        which, critics = self._algorithm.actor_q, self._state.critics
        seen = critics.first if which == 'first' else critics
        passed = forward(seen, inputs, masks, dtype=self._dtype, mean_output=True)
        q = passed.output
        if which == 'min':
            lowest = q.amin(dim=0, keepdim=True)
            slope = (q == lowest) * (-1.0 / len(inputs))
            mean = lowest.mean()
        else:
            slope = torch.full_like(q, -1.0 / q.numel())
            mean = q.mean()
        by_action = backward(passed, slope, columns=self._action)
        assert by_action is not None
        return mean, by_action
