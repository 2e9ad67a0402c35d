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

"""Chooses who computes the gradients of an algorithm."""

from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.autograd_gradients import AutogradGradients
from rl_learner.actor_critic.gradients import Gradients
from rl_learner.actor_critic.networks import Actor, Critics
from rl_learner.actor_critic.training_state import TrainingState
from rl_learner.distributed.ranks import Ranks
from rl_learner.fast_path.fast_batch_norm_gradients import FastBatchNormGradients
from rl_learner.fast_path.fast_gradients import FastGradients
from rl_learner.fast_path.shard_gradients import ShardGradients
from rl_learner.replay.layout import ReplayLayout


def choose_gradients(
    algorithm: Algorithm,
    layout: ReplayLayout,
    actor: Actor,
    critics: Critics,
    state: TrainingState,
    *,
    reference: bool,
    ranks: Ranks | None,
) -> Gradients:
    """Return the gradients of this process, or of all ranks.

    Args:
        algorithm: selects the member of the family.
        layout: of the rows.
        actor: shape of the actor.
        critics: shape of the critics.
        state: the parameters.
        reference: from autograd; without ranks.
        ranks: share each batch; None: this process does all of it.
    """
    parts = (algorithm, layout, actor, critics, state)
    if reference:
        return AutogradGradients(*parts)
    if algorithm.has_batch_norm:
        own: Gradients = FastBatchNormGradients(*parts, ranks)
    else:
        own = FastGradients(*parts)
    return own if ranks is None else ShardGradients(own, ranks)
