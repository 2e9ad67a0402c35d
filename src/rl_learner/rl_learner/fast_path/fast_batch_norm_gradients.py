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

"""`FastGradients` for critics or actors with BatchNorm.

(s, a) and (s', a') pass the critics as one batch. Where BatchNorm uses running moments, that is in
the actor for a' and in the critics for the actor's loss, plain networks take its place.
"""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.critic_head import critic_loss_gradient, critic_targets
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.noise import Noise
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.distributed.ranks import Ranks
from rl_learner.fast_path.fast_actor import actor_forward, ActorPass
from rl_learner.fast_path.fast_batch_norm import (
    BatchNormPass,
    normalise_inputs,
    NormalisedInputs,
    other_output,
    training_backward,
    training_forward,
)
from rl_learner.fast_path.fast_gradients import ActorSample, FastGradients
from rl_learner.layers.batch_norm import fold, moments_rate, update_statistics
from rl_learner.layers.distributions import fast_sample_squashed
from rl_learner.layers.mlp import Ensemble
from rl_learner.replay.layout import Batch, ReplayLayout
import torch
from torch import Tensor


class FastBatchNormGradients(FastGradients):
    """See `Gradients`; the running moments move, too."""

    def __init__(
        self,
        algorithm: Algorithm,
        layout: ReplayLayout,
        actor: Actor,
        critics: Critics,
        state: TrainingState,
        ranks: Ranks | None = None,
    ) -> None:
        """Keep what the gradients are computed from; ranks may share the batches."""
        super().__init__(algorithm, layout, actor, critics, state)
        self._ranks = ranks

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of `critic_loss` by the critics' parameters."""
        if not self._algorithm.critic_batch_norm:
            return super().critics(rows, noise)
        batch, critics = self._layout.unpack(rows), self._state.critics
        next_inputs, log_prob = self._sample_actions(batch, noise)
        joint = torch.cat([self._layout.observation_and_action(rows), next_inputs])
        inputs, size = normalise_inputs(joint, self._ranks), len(rows)
        critic_pass = training_forward(critics, inputs, slice(0, size), self._ranks)
        update_statistics(critics, critic_pass.moments, moments_rate(1))
        target_quantiles = self._target_quantiles(critic_pass, inputs, size, noise)
        targets = critic_targets(
            self._algorithm, batch, target_quantiles, self._state.temperature, log_prob
        )
        quantiles = critic_pass.output.transpose(0, 1)
        grad_quantiles = critic_loss_gradient(self._algorithm, quantiles, targets)
        gradient = training_backward(critic_pass, grad_quantiles.transpose(0, 1))
        return CriticGradient(gradient, quantiles, targets)

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of the actor loss by the actor's parameters."""
        if self._algorithm.actor_batch_norm:
            assert noise.action is not None  # drawn for every actor update
            actor = self._state.actor
            self._actor_sample = self._sample(
                actor, self._layout.unpack(rows).observation, noise.action
            )
            actor_pass = self._actor_sample.actor_pass.mlp
            assert isinstance(actor_pass, BatchNormPass)
            update_statistics(
                actor, actor_pass.moments, moments_rate(self._algorithm.updates_per_actor_update)
            )
        return super().actor(rows, noise)

    def _target_quantiles(
        self, critic_pass: BatchNormPass, inputs: NormalisedInputs, size: int, noise: Noise
    ) -> Tensor:
        """Return the target critics' quantiles at (s', a'), the rows from `size` on.

        Args:
            critic_pass: of the critics, which are the target critics, too, without a network
                for targets.
            inputs: of both halves of the batch.
            size: of each half.
            noise: selects the target critics.
        """
        next_rows, target_critics = slice(size, None), self._state.target_critics
        if target_critics is self._state.critics:
            output = other_output(critic_pass, next_rows)
            return (output if noise.subset is None else output[noise.subset]).transpose(0, 1)
        if noise.subset is not None:
            target_critics = target_critics.subset(noise.subset)
        target_pass = training_forward(target_critics, inputs, next_rows, self._ranks)
        return target_pass.output.transpose(0, 1)

    def _sample_actions(self, batch: Batch[Tensor], noise: Noise) -> tuple[Tensor, Tensor | None]:
        """Return s' with a', (batch, observation + action), and log pi(a'|s')."""
        if not self._algorithm.actor_batch_norm:
            return super()._sample_actions(batch, noise)
        acting = self._state.acting_actor
        sample = self._sample(acting, batch.next_observation, noise.next_action)
        assert sample.squashed is not None
        return sample.inputs, sample.squashed.log_prob

    def _sample(self, parameters: Ensemble, observation: Tensor, normal: Tensor) -> ActorSample:
        """Return an actor's actions at some observations."""
        inputs = self._critic_inputs(observation)
        actor_pass = self._actor_pass(parameters, inputs)
        action = inputs[:, self._action]
        squashed = fast_sample_squashed(actor_pass.mean, actor_pass.log_std, normal, action)
        return ActorSample(inputs, actor_pass, squashed)

    def _actor_pass(self, parameters: Ensemble, inputs: Tensor) -> ActorPass:
        """Return the actor's pass over the observations in the critics' inputs."""
        observation = inputs[:, : self._layout.observation_size]
        return actor_forward(self._actor, parameters, observation, self._dtype, self._ranks)

    def _maximised_critics(self) -> Ensemble:
        """Return the critics whose Q the actor maximises, as plain networks."""
        critics = super()._maximised_critics()
        return fold(critics) if critics.shape.batch_norm else critics
