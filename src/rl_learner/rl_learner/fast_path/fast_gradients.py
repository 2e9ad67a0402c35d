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

"""The gradients of `AutogradGradients` with hand-written backward passes.

It is faster because

- no graph is built,
- the actor evaluates s' and s in one pass, since its parameters change only after both,
- the gradient of the quantile loss has a closed form,
- the mean over quantiles that the actor maximises is one product with the mean of the last
  layer's weights, and
- the critics' input gradient is computed only for the action's columns.
"""

from typing import NamedTuple

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.categorical import expected_value, expected_value_gradient
from rl_learner.actor_critic.critic_head import critic_loss_gradient, critic_targets
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import Noise
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.fast_path.fast_actor import actor_backward, actor_forward, ActorPass
from rl_learner.fast_path.fast_mlp import backward, forward
from rl_learner.layers.distributions import (
    fast_sample_squashed,
    squashed_gradient,
    SquashedNormal,
)
from rl_learner.layers.mlp import Ensemble
from rl_learner.replay.layout import Batch, ReplayLayout
import torch
from torch import Tensor

_aten = torch.ops.aten


class ActorSample(NamedTuple):
    """The actor's actions at some observations.

    Attributes:
        inputs: of the critics, (batch, observation + action).
        actor_pass: the actor's forward pass.
        squashed: the sample; None for a deterministic actor.
    """

    inputs: Tensor
    actor_pass: ActorPass
    squashed: SquashedNormal | None

    def from_row(self, first: int) -> 'ActorSample':
        """Return the rows of the batch from `first` on."""
        squashed = None if self.squashed is None else self.squashed.from_row(first)
        return ActorSample(self.inputs[first:], self.actor_pass.from_row(first), squashed)


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
        """Keep what the gradients are computed from."""
        self._algorithm, self._layout = algorithm, layout
        self._actor, self._critics, self._state = actor, critics, state
        self._action = slice(layout.observation_size, None)  # columns of the critics' inputs
        bf16 = algorithm.matmul_precision == 'bf16'
        self._dtype = torch.bfloat16 if bf16 else torch.float32
        self._actor_sample: ActorSample | None = None  # at s; `critics` stores it for `actor`

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of `critic_loss` by the critics' parameters."""
        critics, (gradient, grad_layers) = self._state.critics, self._state.critics.gradient
        targets = self._targets(self._layout.unpack(rows), noise)
        inputs = self._layout.observation_and_action(rows)
        critic_pass = forward(critics, inputs, noise.critic_masks, dtype=self._dtype)
        quantiles = critic_pass.output.transpose(0, 1)
        grad_quantiles = critic_loss_gradient(self._algorithm, quantiles, targets)
        encoded = backward(
            critic_pass, grad_quantiles.transpose(0, 1), grad_layers, self._layout.encoded
        )
        return CriticGradient(gradient, quantiles, targets, encoded)

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of the actor loss by the actor's parameters."""
        sample, actor = self._actor_sample, self._state.actor
        assert sample is not None  # `critics` is called first
        q, grad_action = self._actor_q(sample.inputs, noise.actor_masks)
        if sample.squashed is None:
            action = sample.inputs[:, self._action]
            grad_mean = grad_log_std = _aten.tanh_backward(grad_action, action)
            log_prob = None
        else:
            grad_log_prob = self._state.temperature / len(rows)
            grad_mean, grad_log_std = squashed_gradient(
                sample.squashed, grad_action, grad_log_prob
            )
            log_prob = sample.squashed.log_prob
        gradient = actor_backward(self._actor, actor, sample.actor_pass, grad_mean, grad_log_std)
        return ActorGradient(gradient, q, log_prob)

    def _targets(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return y_j, (batch, kept); in an actor update, also store the actor's sample at s."""
        inputs, log_prob = self._sample_actions(batch, noise)
        target_critics = self._state.target_critics
        if noise.subset is not None:
            target_critics = target_critics.subset(noise.subset)
        target_pass = forward(target_critics, inputs, noise.target_masks, dtype=self._dtype)
        target_quantiles = target_pass.output.transpose(0, 1)
        return critic_targets(
            self._algorithm, batch, target_quantiles, self._state.temperature, log_prob
        )

    def _sample_actions(self, batch: Batch[Tensor], noise: Noise) -> tuple[Tensor, Tensor | None]:
        """Return s' with a', (batch, observation + action), and log pi(a'|s')."""
        if self._algorithm.distribution == 'deterministic':
            return self._deterministic_actions(batch, noise), None
        observations, batch_size = [batch.next_observation], len(batch.reward)
        if noise.action is not None:
            observations.append(batch.observation)
        inputs = self._critic_inputs(*observations)
        actor_pass = self._actor_pass(self._state.actor, inputs)
        action = inputs[:, self._action]
        normal = noise.normal.view(-1, action.shape[1])
        squashed = fast_sample_squashed(actor_pass.mean, actor_pass.log_std, normal, action)
        self._actor_sample = ActorSample(inputs, actor_pass, squashed).from_row(batch_size)
        return inputs[:batch_size], squashed.log_prob[:batch_size]

    def _deterministic_actions(self, batch: Batch[Tensor], noise: Noise) -> Tensor:
        """Return s' with the smoothed target action: TD3, arXiv:1802.09477, eq. 14."""
        if noise.action is not None:
            inputs = self._critic_inputs(batch.observation)
            actor_pass = self._actor_pass(self._state.actor, inputs)
            torch.tanh(actor_pass.mean, out=inputs[:, self._action])
            self._actor_sample = ActorSample(inputs, actor_pass, None)
        inputs = self._critic_inputs(batch.next_observation)
        action = inputs[:, self._action]
        torch.tanh(self._actor_pass(self._state.target_actor, inputs).mean, out=action)
        bound = self._algorithm.target_noise_clip
        smoothing = (self._algorithm.target_noise * noise.next_action).clamp_(-bound, bound)
        action.add_(smoothing).clamp_(-1.0, 1.0)
        return inputs

    def _critic_inputs(self, *observations: Tensor) -> Tensor:
        """Return the critics' inputs, one batch below the other, with uninitialised actions."""
        batch_size, size = observations[0].shape
        width = size + self._layout.action_size
        inputs = observations[0].new_empty(len(observations) * batch_size, width)
        for index, observation in enumerate(observations):
            inputs[index * batch_size : (index + 1) * batch_size, :size] = observation
        return inputs

    def _actor_pass(self, parameters: Ensemble, inputs: Tensor) -> ActorPass:
        """Return the actor's pass over the observations in the critics' inputs."""
        observation = inputs[:, : self._layout.observation_size]
        return actor_forward(self._actor, parameters, observation, self._dtype)

    def _actor_q(self, inputs: Tensor, masks: list[Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return Q's mean over the batch, and the gradient of -Q by the action."""
        critics, is_categorical = self._maximised_critics(), self._algorithm.is_categorical
        critic_pass = forward(
            critics, inputs, masks, dtype=self._dtype, mean_output=not is_categorical
        )
        q = critic_pass.output
        if is_categorical:
            q = expected_value(critic_pass.output, self._algorithm.value_bound)[..., None]
        if self._algorithm.actor_q == 'min':
            lowest = q.amin(dim=0, keepdim=True)
            grad_q = (q == lowest) * (-1.0 / len(inputs))
            mean = lowest.mean()
        else:
            grad_q = torch.full_like(q, -1.0 / q.numel())
            mean = q.mean()
        if is_categorical:
            bound = self._algorithm.value_bound
            grad_q = grad_q * expected_value_gradient(critic_pass.output, q, bound)
        grad_action = backward(critic_pass, grad_q, columns=self._action)
        assert grad_action is not None
        return mean, grad_action

    def _maximised_critics(self) -> Ensemble:
        """Return the critics whose Q the actor maximises."""
        critics = self._state.critics
        return critics.first if self._algorithm.actor_q == 'first' else critics
