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

"""Options that decide what trained weights mean; a run keeps them for life."""

from typing import Any

from rl_agent.errors import TrainingError
from rl_learner.actor_critic.algorithm import Algorithm

# option to its value in checkpoints of before it existed; None: it may have been any
_BEFORE: dict[str, Any] = {
    'actor_activation': None,
    'actor_batch_norm': False,
    'actor_unit_weights': False,
    'critic_activation': None,
    'critic_batch_norm': False,
    'critic_unit_weights': False,
    'distribution': None,
    'mean_clip': None,
    'normalise_observations': None,
    'normalise_rewards': False,
}
_OF_QUANTILES = 'logcosh, huber or squared'


def meaning_of(algorithm: Algorithm) -> dict[str, Any]:
    """Return the options that decide what the weights mean, for the checkpoint."""
    is_categorical, clip = algorithm.is_categorical, algorithm.observation_clip
    return {
        **{name: getattr(algorithm, name) for name in _BEFORE},
        'critic_loss': 'categorical' if is_categorical else _OF_QUANTILES,
        'value_bound': algorithm.value_bound if is_categorical else None,
        'observation_clip': clip if algorithm.normalise_observations else None,
    }


def check_meaning(algorithm: Algorithm, meaning: Any) -> None:
    """Compare this algorithm with the one that trained a checkpoint.

    The shapes of the networks are compared elsewhere; here is what shapes do not show.

    Args:
        algorithm: that is to continue.
        meaning: of the checkpoint; options that it lacks are of before they existed.

    Raises:
        TrainingError: an option differs.
    """
    if not isinstance(meaning, dict):
        raise TrainingError(f'checkpoint: meaning: given {meaning!r}; accepted: options by name')
    before = {**_BEFORE, 'critic_loss': _OF_QUANTILES}
    for name, given in meaning_of(algorithm).items():
        accepted = meaning.get(name, before.get(name))
        if None not in (given, accepted) and given != accepted:
            raise TrainingError(
                f'checkpoint: {name}: given {given}; accepted: {accepted}, with which its weights'
                ' were trained, or another run folder'
            )
