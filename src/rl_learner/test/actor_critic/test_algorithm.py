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
"""Presets, and options that are rejected."""

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm

PRESETS = (
    'default',
    'small',
    'sac',
    'sac_fixed_temperature',
    'ddpg',
    'td3',
    'tqc',
    'rl_toolkit',
    'redq',
    'droq',
    'crossq',
    'xqc',
    'xqc_small',
    'rlpd',
    'hil',
    'teach',
    'drq_sac',
    'default_images',
)


@pytest.mark.parametrize(
    ('name', 'critics', 'quantiles', 'kept', 'loss'),
    [
        ('sac', 2, 1, 1, 'squared'),
        ('sac_fixed_temperature', 2, 1, 1, 'squared'),
        ('ddpg', 1, 1, 1, 'squared'),
        ('td3', 2, 1, 1, 'squared'),
        ('tqc', 5, 25, 115, 'huber'),
        ('rl_toolkit', 3, 35, 102, 'logcosh'),
        ('redq', 10, 1, 1, 'squared'),
        ('droq', 2, 1, 1, 'squared'),
        ('crossq', 2, 1, 1, 'squared'),
        ('xqc', 2, 101, 198, 'categorical'),
        ('xqc_small', 2, 25, 46, 'logcosh'),
        ('rlpd', 10, 1, 1, 'squared'),
        ('hil', 2, 1, 1, 'squared'),
        ('teach', 2, 1, 1, 'squared'),
        ('drq_sac', 2, 1, 1, 'squared'),
    ],
)
def test_presets_match_the_papers(name, critics, quantiles, kept, loss):
    algorithm = load_algorithm(name)
    assert algorithm.num_critics == critics
    assert algorithm.num_quantiles == quantiles
    assert algorithm.num_kept_atoms == kept
    assert algorithm.critic_loss == loss
    assert algorithm.batch_size == (128 if name == 'drq_sac' else 256)


@pytest.mark.parametrize(
    ('name', 'learning_rate', 'tau_target', 'critic_layer_norm'),
    [
        ('sac', 3e-4, 0.005, False),
        ('sac_fixed_temperature', 3e-4, 0.005, False),
        ('ddpg', 1e-3, 0.005, False),
        ('td3', 1e-3, 0.005, False),
        ('tqc', 3e-4, 0.005, False),
        ('rl_toolkit', 7.3e-4, 0.01, False),
        ('redq', 3e-4, 0.005, False),
        ('droq', 3e-4, 0.005, True),
        ('xqc', 3e-4, 0.005, False),
        ('xqc_small', 1e-3, 0.02, False),
        ('rlpd', 3e-4, 0.005, True),
        ('hil', 3e-4, 0.005, True),
        ('teach', 1e-3, 0.01, True),
        ('drq_sac', 1e-3, 0.01, True),
    ],
)
def test_presets_do_not_depend_on_the_defaults(name, learning_rate, tau_target, critic_layer_norm):
    algorithm = load_algorithm(name)
    assert algorithm.critic_learning_rate == algorithm.actor_learning_rate == learning_rate
    assert algorithm.tau_target == tau_target
    assert algorithm.critic_layer_norm == critic_layer_norm


def test_the_small_preset_is_the_default_with_small_networks_and_more_updates():
    algorithm = load_algorithm('small')
    assert algorithm.critic_hidden_sizes == algorithm.actor_hidden_sizes == (64, 64)
    assert (algorithm.batch_size, algorithm.updates_per_block) == (128, 4)
    assert algorithm.num_kept_atoms == Algorithm().num_kept_atoms


def test_the_preset_for_images_has_the_critics_of_the_default():
    algorithm, other, default = map(load_algorithm, ('default_images', 'drq_sac', 'default'))
    critics = ('num_critics', 'num_quantiles', 'dropped_atoms', 'dropped_from', 'critic_loss')
    differing = {name for name, value in vars(algorithm).items() if value != getattr(other, name)}
    assert differing == {'num_quantiles', 'dropped_atoms', 'critic_loss'}
    for name in critics:
        assert getattr(algorithm, name) == getattr(default, name), name


def test_default_preset_is_empty():
    assert load_algorithm('default') == Algorithm()


def test_presets_with_many_updates_per_transition():
    for name in ('redq', 'droq', 'rlpd'):
        algorithm = load_algorithm(name)
        assert algorithm.updates_per_block == 20
        assert algorithm.samples_per_insert == 20 * 256
        assert algorithm.actor_update_per_block


def test_half_of_each_batch_is_from_demonstrations_as_published():
    for name in ('rlpd', 'hil', 'teach'):
        assert load_algorithm(name).demonstrations_per_batch == 128
    assert load_algorithm('hil').gamma == 0.97
    others = set(PRESETS) - {'rlpd', 'hil', 'teach'}
    assert {load_algorithm(name).demonstration_fraction for name in others} == {0.0}


