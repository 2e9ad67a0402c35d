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
"""The whole update: fast against reference path, and when actor and targets update."""

from dataclasses import replace
import math

import numpy as np
import pytest
from rl_agent.errors import TrainingError
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.update import Update
from small_updates import (
    make_update,
    networks,
    one_episode,
    one_thread,
    random_blocks,
    SMALL,
    VARIANTS,
)
import torch


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.mark.parametrize('variant', VARIANTS)
def test_fast_path_matches_reference_path_after_100_updates(variant):
    fast, reference = make_update(variant), make_update(variant, reference=True, seed=2)
    start = networks(fast)
    reference.load_state_dict(fast.state_dict())
    for rows in random_blocks(fast, 20):
        fast.run(rows)
        reference.run(rows)
    assert fast.updates == reference.updates == 100
    for name, tensor in networks(reference).items():
        assert torch.allclose(networks(fast)[name], tensor, atol=1e-4, rtol=0), name
    for name in networks(reference).keys() - {'target_actor', 'temperature'}:
        assert (networks(fast)[name] - start[name]).abs().max() > 1e-3, name


@pytest.mark.parametrize(
    ('temperature_parameter', 'target_entropy_scale'), [('exp', 1.0), ('softplus', 1.0)]
)
def test_temperature_falls_while_entropy_is_above_target(
    temperature_parameter, target_entropy_scale
):
    # an initial actor has an entropy near 2 * log 2; the target is -2
    update = make_update(
        'default',
        temperature_parameter=temperature_parameter,
        target_entropy_scale=target_entropy_scale,
        initial_temperature=0.7,
    )
    assert update.temperature.item() == pytest.approx(0.7, rel=1e-5)
    update.run(random_blocks(update, 1)[0])
    assert update.metrics()['entropy'] > -2.0
    assert update.temperature.item() < 0.7


def test_temperature_rises_while_entropy_is_below_target():
    # log_std_max = -5 gives an entropy near 2 * (1.42 - 5) = -7.2, below the target of -2
    update = make_update('default', log_std_max=-5.0)
    update.run(random_blocks(update, 1)[0])
    assert update.metrics()['entropy'] < -2.0
    assert update.temperature.item() > 1.0


def test_fixed_temperature_is_constant():
    update = make_update('sac_fixed_temperature')
    update.run(random_blocks(update, 1)[0])
    assert update.temperature.item() == pytest.approx(0.2)


@pytest.mark.parametrize('field', ['observation', 'action', 'reward', 'next_observation'])
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_nonfinite_value_stops_training_without_change(field, value, tmp_path):
    update = make_update('default')
    good, bad = random_blocks(update, 2)
    update.run(good)
    checkpoints = Checkpoints(tmp_path)
    path = checkpoints.save(update.state_dict(), update.updates)
    before, content = networks(update), path.read_bytes()
    bad[3, 7, update.layout.slices[field].start] = value
    with pytest.raises(TrainingError, match=f'batch: {field}: 1 of'):
        update.run(bad)
    for name, tensor in networks(update).items():
        assert torch.equal(tensor, before[name]), name
    assert path.read_bytes() == content
    assert update.updates == 5


def test_wrong_shape_is_rejected():
    update = make_update('default')
    with pytest.raises(ValueError, match=r'accepted: .update, batch, 15'):
        update.run(torch.zeros(32, 15))


def test_td3_updates_actor_and_targets_every_second_update():
    update = make_update('td3')
    start = networks(update)
    update.run(random_blocks(update, 1, size=1)[0])
    assert torch.equal(networks(update)['actor'], start['actor'])
    assert torch.equal(networks(update)['target_critics'], start['target_critics'])
    assert not torch.equal(networks(update)['critics'], start['critics'])
    update.run(random_blocks(update, 1, size=1)[0])
    assert not torch.equal(networks(update)['actor'], start['actor'])
    assert not torch.equal(networks(update)['target_actor'], start['target_actor'])
    assert (update.updates, update.actor_updates) == (2, 1)


def test_redq_updates_the_actor_once_per_block():
    update = make_update('redq')
    for rows in random_blocks(update, 3, size=20):
        update.run(rows)
    assert (update.updates, update.actor_updates) == (60, 3)


