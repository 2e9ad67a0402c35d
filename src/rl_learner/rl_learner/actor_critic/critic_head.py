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

"""What the critics' outputs mean: quantiles of the return, or logits of its probabilities."""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.categorical import (
    categorical_loss,
    categorical_loss_gradient,
    categorical_targets,
    expected_value,
)
from rl_learner.actor_critic.losses import quantile_loss, quantile_loss_gradient
from rl_learner.actor_critic.targets import quantile_targets
from rl_learner.replay.layout import Batch
from torch import Tensor


def critic_targets(
    algorithm: Algorithm,
    batch: Batch[Tensor],
    target_outputs: Tensor,
    temperature: Tensor,
    log_prob: Tensor | None,
) -> Tensor:
    """Return y_j, (batch, kept), or the target's probabilities, (batch, atom).

    Args:
        algorithm: selects one.
        batch: transitions.
        target_outputs: of the target critics at (s', a'), (batch, critic, output).
        temperature: scalar.
        log_prob: log pi(a'|s'), (batch,); None: no entropy bonus.
    """
    make = categorical_targets if algorithm.is_categorical else quantile_targets
    if not algorithm.backup_entropy:
        log_prob = None
    return make(algorithm, batch, target_outputs, temperature, log_prob)


def critic_loss(algorithm: Algorithm, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss, scalar, of outputs (batch, critic, output) with `critic_targets`."""
    if algorithm.critic_loss == 'categorical':
        return categorical_loss(outputs, targets)
    return quantile_loss(outputs, targets, algorithm.critic_loss, algorithm.critic_loss_scale)


def critic_loss_gradient(algorithm: Algorithm, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient of `critic_loss` by the outputs, (batch, critic, output)."""
    if algorithm.critic_loss == 'categorical':
        return categorical_loss_gradient(outputs, targets)
    return quantile_loss_gradient(
        outputs, targets, algorithm.critic_loss, algorithm.critic_loss_scale
    )


def critic_values(algorithm: Algorithm, outputs: Tensor) -> Tensor:
    """Return each critic's Q, (batch, critic), for its outputs, (batch, critic, output)."""
    if algorithm.is_categorical:
        return expected_value(outputs, algorithm.value_bound)
    return outputs.mean(dim=2)
