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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Small updates of all algorithms, and random rows for them."""

import contextlib

import numpy as np
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.replay.transition_arrays import TransitionArrays
from rl_learner.training.update import Update
import torch

SMALL = {'batch_size': 32, 'actor_hidden_sizes': [24, 16], 'critic_hidden_sizes': [24, 16]}
VARIANTS = {
    'default': ('default', {}),
    'sac': ('sac', {}),
    'sac_fixed_temperature': ('sac_fixed_temperature', {}),
    'ddpg': ('ddpg', {}),
    'td3': ('td3', {}),
    'tqc': ('tqc', {'num_critics': 3}),
    'rl_toolkit': ('rl_toolkit', {}),
    'redq': ('redq', {}),
    'droq': ('droq', {}),
    'bounded': (
        'default',
        {
            'actor_layer_norm': True,
            'actor_activation': 'tanh',
            'mean_clip': 0.1,
            'log_std_min': -0.3,
            'log_std_max': 0.1,
            'actor_q': 'first',
        },
    ),
    'mixed': (
        'default',
        {
            'num_critics': 4,
            'num_quantiles': 5,
            'target_subset': 2,
            'dropped_from': 'critic',
            'dropped_atoms': 1,
            'critic_layer_norm': True,
            'critic_dropout': 0.1,
            'critic_activation': 'tanh',
            'actor_layer_norm': True,
            'actor_activation': 'elu',
            'actor_q': 'min',
            'distribution': 'gsde',
            'normalise_observations': True,
            'max_gradient_norm': 0.5,
            'policy_delay': 2,
            'n_step': 3,
            'critic_loss': 'huber',
            'normalise_rewards': True,
            'return_bound': 5.0,
            'backup_entropy': False,
        },
    ),
    'batch_norm': (
        'default',
        {
            'critic_batch_norm': True,
            'critic_layer_norm': False,
            'actor_batch_norm': True,
            'actor_q': 'min',
            'policy_delay': 3,
            'critic_unit_weights': True,
            'actor_unit_weights': True,
            'critic_loss_scale': 0.1,
            'learning_rate_decay_updates': 50,
        },
    ),
    'no_target_network': (
        'default',
        {
            'critic_batch_norm': True,
            'critic_layer_norm': False,
            'target_network': False,
            'adam_beta_1': 0.5,
        },
    ),
    'categorical': (
        'default',
        {
            'critic_loss': 'categorical',
            'num_quantiles': 11,
            'value_bound': 3.0,
            'normalise_rewards': True,
            'actor_q': 'min',
        },
    ),
    'categorical_mixed': (
        'default',
        {
            'critic_loss': 'categorical',
            'num_critics': 3,
            'num_quantiles': 101,
            'target_subset': 2,
            'normalise_rewards': True,
            'critic_batch_norm': True,
            'critic_layer_norm': False,
            'n_step': 3,
        },
    ),
    'batch_norm_mixed': (
        'default',
        {
            'num_critics': 4,
            'num_quantiles': 5,
            'target_subset': 2,
            'critic_batch_norm': True,
            'critic_layer_norm': False,
            'critic_activation': 'tanh',
            'actor_batch_norm': True,
            'actor_activation': 'elu',
            'actor_q': 'first',
            'actor_unit_weights': True,
            'distribution': 'gsde',
            'normalise_observations': True,
            'max_gradient_norm': 0.5,
            'target_network': False,
            'critic_loss': 'huber',
            'critic_loss_scale': 0.3,
        },
    ),
    'batch_norm_critics': (
        'td3',
        {'critic_batch_norm': True, 'critic_activation': 'elu'},
    ),
    'batch_norm_actor': ('default', {'actor_batch_norm': True}),
}


@contextlib.contextmanager
def one_thread():
    """Let torch use one thread, with which results are reproducible bit for bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_update(variant, *, reference=False, seed=1, device='cpu', ranks=None, **overrides):
    """Return a small update of a variant, or of a preset."""
    name, options = VARIANTS.get(variant, (variant, {}))
    algorithm = load_algorithm(name, {**SMALL, **options, **overrides})
    return Update(algorithm, 5, 2, seed=seed, device=device, reference=reference, ranks=ranks)


def random_blocks(update, count, size=5, seed=0):
    """Return blocks of plausible rows."""
    generator = torch.Generator().manual_seed(seed)
    layout, batch_size = update.layout, update.algorithm.batch_size
    result = []
    for _ in range(count):
        rows = torch.randn(size, batch_size, layout.width, generator=generator)
        fields = layout.unpack(rows)
        fields.action.tanh_()
        fields.terminated.copy_((fields.terminated > 1.3).float())
        fields.num_steps.fill_(update.algorithm.n_step)
        result.append(rows)
    return result


def train_on_random_blocks(update, updates):
    """Do some updates, after rewards whose deviation matters where they are normalised."""
    update.returns.add(('', ''), 1, one_episode(update, [2.0, 10.0, -4.0]))
    for rows in random_blocks(update, updates // 5):
        update.run(rows)


def one_episode(update, rewards):
    """Return the transitions of an episode without end."""
    count, layout = len(rewards), update.layout
    observation = np.zeros((count, layout.observation_size), np.float32)
    return TransitionArrays(
        observation=observation,
        action=np.zeros((count, layout.action_size), np.float32),
        reward=np.array(rewards, np.float32),
        next_observation=observation,
        terminated=np.zeros(count, np.bool_),
        truncated=np.zeros(count, np.bool_),
        episode=np.ones(count, np.uint32),
    )


def networks(update):
    """Return all trained tensors."""
    return update.state_dict()['networks']