def test_every_option_is_documented():
    for name in Algorithm.__dataclass_fields__:
        assert f'        {name}: ' in Algorithm.__doc__, name


def test_overrides_replace_keys_of_the_file():
    assert load_algorithm('sac', {'batch_size': 64}).batch_size == 64


@pytest.mark.parametrize(
    ('overrides', 'message'),
    [
        ({'dropped_atoms': 50}, 'leaves no target'),
        ({'dropped_atoms': 25, 'dropped_from': 'critic'}, 'leaves no target'),
        ({'target_subset': 3}, 'at most num_critics'),
        ({'distribution': 'deterministic'}, 'has no entropy'),
        ({'initial_temperature': 0.0}, 'never reach 0'),
        ({'log_std_min': 3.0}, 'below log_std_max'),
        ({'actor_update_per_block': True, 'updates_to_data': 1.5}, 'whole blocks'),
        ({'actor_update_per_block': True, 'policy_delay': 2}, 'one of the two'),
        ({'warmup': 100, 'replay_capacity': 10}, 'training never starts'),
        ({'critic_batch_norm': True}, 'critic_layer_norm: given True with critic_batch_norm'),
        (
            {'critic_batch_norm': True, 'critic_layer_norm': False, 'critic_dropout': 0.1},
            'critic_dropout: given 0.1 with',
        ),
        ({'actor_batch_norm': True, 'batch_size': 1}, 'one row has no variance'),
        ({'actor_batch_norm': True, 'matmul_precision': 'bf16'}, 'accepted: float32 because'),
        (
            {
                'actor_batch_norm': True,
                'distribution': 'deterministic',
                'temperature': 'fixed',
                'initial_temperature': 0.0,
            },
            'a target actor has no moments',
        ),
        (
            {'critic_unit_weights': True, 'critic_layer_norm': False},
            'critic_unit_weights: given true without critic_batch_norm or critic_layer_norm',
        ),
        ({'actor_unit_weights': True}, 'actor_unit_weights: given true without'),
        ({'critic_loss': 'categorical'}, 'categorical without normalise_rewards'),
        (
            {'critic_loss': 'categorical', 'normalise_rewards': True, 'num_quantiles': 1},
            '2 or more because they are the returns',
        ),
        (
            {'replay_capacity': 10**11},
            'replay_capacity: given 100000000000; accepted: less than or',
        ),
        ({'critic_loss_scale': 0.0}, 'critic_loss_scale: given 0.0; accepted: greater than 0'),
        ({'return_bound': 5.0}, 'raw rewards are not bounded'),
        (
            {'demonstration_fraction': 0.001},
            'demonstration_fraction: given 0.001, which is 0 of 256 rows of a batch',
        ),
        (
            {'demonstration_fraction': 0.9, 'batch_size': 4},
            'which is 4 of 4 rows of a batch; accepted: 0, or a share of at least one row',
        ),
        ({'demonstration_fraction': 1.0}, 'demonstration_fraction: given 1.0; accepted: less'),
        ({'demonstration_fraction': -0.1}, 'demonstration_fraction: given -0.1; accepted'),
        ({'pretraining_updates': 5}, 'pretraining_updates: given 5 without demonstration_fract'),
        ({'gamma': 1.0}, 'gamma: given 1.0; accepted: less than 1'),
        ({'critic_loss': 'mse'}, "critic_loss: given 'mse'; accepted: 'logcosh'"),
        ({'critic_hidden_sizes': []}, 'critic_hidden_sizes'),
        ({'num_critic': 2}, "num_critic: unknown key .did you mean 'num_critics'"),
    ],
)
def test_impossible_options_are_rejected_with_the_reason(overrides, message):
    with pytest.raises(ConfigurationError, match=message):
        load_algorithm('default', overrides)


@pytest.mark.parametrize(
    ('steps', 'expected'), [(1000, 0.995), (500, 0.99), (200, 0.975), (20, 0.95), (1, 0.95)]
)
def test_gamma_from_the_length_of_an_episode(steps, expected):
    """(T/5 - 1) / (T/5) within 0.95 and 0.995."""
    overrides = {'gamma_from_episode': True, 'gamma': 0.5}
    assert load_algorithm('default', overrides, steps).gamma == pytest.approx(expected)
    assert load_algorithm('default', overrides).gamma == 0.5  # of an unknown task
    assert load_algorithm('default', {'gamma': 0.5}, steps).gamma == 0.5


def test_unknown_preset_is_reported_with_a_suggestion():
    with pytest.raises(ConfigurationError, match=r'did you mean .droq.'):
        load_algorithm('drog')


def test_all_presets_load():
    for name in PRESETS:
        assert isinstance(load_algorithm(name), Algorithm)
