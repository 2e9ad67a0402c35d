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
"""Saving and restoring the training state, with an update that uses it."""

import logging

import pytest
from rl_agent.errors import TrainingError
from rl_learner.training.checkpoint import Checkpoints
from small_updates import (
    make_update,
    networks,
    one_episode,
    one_thread,
    random_blocks,
    VARIANTS,
)
import torch


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.mark.parametrize('variant', VARIANTS)
def test_resumed_training_equals_uninterrupted_training(variant, tmp_path):
    whole = make_update(variant)
    data = random_blocks(whole, 8)
    whole.returns.add(('', ''), 1, one_episode(whole, [3.0, -1.0]))
    for rows in data[:4]:
        whole.run(rows)
    Checkpoints(tmp_path).save(whole.state_dict(), whole.updates)
    resumed = make_update(variant, seed=99)
    resumed.load_state_dict(Checkpoints(tmp_path).load())
    assert resumed.updates == 20
    for rows in data[4:]:
        for update in (whole, resumed) if whole.algorithm.normalise_rewards else ():
            update.returns.add(('', ''), 3, one_episode(update, [5.0, 2.0]))
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


@pytest.mark.parametrize(
    ('option', 'before', 'after'),
    [
        ('normalise_rewards', True, False),
        ('normalise_rewards', False, True),
        ('normalise_observations', True, False),
        ('critic_activation', 'relu', 'tanh'),
        ('actor_activation', 'elu', 'relu'),
        ('actor_batch_norm', True, False),
        ('actor_batch_norm', False, True),
        ('mean_clip', 2.0, 0.0),
    ],
)
def test_weights_are_not_given_another_meaning(option, before, after):
    first, second = (make_update('default', **{option: value}) for value in (before, after))
    networks_before = networks(second)
    message = f'checkpoint: {option}: given {after}; accepted: {before}, with which'
    with pytest.raises(TrainingError, match=message):
        second.load_state_dict(first.state_dict())
    assert torch.equal(networks(second)['critics'], networks_before['critics'])


@pytest.mark.parametrize(
    ('before', 'after', 'message'),
    [
        ({}, {'critic_loss': 'categorical'}, 'critic_loss: given categorical; accepted: logcosh'),
        ({'critic_loss': 'categorical'}, {}, 'critic_loss: given logcosh, huber or squared'),
        (
            {'critic_loss': 'categorical', 'value_bound': 5.0},
            {'critic_loss': 'categorical', 'value_bound': 10.0},
            'value_bound: given 10.0; accepted: 5.0',
        ),
        ({'critic_loss': 'huber'}, {'critic_loss': 'logcosh'}, None),
        ({'observation_clip': 10.0}, {'observation_clip': 5.0}, None),  # observations are not
        (
            {'normalise_observations': True, 'observation_clip': 10.0},
            {'normalise_observations': True, 'observation_clip': 5.0},
            'observation_clip: given 5.0; accepted: 10.0',
        ),
    ],
)
def test_outputs_are_not_given_another_meaning(before, after, message):
    first, second = (
        make_update('default', normalise_rewards=True, **options) for options in (before, after)
    )
    if message is None:
        second.load_state_dict(first.state_dict())
        return
    with pytest.raises(TrainingError, match=message):
        second.load_state_dict(first.state_dict())


def test_checkpoints_of_before_new_options_are_read():
    first = make_update('default', critic_activation='tanh')
    state = first.state_dict()
    del state['meaning']
    second = make_update('default', critic_activation='tanh', seed=4)
    second.load_state_dict(state)
    assert torch.equal(networks(second)['critics'], networks(first)['critics'])
    with pytest.raises(TrainingError, match='normalise_rewards: given True; accepted: False'):
        make_update('default', normalise_rewards=True).load_state_dict(state)


def test_state_dict_is_a_copy():
    update = make_update('default')
    state = update.state_dict()
    before = state['networks']['actor'].clone()
    update.run(random_blocks(update, 1)[0])
    assert torch.equal(state['networks']['actor'], before)


@pytest.mark.parametrize('count', [16, 40])  # bytes: of a CUDA device, of another device
def test_training_continues_on_another_kind_of_device(count, caplog):
    first = make_update('default')
    data = random_blocks(first, 2)
    first.run(data[0])
    state = first.state_dict()
    state['random_state'] = torch.zeros(count, dtype=torch.uint8)
    second, third = make_update('default'), make_update('default')
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
    first, second = (make_update('default', device=device) for device in devices)
    data = random_blocks(first, 2)
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
    first, second = make_update('default', **before), make_update('default', **after)
    data = random_blocks(first, 2)
    second.load_state_dict(first.state_dict())
    assert second.temperature.item() == pytest.approx(expected, rel=1e-5)
    second.run(data[0])
    moved = abs(second.temperature.item() / expected - 1.0)
    assert (moved == pytest.approx(0.0, abs=1e-6)) is (after['temperature'] == 'fixed')


def test_new_learning_rate_applies_after_resuming():
    first = make_update('default')
    data = random_blocks(first, 2, size=1)
    first.run(data[0])
    slower = make_update('default', critic_learning_rate=1e-9)
    slower.load_state_dict(first.state_dict())
    slower.run(data[1])
    moved = (networks(slower)['critics'] - networks(first)['critics']).abs().max()
    assert moved < 1e-8


def test_state_of_other_networks_is_rejected_without_change():
    update, other = make_update('default'), make_update('default', actor_hidden_sizes=[7])
    before = networks(update)
    with pytest.raises(TrainingError, match='checkpoint: actor: given'):
        update.load_state_dict(other.state_dict())
    assert torch.equal(networks(update)['critics'], before['critics'])