def test_targets_move_by_tau_target():
    update = make_update('default', tau_target=0.25)
    start = networks(update)
    update.run(random_blocks(update, 1, size=1)[0])
    after = networks(update)
    expected = 0.75 * start['target_critics'] + 0.25 * after['critics']
    assert torch.allclose(after['target_critics'], expected, atol=1e-7)


def test_without_a_target_network_targets_come_from_the_critics():
    # one critic whose quantiles all equal its last bias, before and after an update
    options = {'num_critics': 1, 'num_quantiles': 1, 'dropped_atoms': 0, 'gamma': 0.5}
    update = make_update('td3', **options, target_network=False)
    state = update.state_dict()
    assert 'target_critics' not in state['networks']
    state['networks']['critics'].zero_()
    for bias in (8.0, 20.0):
        state['networks']['critics'][0, -1] = bias
        update.load_state_dict(state)
        rows = random_blocks(update, 1, size=1)[0]
        fields = update.layout.unpack(rows)
        fields.reward.fill_(3.0)
        fields.terminated.zero_()
        update.run(rows)
        assert update.metrics()['target_mean'] == pytest.approx(3.0 + 0.5 * bias)


def test_a_target_network_can_be_taken_up_and_given_up():
    without, having = make_update('default', target_network=False), make_update('default')
    data = random_blocks(having, 2)
    without.run(data[0])
    having.load_state_dict(without.state_dict())
    assert torch.equal(networks(having)['target_critics'], networks(without)['critics'])
    having.run(data[1])
    without.load_state_dict(having.state_dict())
    assert torch.equal(networks(having)['critics'], networks(without)['critics'])


@pytest.mark.parametrize('variant', ['batch_norm', 'batch_norm_mixed'])
def test_neurons_keep_weights_of_length_one(variant):
    update = make_update(variant, critic_unit_weights=True, actor_unit_weights=True)
    shapes = {'actor': update.actor.shape, 'critics': update.critics.shape}
    start = networks(update)
    for block in [None, *random_blocks(update, 2)]:
        if block is not None:
            update.run(block)
        for name, shape in shapes.items():
            flat = networks(update)[name]
            for layer in shape.layers(flat):
                assert torch.allclose(layer.weight.norm(dim=2), torch.ones(1), atol=1e-6), name
    sizes = shapes['critics'].layers(networks(update)['critics'])[-1].bias.abs().max()
    assert sizes > 0.0
    assert not torch.equal(networks(update)['critics'], start['critics'])


def test_learning_rates_fall_linearly_by_updates():
    # Adam's step with a constant gradient is the learning rate; the temperature's is constant
    # because a fixed actor at its bounds has a constant entropy
    options = {'actor_learning_rate': 1e-9, 'temperature_learning_rate': 0.1, 'log_std_max': -5.0}
    update = make_update(
        'default',
        **options,
        learning_rate_decay_updates=10,
        final_learning_rate_fraction=0.2,
    )
    logs = [math.log(update.temperature.item())]
    for rows in random_blocks(update, 14, size=1):
        update.run(rows)
        logs.append(math.log(update.temperature.item()))
    steps = np.diff(logs)
    expected = [0.1 * (1.0 - 0.8 * min(1.0, number / 10)) for number in range(14)]
    np.testing.assert_allclose(steps, expected, rtol=0.02)


@pytest.mark.parametrize(('bound', 'expected'), [(1e-3, 1e-4), (0.0, None)])
def test_gradient_norm_is_bounded(bound, expected):
    update = make_update('default', max_gradient_norm=bound)
    update.run(random_blocks(update, 1, size=1)[0])
    # Adam's first moment after one step is a tenth of the gradient
    moment = update.state_dict()['optimizers']['critics']['exp_avg'].norm().item()
    before = update.metrics()['critic_gradient_norm']
    assert before > 1e-2
    assert moment == pytest.approx(expected or before / 10, rel=1e-2)


