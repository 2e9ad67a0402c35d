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
"""The actor in torch for training and in NumPy for the robot."""

import itertools

import numpy as np
import pytest
from rl_agent.policy.policy import Policy
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.layers.mlp import Ensemble
from rl_learner.training.update import Update
import torch

OPTIONS = [
    options
    for options in itertools.product(
        ('gaussian', 'gsde', 'deterministic'),
        ('relu', 'elu', 'tanh'),
        ('no norm', 'layer_norm', 'batch_norm'),
        (0.0, 0.2),  # mean_clip
        (False, True),  # normalise_observations
    )
    if options[0] != 'deterministic' or options[2] != 'batch_norm'
]


def trained(distribution, activation, norm, mean_clip, normalise):
    """Return an update after three steps, so that no parameter has its initial value."""
    options = {
        'batch_size': 16,
        'actor_hidden_sizes': [12, 9],
        'critic_hidden_sizes': [8],
        'actor_activation': activation,
        'actor_layer_norm': norm == 'layer_norm',
        'actor_batch_norm': norm == 'batch_norm',
        'actor_learning_rate': 0.05,
        'distribution': distribution,
        'mean_clip': mean_clip,
        'normalise_observations': normalise,
        'sde_sample_freq': 2,
        'initial_log_std': -1.0,
    }
    if distribution == 'deterministic':
        options.update(temperature='fixed', initial_temperature=0.0)
    update = Update(load_algorithm('default', options), 4, 3, seed=1)
    generator = torch.Generator().manual_seed(2)
    rows = 3.0 * torch.randn(3, 16, update.layout.width, generator=generator) + 1.0
    rows[..., update.layout.slices['terminated']] = 0.0
    rows[..., update.layout.slices['num_steps']] = 1.0
    update.run(rows)
    return update


def torch_distribution(update, observation):
    """Return mean and standard deviation before tanh from the learner's actor."""
    inputs = torch.from_numpy(observation)
    if update.algorithm.normalise_observations:
        state = update.state_dict()['statistics']
        clip = update.algorithm.observation_clip
        inputs = ((inputs - state['float_mean']) / state['float_std']).clamp(-clip, clip)
    state = update.state_dict()['networks']
    ensemble = Ensemble(update.actor.shape, state['actor'], state.get('actor_moments'))
    mean, log_std = update.actor.distribution(ensemble, inputs)
    return mean.numpy(), log_std.exp().numpy()


@pytest.mark.parametrize('options', OPTIONS, ids=str)
def test_robot_computes_what_the_learner_computes(options):
    update = trained(*options)
    parameters = update.policy(version=3)
    policy = Policy(parameters)
    observation = np.random.default_rng(0).normal(1.0, 4.0, (20, 4)).astype(np.float32)
    mean, std = torch_distribution(update, observation)
    for row, row_mean, row_std in zip(observation, mean, std, strict=True):
        robot_mean, robot_std = policy.distribution(row)
        np.testing.assert_allclose(robot_mean, row_mean, atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(robot_std, row_std, atol=1e-5, rtol=1e-5)
        action = policy.act(row, np.random.default_rng(0), deterministic=True)
        np.testing.assert_allclose(action, np.tanh(row_mean), atol=1e-5)
        if options[0] == 'gaussian':
            noise = np.random.default_rng(7).standard_normal(3, dtype=np.float32)
            action = policy.act(row, np.random.default_rng(7))
            np.testing.assert_allclose(action, np.tanh(row_mean + row_std * noise), atol=1e-5)


@pytest.mark.parametrize('activation', ['relu', 'elu', 'tanh'])
def test_sde_noise_on_the_robot_has_the_learners_std(activation):
    update = trained('gsde', activation, 'no norm', 0.0, False)
    policy = Policy(update.policy())
    observation = np.ones(4, np.float32)
    mean, std = torch_distribution(update, observation[None])
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(20_000):
        policy.reset(rng)
        drawn.append(np.arctanh(policy.act(observation, rng).astype(np.float64)))
    np.testing.assert_allclose(np.mean(drawn, axis=0), mean[0], atol=0.04 * std.max())
    np.testing.assert_allclose(np.std(drawn, axis=0), std[0], rtol=0.03)


def test_policy_contains_statistics_and_counters():
    update = trained('gaussian', 'relu', 'no norm', 0.0, True)
    parameters = update.policy(version=5)
    assert (parameters.version, parameters.updates) == (5, 3)
    assert parameters.observation_mean.shape == parameters.observation_std.shape == (4,)
    assert parameters.observation_mean.dtype == np.float32
    without = trained('gaussian', 'relu', 'no norm', 0.0, False).policy()
    assert without.observation_mean.size == without.observation_std.size == 0
