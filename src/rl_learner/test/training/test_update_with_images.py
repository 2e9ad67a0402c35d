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
"""Updates from images: both gradient paths, what learns from what, resuming, refusals."""

import copy

from image_updates import ACTION, blocks, image_update, IMAGES, observations, SIZE, VECTOR
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError, PolicyError, TrainingError
from rl_agent.policy.policy import Policy
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.layers.image_encoder import image_features
from rl_learner.training.update import Update
from small_updates import networks, one_thread
import torch


@pytest.mark.parametrize('preset', ['drq_sac', 'default', 'tqc', 'droq', 'td3', 'redq'])
def test_fast_and_reference_path_agree(preset):
    fast, reference = (image_update(preset, reference=path) for path in (False, True))
    for block in blocks(fast, 2):
        fast.run(block)
        reference.run(block)
    expected = networks(reference)
    assert 'encoder' in expected
    for name, values in networks(fast).items():
        torch.testing.assert_close(values, expected[name], atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize('preset', ['drq_sac', 'default'])
def test_several_frames_are_encoded_as_one_image_with_their_channels(preset):
    fast, reference = (image_update(preset, reference=path, stack=3) for path in (False, True))
    images = fast.policy().architecture.encoder.images
    assert images == ((20, 16, 9), (12, 14, 3))
    for block in blocks(fast, 2):
        fast.run(block)
        reference.run(block)
    expected = networks(reference)
    for name, values in networks(fast).items():
        torch.testing.assert_close(values, expected[name], atol=2e-4, rtol=2e-3)


def test_the_robot_acts_as_the_network_that_was_trained():
    update = image_update()
    for block in blocks(update, 2):
        update.run(block)
    policy, rng = Policy(update.policy()), np.random.default_rng(0)
    seen = observations(5, seed=3)
    mean, log_std = expected_distribution(update, seen)
    for row, observation in enumerate(seen):
        given_mean, given_std = policy.distribution(observation)
        np.testing.assert_allclose(given_mean, mean[row], atol=1e-4)
        np.testing.assert_allclose(given_std, log_std[row].exp(), atol=1e-4)
        action = policy.act(observation, rng, deterministic=True)
        np.testing.assert_allclose(action, mean[row].tanh(), atol=1e-4)


def expected_distribution(update, seen):
    """Return mean and log standard deviation, (batch, action) each, from images as they are."""
    state, start, images = update._state, VECTOR, []
    for image in IMAGES:
        numbers = seen[:, start : start + image.size].astype(np.int64)
        pixels = np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], axis=2)
        flat = pixels.reshape(len(seen), -1)[:, : image.num_bytes].astype(np.uint8)
        images.append(torch.from_numpy(flat.reshape(-1, *image.shape)))
        start += image.size
    features = image_features(update._features.shape, state.encoder, images)
    inputs = torch.cat([torch.from_numpy(seen[:, :VECTOR]), features], dim=1)
    return update.actor.distribution(state.actor.frozen, inputs)


def test_the_encoder_learns_from_the_critics_alone():
    """denisyarats/drq#2: the gradient of the actor stops at the encoder."""
    one, other = (image_update(policy_delay=1, actor_learning_rate=rate) for rate in (1e-3, 1e-2))
    (block,) = blocks(one, 1, size=1)
    before = networks(one)['encoder']
    one.run(block)
    other.run(block)
    assert not torch.equal(networks(one)['actor'], networks(other)['actor'])
    assert torch.equal(networks(one)['encoder'], networks(other)['encoder'])
    assert not torch.equal(networks(one)['encoder'], before)


def test_image_and_next_image_are_both_shifted():
    """nicklashansen/dmcontrol-generalization-benchmark#21: the next one was not for a while."""
    update = image_update()
    (rows,) = blocks(update, 1, size=1)
    state, batches = update._state, update._features
    shifted = batches.encode(state.encoder, rows[0], torch.Generator().manual_seed(0)).rows
    batches._most_shift = 0
    plain = batches.encode(state.encoder, rows[0], torch.Generator()).rows
    given, expected = (batches.layout.unpack(item) for item in (shifted, plain))
    for name in ('observation', 'next_observation'):
        moved, still = getattr(given, name), getattr(expected, name)
        assert torch.equal(moved[:, :VECTOR], still[:, :VECTOR])
        assert not torch.isclose(moved[:, VECTOR:], still[:, VECTOR:]).any(dim=1).all()
    for name in ('action', 'reward', 'terminated', 'num_steps'):
        assert torch.equal(getattr(given, name), getattr(expected, name))


def test_training_continues_bit_for_bit():
    with one_thread():
        one, other = image_update(seed=1), image_update(seed=2)
        before, after = blocks(one, 4)[:2], blocks(one, 4)[2:]
        for block in before:
            one.run(block)
        other.load_state_dict(copy.deepcopy(one.state_dict()))
        for block in after:
            one.run(block)
            other.run(block)
        expected = networks(one)
        for name, values in networks(other).items():
            assert torch.equal(values, expected[name]), name


def test_a_checkpoint_of_another_encoder_is_refused():
    state = image_update().state_dict()
    with pytest.raises(TrainingError, match=r'encoder: given .* parameters; accepted'):
        image_update(encoder_channels=[5, 4]).load_state_dict(state)


def test_pixels_that_look_like_nan_are_pixels_and_numbers_that_are_nan_are_named():
    update = image_update()
    (rows,) = blocks(update, 1)
    rows[..., update.layout.pixels.observation] = float('nan')
    update.run(rows)
    assert all(bool(values.isfinite().all()) for values in networks(update).values())
    rows[0, 0, 1] = float('nan')
    with pytest.raises(TrainingError, match='observation: 1 of'):
        update.run(rows)


def test_normalised_rewards_leave_the_pixels_alone():
    update = image_update(normalise_rewards=True)
    (rows,) = blocks(update, 1)
    before = rows.clone()
    prepared = update._prepare(rows)
    assert torch.equal(rows.view(torch.uint8), before.view(torch.uint8))
    pixels = update.layout.pixels.observation
    given, expected = (item[..., pixels].contiguous() for item in (prepared, rows))
    assert torch.equal(given.view(torch.uint8), expected.view(torch.uint8))


@pytest.mark.parametrize('option', ['critic_batch_norm', 'actor_batch_norm'])
def test_batch_norm_with_images_is_refused(option):
    with pytest.raises(ConfigurationError, match=f'{option}: given true with images'):
        image_update('default', **{option: True, 'critic_layer_norm': False})


def test_normalised_observations_with_images_are_refused():
    with pytest.raises(ConfigurationError, match='normalise_observations: given true with images'):
        image_update(normalise_observations=True)


def test_an_image_too_small_for_the_encoder_is_refused():
    with pytest.raises(PolicyError, match=r'given an image of 20 x 16 .*nothing is left'):
        image_update(encoder_channels=[4] * 4, encoder_strides=[2] * 4)


def test_strides_without_convolutions_are_refused():
    with pytest.raises(ConfigurationError, match='encoder_strides: given 2 with 4'):
        load_algorithm('drq_sac', {'encoder_strides': [2, 1]})


def test_algorithms_without_images_have_no_encoder():
    update = Update(load_algorithm('drq_sac', {'batch_size': 8}), SIZE, ACTION, seed=0)
    assert 'encoder' not in networks(update)
    assert update.policy().architecture.encoder is None
