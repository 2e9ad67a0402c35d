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

"""What an update records about itself, and what it says about rows that are not finite."""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.categorical import atoms
from rl_learner.actor_critic.critic_head import critic_loss
from rl_learner.actor_critic.gradients import ActorGradient, CriticGradient
from rl_learner.replay.layout import Batch
import torch
from torch import Tensor

# pairs of quantile and target in the recorded loss; all of TQC's would cost a whole update
_PAIRS_PER_RECORD = 100_000


def critic_metrics(algorithm: Algorithm, critic_gradient: CriticGradient) -> dict[str, Tensor]:
    """Return the critics' metrics, scalars."""
    outputs, targets = critic_gradient.quantiles, critic_gradient.targets
    rows = max(1, _PAIRS_PER_RECORD // (outputs[0].numel() * targets.shape[1]))
    loss = critic_loss(algorithm, outputs[:rows], targets[:rows])
    if algorithm.is_categorical:
        support = atoms(outputs.shape[2], algorithm.value_bound, outputs.device)
        probabilities = outputs.softmax(dim=2)
        values = probabilities @ support
        variance = probabilities @ support.square() - values.square()
        spread = variance.clamp_(min=0.0).sqrt_().mean()
        q_mean, target_mean = values.mean(), (targets @ support).mean()
    else:
        spread = outputs.std(dim=2, correction=0).mean()
        q_mean, target_mean = outputs.mean(), targets.mean()
    return {
        'critic_loss': loss,
        'q_mean': q_mean,
        'quantile_spread': spread,
        'target_mean': target_mean,
        'critic_gradient_norm': torch.linalg.vector_norm(critic_gradient.gradient),
    }


def actor_metrics(actor_gradient: ActorGradient, temperature: Tensor) -> dict[str, Tensor]:
    """Return the actor's metrics, scalars."""
    q, log_prob = actor_gradient.q, actor_gradient.log_prob
    norm = torch.linalg.vector_norm(actor_gradient.gradient)
    if log_prob is None:
        return {'actor_loss': -q, 'actor_gradient_norm': norm}
    entropy = -log_prob.mean()
    return {
        'actor_loss': -temperature * entropy - q,
        'actor_gradient_norm': norm,
        'temperature': temperature.clone(),
        'entropy': entropy,
    }


def describe_nonfinite(fields: Batch[Tensor]) -> str:
    """Return which field of a block has values that are not finite."""
    for name, values in fields._asdict().items():
        nonfinite = values[~torch.isfinite(values)]
        if len(nonfinite):
            return (
                f'batch: {name}: {len(nonfinite)} of {values.numel()} numbers are not finite,'
                f' the first is {nonfinite[0].item()}; accepted: finite numbers'
            )
    return 'batch: a number is not finite'