@pytest.mark.parametrize('terminated', [0.0, 1.0])
def test_critics_learn_the_value_of_a_constant_reward(terminated):
    algorithm = replace(
        Algorithm(),
        gamma=0.5,
        temperature='fixed',
        initial_temperature=0.0,
        dropped_atoms=0,
        critic_loss='squared',
        critic_learning_rate=0.01,
        tau_target=0.2,
        **{name: tuple(v) if isinstance(v, list) else v for name, v in SMALL.items()},
    )
    update = Update(algorithm, 5, 2, seed=0)
    data = random_blocks(update, 80)
    for rows in data:
        fields = update.layout.unpack(rows)
        fields.reward.fill_(3.0)
        fields.terminated.fill_(terminated)
        if rows is data[-4]:
            update.metrics()  # discard the metrics so far
        update.run(rows)
    metrics = update.metrics()
    # 3 / (1 - 0.5) without termination, 3 with
    assert metrics['q_mean'] == pytest.approx(3.0 if terminated else 6.0, abs=0.15)


def test_targets_by_hand():
    # critics with zero weights: each quantile equals its bias in the last layer
    options = {'num_quantiles': 3, 'dropped_atoms': 2, 'target_noise': 0.0, 'gamma': 0.5}
    update = make_update('td3', **options, num_critics=2)
    state = update.state_dict()
    critics = state['networks']['target_critics'].zero_()
    critics[0, -3:] = torch.tensor([1.0, 9.0, 4.0])
    critics[1, -3:] = torch.tensor([3.0, 2.0, 8.0])
    state['networks']['critics'].zero_()
    update.load_state_dict(state)
    rows = random_blocks(update, 1, size=1)[0]
    fields = update.layout.unpack(rows)
    fields.reward.fill_(10.0)
    fields.terminated.zero_()
    fields.num_steps.fill_(2.0)
    update.run(rows)
    # atoms 1, 2, 3, 4 are kept: mean 2.5; 10 + 0.5^2 * 2.5
    assert update.metrics()['target_mean'] == pytest.approx(10.625)


def test_normalised_rewards_are_raw_rewards_divided_by_the_deviation():
    raw, normalised = make_update('default'), make_update('default', normalise_rewards=True)
    normalised.returns.add(('', ''), 1, one_episode(normalised, [2.0, 10.0, -4.0]))
    discounted = [2.0, 10.0 + 0.99 * 2.0, -4.0 + 0.99 * 10.0 + 0.99**2 * 2.0]
    deviation = np.std(discounted) + 1e-8
    for rows in random_blocks(raw, 2):
        given = rows.clone()
        normalised.run(rows)
        assert torch.equal(rows, given)  # replay keeps raw rewards
        raw.layout.unpack(rows).reward.div_(deviation)
        raw.run(rows)
    for name, tensor in networks(raw).items():
        assert torch.equal(networks(normalised)[name], tensor), name
    expected, metrics = raw.metrics(), normalised.metrics()
    assert metrics.pop('return_deviation') == pytest.approx(deviation)
    for name in ('q_mean', 'target_mean', 'quantile_spread'):
        expected[name] *= deviation  # reported in the task's units
    assert metrics == pytest.approx(expected)


def test_divergence_is_reported():
    update = make_update('default')
    state = update.state_dict()
    state['networks']['critics'].fill_(1e30)
    update.load_state_dict(state)
    update.run(random_blocks(update, 1)[0])
    with pytest.raises(TrainingError, match='training diverged'):
        update.metrics()


def test_metrics_are_means_since_the_last_call():
    update = make_update('default')
    update.run(random_blocks(update, 1)[0])
    names = {
        'critic_loss',
        'actor_loss',
        'temperature_loss',
        'temperature',
        'entropy',
        'q_mean',
        'quantile_spread',
        'target_mean',
        'critic_gradient_norm',
        'actor_gradient_norm',
    }
    assert set(update.metrics()) == names
    assert update.metrics() == {}


def test_seed_determines_the_networks():
    assert torch.equal(
        networks(make_update('default'))['actor'], networks(make_update('default'))['actor']
    )
    other = networks(make_update('default', seed=5))['actor']
    assert not torch.equal(networks(make_update('default'))['actor'], other)


@pytest.mark.parametrize('variant', ['default', 'droq', 'rl_toolkit', 'mixed'])
def test_bf16_training_is_close_to_float32(variant):
    exact, rounded = make_update(variant), make_update(variant, matmul_precision='bf16')
    for rows in random_blocks(exact, 2):
        exact.run(rows)
        rounded.run(rows)
    difference = networks(exact)['critics'] - networks(rounded)['critics']
    assert np.abs(difference.numpy()).max() < 0.05
