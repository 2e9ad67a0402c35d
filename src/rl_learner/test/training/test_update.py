# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""The whole update: fast against reference path, resuming, and when actor and targets update."""

from dataclasses import replace
import logging
import math

import numpy as np
import pytest
from rl_agent.errors import TrainingError
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm
from rl_learner.training.checkpoint import Checkpoints
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
        },
    ),
}


@pytest.fixture(autouse=True)
def _one_thread():
    """Bit-exact comparisons hold on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(variant, *, reference=False, seed=1, device='cpu', **overrides):
    """Return a small update."""
    name, options = VARIANTS[variant]
    algorithm = load_algorithm(name, {**SMALL, **options, **overrides})
    return Update(algorithm, 5, 2, seed=seed, device=device, reference=reference)


def blocks(update, count, size=5, seed=0):
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


def networks(update):
    """Return all trained tensors."""
    return update.state_dict()['networks']


@pytest.mark.parametrize('variant', VARIANTS)
def test_fast_path_matches_reference_path_after_100_updates(variant):
    fast, reference = make(variant), make(variant, reference=True, seed=2)
    start = networks(fast)
    reference.load_state_dict(fast.state_dict())
    for rows in blocks(fast, 20):
        fast.run(rows)
        reference.run(rows)
    assert fast.updates == reference.updates == 100
    for name, tensor in networks(reference).items():
        assert torch.allclose(networks(fast)[name], tensor, atol=1e-4, rtol=0), name
    for name in ('critics', 'actor', 'target_critics'):
        assert (networks(fast)[name] - start[name]).abs().max() > 1e-3, name


@pytest.mark.parametrize('variant', VARIANTS)
def test_resumed_training_equals_uninterrupted_training(variant, tmp_path):
    whole = make(variant)
    data = blocks(whole, 8)
    for rows in data[:4]:
        whole.run(rows)
    Checkpoints(tmp_path).save(whole.state_dict(), whole.updates)
    resumed = make(variant, seed=99)
    resumed.load_state_dict(Checkpoints(tmp_path).load())
    assert resumed.updates == 20
    for rows in data[4:]:
        whole.run(rows)
        resumed.run(rows)
    for name, tensor in networks(whole).items():
        assert torch.equal(networks(resumed)[name], tensor), name
    expected, actual = whole.state_dict(), resumed.state_dict()
    assert torch.equal(expected['random_state'], actual['random_state'])
    for name, tensor in expected['statistics'].items():
        assert torch.equal(tensor, actual['statistics'][name]), name
    for optimizer, state in expected['optimizers'].items():
        for name, tensor in state.items():
            assert torch.equal(tensor, actual['optimizers'][optimizer][name]), name


def test_state_dict_is_a_copy():
    update = make('default')
    state = update.state_dict()
    before = state['networks']['actor'].clone()
    update.run(blocks(update, 1)[0])
    assert torch.equal(state['networks']['actor'], before)


@pytest.mark.parametrize('count', [16, 40])  # bytes: of a CUDA device, of another device
def test_training_continues_on_another_kind_of_device(count, caplog):
    first = make('default')
    data = blocks(first, 2)
    first.run(data[0])
    state = first.state_dict()
    state['random_state'] = torch.zeros(count, dtype=torch.uint8)
    second, third = make('default'), make('default')
    noise = second.state_dict()['random_state']
    with caplog.at_level(logging.WARNING):
        second.load_state_dict(state)
    assert [record.getMessage() for record in caplog.records] == [
        'checkpoint: made on another kind of device than cpu: training continues with fresh random'
        ' numbers'
    ]
    for name, tensor in networks(first).items():
        assert torch.equal(networks(second)[name], tensor), name
    assert not torch.equal(second.state_dict()['random_state'], noise)
    third.load_state_dict(state)
    for update in (second, third):
        update.run(data[1])
    assert second.updates == 10
    for name, tensor in networks(second).items():
        assert torch.equal(networks(third)[name], tensor), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device is visible')
@pytest.mark.parametrize('devices', [('cpu', 'cuda'), ('cuda', 'cpu'), ('cuda', 'cuda')])
def test_checkpoint_moves_between_devices(devices, tmp_path):
    first, second = (make('default', device=device) for device in devices)
    data = blocks(first, 2)
    first.run(data[0])
    Checkpoints(tmp_path).save(first.state_dict(), first.updates)
    second.load_state_dict(Checkpoints(tmp_path).load())
    for name, tensor in networks(first).items():
        assert torch.equal(networks(second)[name].cpu(), tensor.cpu()), name
    second.run(data[1])
    assert second.updates == 10


AUTO, FIXED = {'temperature': 'auto'}, {'temperature': 'fixed'}
SOFTPLUS = {'temperature': 'auto', 'temperature_parameter': 'softplus'}


@pytest.mark.parametrize(
    ('before', 'after', 'expected'),
    [
        ({**AUTO, 'initial_temperature': 0.05}, {**FIXED, 'initial_temperature': 0.07}, 0.07),
        ({**FIXED, 'initial_temperature': 0.05}, {**FIXED, 'initial_temperature': 0.07}, 0.07),
        ({**FIXED, 'initial_temperature': 0.2}, {**AUTO, 'initial_temperature': 1.0}, 0.2),
        ({**FIXED, 'initial_temperature': 0.2}, {**SOFTPLUS, 'initial_temperature': 1.0}, 0.2),
        ({**AUTO, 'initial_temperature': 20.0}, {**SOFTPLUS, 'initial_temperature': 1.0}, 20.0),
        ({**SOFTPLUS, 'initial_temperature': 0.01}, {**AUTO, 'initial_temperature': 1.0}, 0.01),
        ({**AUTO, 'initial_temperature': 0.3}, {**AUTO, 'initial_temperature': 1.0}, 0.3),
    ],
)
def test_temperature_is_converted_when_its_form_changes(before, after, expected):
    first, second = make('default', **before), make('default', **after)
    data = blocks(first, 2)
    second.load_state_dict(first.state_dict())
    assert second.temperature.item() == pytest.approx(expected, rel=1e-5)
    second.run(data[0])
    moved = abs(second.temperature.item() / expected - 1.0)
    assert (moved == pytest.approx(0.0, abs=1e-6)) is (after['temperature'] == 'fixed')


def test_new_learning_rate_applies_after_resuming():
    first = make('default')
    data = blocks(first, 2, size=1)
    first.run(data[0])
    slower = make('default', critic_learning_rate=1e-9)
    slower.load_state_dict(first.state_dict())
    slower.run(data[1])
    moved = (networks(slower)['critics'] - networks(first)['critics']).abs().max()
    assert moved < 1e-8


def test_state_of_other_networks_is_rejected_without_change():
    update, other = make('default'), make('default', actor_hidden_sizes=[7])
    before = networks(update)
    with pytest.raises(TrainingError, match='checkpoint: actor: given'):
        update.load_state_dict(other.state_dict())
    assert torch.equal(networks(update)['critics'], before['critics'])


@pytest.mark.parametrize(
    ('temperature_parameter', 'target_entropy_scale'), [('exp', 1.0), ('softplus', 1.0)]
)
def test_temperature_falls_while_entropy_is_above_target(
    temperature_parameter, target_entropy_scale
):
    # an initial actor has an entropy near 2 * log 2; the target is -2
    update = make(
        'default',
        temperature_parameter=temperature_parameter,
        target_entropy_scale=target_entropy_scale,
        initial_temperature=0.7,
    )
    assert update.temperature.item() == pytest.approx(0.7, rel=1e-5)
    update.run(blocks(update, 1)[0])
    assert update.metrics()['entropy'] > -2.0
    assert update.temperature.item() < 0.7


def test_temperature_rises_while_entropy_is_below_target():
    # log_std_max = -5 gives an entropy near 2 * (1.42 - 5) = -7.2, below the target of -2
    update = make('default', log_std_max=-5.0)
    update.run(blocks(update, 1)[0])
    assert update.metrics()['entropy'] < -2.0
    assert update.temperature.item() > 1.0


def test_fixed_temperature_is_constant():
    update = make('sac_fixed_temperature')
    update.run(blocks(update, 1)[0])
    assert update.temperature.item() == pytest.approx(0.2)


@pytest.mark.parametrize('field', ['observation', 'action', 'reward', 'next_observation'])
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_nonfinite_value_stops_training_without_change(field, value, tmp_path):
    update = make('default')
    good, bad = blocks(update, 2)
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
    update = make('default')
    with pytest.raises(ValueError, match=r'accepted: .update, batch, 15'):
        update.run(torch.zeros(32, 15))


def test_td3_updates_actor_and_targets_every_second_update():
    update = make('td3')
    start = networks(update)
    update.run(blocks(update, 1, size=1)[0])
    assert torch.equal(networks(update)['actor'], start['actor'])
    assert torch.equal(networks(update)['target_critics'], start['target_critics'])
    assert not torch.equal(networks(update)['critics'], start['critics'])
    update.run(blocks(update, 1, size=1)[0])
    assert not torch.equal(networks(update)['actor'], start['actor'])
    assert not torch.equal(networks(update)['target_actor'], start['target_actor'])
    assert (update.updates, update.actor_updates) == (2, 1)


def test_redq_updates_the_actor_once_per_block():
    update = make('redq')
    for rows in blocks(update, 3, size=20):
        update.run(rows)
    assert (update.updates, update.actor_updates) == (60, 3)


def test_targets_move_by_tau_target():
    update = make('default', tau_target=0.25)
    start = networks(update)
    update.run(blocks(update, 1, size=1)[0])
    after = networks(update)
    expected = 0.75 * start['target_critics'] + 0.25 * after['critics']
    assert torch.allclose(after['target_critics'], expected, atol=1e-7)


@pytest.mark.parametrize(('bound', 'expected'), [(1e-3, 1e-4), (0.0, None)])
def test_gradient_norm_is_bounded(bound, expected):
    update = make('default', max_gradient_norm=bound)
    update.run(blocks(update, 1, size=1)[0])
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
    data = blocks(update, 80)
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
    update = make('td3', **options, num_critics=2)
    state = update.state_dict()
    critics = state['networks']['target_critics'].zero_()
    critics[0, -3:] = torch.tensor([1.0, 9.0, 4.0])
    critics[1, -3:] = torch.tensor([3.0, 2.0, 8.0])
    state['networks']['critics'].zero_()
    update.load_state_dict(state)
    rows = blocks(update, 1, size=1)[0]
    fields = update.layout.unpack(rows)
    fields.reward.fill_(10.0)
    fields.terminated.zero_()
    fields.num_steps.fill_(2.0)
    update.run(rows)
    # atoms 1, 2, 3, 4 are kept: mean 2.5; 10 + 0.5^2 * 2.5
    assert update.metrics()['target_mean'] == pytest.approx(10.625)


def test_divergence_is_reported():
    update = make('default')
    state = update.state_dict()
    state['networks']['critics'].fill_(1e30)
    update.load_state_dict(state)
    update.run(blocks(update, 1)[0])
    with pytest.raises(TrainingError, match='training diverged'):
        update.metrics()


def test_metrics_are_means_since_the_last_call():
    update = make('default')
    update.run(blocks(update, 1)[0])
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
    assert torch.equal(networks(make('default'))['actor'], networks(make('default'))['actor'])
    other = networks(make('default', seed=5))['actor']
    assert not torch.equal(networks(make('default'))['actor'], other)


@pytest.mark.parametrize('variant', ['default', 'droq', 'rl_toolkit', 'mixed'])
def test_bf16_training_is_close_to_float32(variant):
    exact, rounded = make(variant), make(variant, matmul_precision='bf16')
    for rows in blocks(exact, 2):
        exact.run(rows)
        rounded.run(rows)
    difference = networks(exact)['critics'] - networks(rounded)['critics']
    assert np.abs(difference.numpy()).max() < 0.05
