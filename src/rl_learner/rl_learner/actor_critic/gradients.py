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

"""The gradients of one update, whichever path computes them."""

from typing import NamedTuple, Protocol

from rl_learner.actor_critic.noise import Noise
from torch import Tensor


class CriticGradient(NamedTuple):
    """Gradient of the critic loss, and the values it was computed from.

    Attributes:
        gradient: with respect to the critics' parameters, (critic, parameter).
        quantiles: q_i, (batch, critic, quantile); of categorical critics the logits.
        targets: y_j, (batch, kept); of categorical critics the probabilities, (batch, atom).
        encoded: gradient by what an encoder computed of s, (batch, feature); None without one.
    """

    gradient: Tensor
    quantiles: Tensor
    targets: Tensor
    encoded: Tensor | None = None


class ActorGradient(NamedTuple):
    """Gradient of the actor loss, and the values it was computed from.

    Attributes:
        gradient: with respect to the actor's parameters, (1, parameter).
        q: the Q that the actor maximises, mean over the batch, scalar.
        log_prob: log pi(a|s), (batch,); None for a deterministic actor.
    """

    gradient: Tensor
    q: Tensor
    log_prob: Tensor | None


class Gradients(Protocol):
    """Computes the gradients of one update: `critics` first, then `actor` if it is due."""

    def critics(self, rows: Tensor, noise: Noise) -> CriticGradient:
        """Return the gradient of the critic loss over rows, (batch, width)."""
        ...

    def actor(self, rows: Tensor, noise: Noise) -> ActorGradient:
        """Return the gradient of the actor loss with the current critics."""
        ...
