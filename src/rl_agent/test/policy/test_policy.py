# Copyright 2026 The rl_agent authors
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
"""The actor on the robot, against values worked by hand."""

from dataclasses import replace
import gc
import json
import weakref

import numpy as np
import pytest
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import (
    ACTIVATIONS,
    DISTRIBUTIONS,
    PolicyArchitecture,
    PolicyParameters,
    split_parameters,
)
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy, save_policy
import scipy.stats


def numbers(*values):
    """Return a float32 vector."""
    return np.array(values, np.float32)


def random_policy(**options):
    """Return the parameters of a policy with 4 observations and 2 actions."""
    architecture = PolicyArchitecture(4, 2, (6, 5), **options)
    rng = np.random.default_rng(0)
    values = rng.normal(0.0, 0.5, architecture.num_parameters).astype(np.float32)
    return PolicyParameters(architecture, values)


def tiny(activation='relu', **options):
    """Return 1 observation, hidden layer [o + 1, -2 o], mean h0 + h1 - 0.5, log std h0 - 1."""
    architecture = PolicyArchitecture(1, 1, (2,), activation, **options)
    heads = {
        'gaussian': [1, 1, -0.5, 1, 0, -1],
        'deterministic': [1, 1, -0.5],
        'gsde': [1, 1, -0.5, np.log(0.5), np.log(2.0)],
    }[architecture.distribution]
    return PolicyParameters(architecture, numbers(1, -2, 1, 0, *heads))


def test_parameter_counts():
    # 48*256 + 256 + 256*256 + 256 + 2 * (256*12 + 12)
    assert PolicyArchitecture(48, 12, (256, 256)).num_parameters == 84_504
    gsde = PolicyArchitecture(3, 2, (4, 5), layer_norm=True, distribution='gsde')
    assert gsde.num_parameters == (12 + 4 + 8) + (20 + 5 + 10) + (10 + 2) + 10
    assert PolicyArchitecture(3, 2, (4,), distribution='deterministic').num_parameters == 26


def test_layout_is_layer_by_layer():
    architecture = PolicyArchitecture(2, 1, (3,), layer_norm=True)
    values = np.arange(architecture.num_parameters, dtype=np.float32)
    parts = split_parameters(architecture, values)
    assert parts['weight_0'].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert parts['bias_0'].tolist() == [6, 7, 8]
    assert parts['norm_weight_0'].tolist() == [9, 10, 11]
    assert parts['norm_bias_0'].tolist() == [12, 13, 14]
    assert parts['mean_weight'].tolist() == [[15, 16, 17]]
    assert parts['mean_bias'].tolist() == [18]
    assert parts['log_std_weight'].tolist() == [[19, 20, 21]]
    assert parts['log_std_bias'].tolist() == [22]


@pytest.mark.parametrize(
    ('activation', 'mean', 'log_std'),
    [
        # o = 0.5: products 1.5 and -1
        ('relu', 1.0, 0.5),
        ('elu', 1.5 + (np.exp(-1.0) - 1) - 0.5, 0.5),
        ('tanh', np.tanh(1.5) + np.tanh(-1.0) - 0.5, np.tanh(1.5) - 1),
    ],
)
def test_forward_by_hand(activation, mean, log_std):
    policy = Policy(tiny(activation))
    given_mean, given_std = policy.distribution(numbers(0.5))
    assert given_mean == pytest.approx([mean], abs=1e-6)
    assert given_std == pytest.approx([np.exp(log_std)], abs=1e-6)
    action = policy.act(numbers(0.5), np.random.default_rng(0), deterministic=True)
    assert action.dtype == np.float32
    assert action == pytest.approx([np.tanh(mean)], abs=1e-6)


def test_bounds_of_mean_and_standard_deviation():
    policy = Policy(tiny(mean_clip=0.75, log_std_max=0.25))
    mean, std = policy.distribution(numbers(0.5))
    assert mean == pytest.approx([0.75])
    assert std == pytest.approx([np.exp(0.25)])
    mean, std = Policy(tiny(log_std_min=0.6)).distribution(numbers(0.5))
    assert std == pytest.approx([np.exp(0.6)])


def test_layer_norm_by_hand():
    architecture = PolicyArchitecture(
        1, 1, (3,), 'relu', layer_norm=True, distribution='deterministic'
    )
    # products 1, 2, 3: normal -1.224745, 0, 1.224745; times 2 plus 1: relu 0, 1, 3.449490
    parameters = numbers(1, 2, 3, 0, 0, 0, 2, 2, 2, 1, 1, 1, 0.1, 0.1, 0.1, 0)
    mean, std = Policy(PolicyParameters(architecture, parameters)).distribution(numbers(1.0))
    assert mean == pytest.approx([0.444949], abs=1e-4)
    assert std == pytest.approx([0.0])


def test_observations_are_normalised_and_bounded():
    parameters = replace(
        tiny(observation_clip=2.0),
        observation_mean=numbers(10.0),
        observation_std=numbers(4.0),
    )
    policy = Policy(parameters)
    assert policy.distribution(numbers(12.0))[0] == pytest.approx([1.0])  # as 0.5 above
    # bounded at 2: 3 + 0 - 0.5
    assert policy.distribution(numbers(1e6))[0] == pytest.approx([2.5])


def test_gaussian_noise_is_before_tanh():
    policy = Policy(tiny())
    noise = np.random.default_rng(3).standard_normal(1, dtype=np.float32)
    action = policy.act(numbers(0.5), np.random.default_rng(3))
    assert action == pytest.approx(np.tanh(1.0 + np.exp(0.5) * noise), abs=1e-6)


def test_deterministic_noise_is_after_tanh_and_stays_in_bounds():
    policy = Policy(tiny(distribution='deterministic', exploration_noise=0.2))
    noise = np.random.default_rng(3).standard_normal(1, dtype=np.float32)
    expected = np.clip(np.tanh(1.0) + 0.2 * noise, -1.0, 1.0)
    assert policy.act(numbers(0.5), np.random.default_rng(3)) == pytest.approx(expected)
    rng = np.random.default_rng(0)
    actions = [policy.act(numbers(0.5), rng)[0] for _ in range(200)]
    assert max(actions) == 1.0
    assert policy.distribution(numbers(0.5))[1] == pytest.approx([0.0])


def test_sde_deviation_by_hand():
    # features 1.5 and 0.8, deviations 0.5 and 2; o = -0.4 gives 0.6 and 0.8
    mean, std = Policy(tiny(distribution='gsde')).distribution(numbers(-0.4))
    assert mean == pytest.approx([0.9])
    assert std == pytest.approx([np.sqrt((0.6 * 0.5) ** 2 + (0.8 * 2.0) ** 2)], rel=1e-5)


@pytest.mark.parametrize(('every', 'draws'), [(1, 6), (2, 3), (4, 2), (0, 1)])
def test_sde_noise_is_drawn_every_few_steps(every, draws):
    policy = Policy(tiny(distribution='gsde', sde_sample_freq=every))
    rng = np.random.default_rng(0)
    policy.reset(rng)
    actions = [policy.act(numbers(-0.4), rng)[0] for _ in range(6)]
    assert len(set(actions)) == draws
    policy.reset(rng)
    assert policy.act(numbers(-0.4), rng)[0] not in actions


def test_sde_acts_with_noise_even_without_a_reset():
    policy = Policy(tiny(distribution='gsde'))
    action = policy.act(numbers(-0.4), np.random.default_rng(0))
    assert action != pytest.approx(np.tanh([0.9]))


def test_sde_noise_follows_the_state_while_the_matrix_holds():
    policy = Policy(tiny(distribution='gsde', sde_sample_freq=0))
    rng = np.random.default_rng(0)
    policy.reset(rng)
    first = np.arctanh(policy.act(numbers(-0.4), rng)) - 0.9
    # o = -0.2: features 0.8, 0.4, mean 0.7; o = -0.4: features 0.6, 0.8
    second = np.arctanh(policy.act(numbers(-0.2), rng)) - 0.7
    matrix = np.random.default_rng(0).standard_normal((2, 1), dtype=np.float32)[:, 0]
    matrix *= [0.5, 2.0]
    assert first == pytest.approx([matrix @ [0.6, 0.8]], abs=1e-5)
    assert second == pytest.approx([matrix @ [0.8, 0.4]], abs=1e-5)


def test_sde_exploration_continues_in_the_next_policy():
    rng = np.random.default_rng(0)
    first = Policy(tiny(distribution='gsde', sde_sample_freq=3))
    first.reset(rng)
    before = first.act(numbers(-0.4), rng)
    second = Policy(tiny(distribution='gsde', sde_sample_freq=3))
    second.take_over_from(first, rng)
    assert second.act(numbers(-0.4), rng) == before
    assert second.act(numbers(-0.4), rng) == before
    assert second.act(numbers(-0.4), rng) != before  # fourth step: a new draw


@pytest.mark.parametrize('distribution', ['gaussian', 'gsde', 'deterministic'])
def test_uniform_exploration_fills_the_box(distribution):
    parameters = replace(tiny(distribution=distribution), uniform_exploration=True)
    policy, rng = Policy(parameters), np.random.default_rng(0)
    actions = np.array([policy.act(numbers(0.5), rng)[0] for _ in range(2000)])
    assert scipy.stats.kstest(actions, scipy.stats.uniform(-1.0, 2.0).cdf).pvalue > 0.01
    plain = Policy(tiny(distribution=distribution))
    assert policy.act(numbers(0.5), rng, deterministic=True) == plain.act(
        numbers(0.5), rng, deterministic=True
    )


@pytest.mark.parametrize('distribution', ['gaussian', 'gsde', 'deterministic'])
def test_a_rehearsal_does_not_change_later_actions(distribution):
    options = {'sde_sample_freq': 3} if distribution == 'gsde' else {}
    observation, done = np.ones(4, np.float32), []
    for rehearsed in (False, True):
        policy = Policy(random_policy(distribution=distribution, **options))
        rng, spare = np.random.default_rng(0), np.random.default_rng(1)
        policy.reset(rng)
        actions = []
        for _ in range(10):
            if rehearsed:
                assert np.abs(policy.rehearse(-observation, spare)).max() <= 1.0
            actions.append(policy.act(observation, rng))
        done.append(actions)
    np.testing.assert_array_equal(done[0], done[1])


@pytest.mark.parametrize('distribution', ['gaussian', 'gsde', 'deterministic'])
def test_actions_are_fresh_arrays(distribution):
    policy, rng = Policy(random_policy(distribution=distribution)), np.random.default_rng(0)
    first = policy.act(np.ones(4, np.float32), rng)
    kept = first.copy()
    policy.act(-np.ones(4, np.float32), rng)
    assert np.array_equal(first, kept)


def test_deterministic_actions_draw_no_noise():
    policy, rng = Policy(random_policy()), np.random.default_rng(0)
    before = rng.bit_generator.state
    policy.act(np.ones(4, np.float32), rng, deterministic=True)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'parameters': np.zeros(3, np.float32)}, r'parameters: .* shape \(89,\)'),
        ({'parameters': np.zeros(89)}, 'given float64'),
        ({'parameters': np.full(89, np.nan, np.float32)}, 'given nan at index 0'),
        ({'observation_mean': np.zeros(4, np.float32)}, r'observation_std: given .*\(0,\)'),
        (
            {
                'observation_mean': np.zeros(4, np.float32),
                'observation_std': np.array([1, 1, 0, 1], np.float32),
            },
            r'observation_std: given 0.0 at index 2; accepted: 1e-30 to 1e\+30',
        ),
        (
            {
                'observation_mean': np.array([0, np.inf, 0, 0], np.float32),
                'observation_std': np.ones(4, np.float32),
            },
            'observation_mean: given inf at index 1',
        ),
    ],
)
def test_bad_values_are_refused(change, message):
    with pytest.raises(PolicyError, match=message):
        Policy(replace(random_policy(), version=7, **change))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'hidden_sizes': ()}, 'sizes'),
        ({'observation_size': 0}, 'sizes'),
        ({'activation': 'gelu'}, "activation: given 'gelu'"),
        ({'distribution': 'beta'}, "distribution: given 'beta'"),
        ({'log_std_min': 3.0}, 'log_std_min'),
        ({'mean_clip': float('nan')}, 'mean_clip'),
        ({'observation_clip': 0.0}, 'observation_clip'),
    ],
)
def test_bad_architectures_are_refused(options, message):
    sound = {'observation_size': 4, 'action_size': 2, 'hidden_sizes': (6,)}
    with pytest.raises(PolicyError, match=message):
        PolicyArchitecture(**sound | options)


@pytest.mark.parametrize('distribution', ['gaussian', 'gsde', 'deterministic'])
def test_files_hold_a_complete_policy(tmp_path, distribution):
    parameters = replace(
        random_policy(distribution=distribution, layer_norm=True, activation='elu'),
        observation_mean=np.ones(4, np.float32),
        observation_std=np.full(4, 2, np.float32),
        version=12,
        updates=3456,
        fingerprint='abc',
        learner_session='def',
    )
    path = tmp_path / 'deep' / 'policy.npz'
    save_policy(path, parameters)
    loaded = load_policy(path)
    for name in ('architecture', 'version', 'updates', 'fingerprint', 'learner_session'):
        assert getattr(loaded, name) == getattr(parameters, name)
    for name in ('parameters', 'observation_mean', 'observation_std'):
        assert np.array_equal(getattr(loaded, name), getattr(parameters, name))
    observation = np.ones(4, np.float32)
    rng = np.random.default_rng
    action = Policy(loaded).act(observation, rng(1))
    assert np.array_equal(action, Policy(parameters).act(observation, rng(1)))
    assert [file.name for file in path.parent.iterdir()] == ['policy.npz']


@pytest.mark.parametrize('content', [b'', b'nonsense', None])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / 'policy.npz'
    save_policy(path, random_policy())
    complete = path.read_bytes()
    path.write_bytes(complete[: len(complete) // 2] if content is None else content)
    with pytest.raises(PolicyError, match='cannot be read as a policy'):
        load_policy(path)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'version': '7'}, "policy.npz: version: given '7'; accepted: an integer"),
        ({'version': -1}, 'policy.npz: version: given -1; accepted: 0 to'),
        ({'fingerprint': None}, 'policy.npz: fingerprint: given None; accepted: a text'),
        ({'unknown': 1}, 'cannot be read as a policy'),
        ({'format': 2}, 'policy.npz: format: given 2; accepted: 1'),
        ({'architecture': []}, r'policy.npz: architecture: given \[\]; accepted: '),
        ({'architecture': 7}, 'cannot be read as a policy'),
    ],
)
def test_a_header_that_says_something_else_is_refused(tmp_path, change, message):
    path = tmp_path / 'policy.npz'
    save_policy(path, random_policy())
    with np.load(path) as archive:
        arrays = dict(archive)
    header = {**json.loads(str(arrays.pop('header'))), **change}
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(PolicyError, match=message):
        load_policy(path)


def test_a_file_that_is_small_only_while_compressed_is_not_unpacked(tmp_path):
    """40,000,000 zeros are 160 MB, and 160 kB in the file."""
    path = tmp_path / 'policy.npz'
    empty = np.zeros(0, np.float32)
    np.savez_compressed(
        path,
        header=np.array('{}'),
        parameters=np.zeros(40_000_000, np.float32),
        observation_mean=empty,
        observation_std=empty,
    )
    assert path.stat().st_size < 1_000_000
    with pytest.raises(PolicyError, match=r'parameters: given 160000\d+ bytes; accepted: at most'):
        load_policy(path)


def test_code_in_a_file_is_not_run(tmp_path):
    path = tmp_path / 'policy.npz'
    np.savez(path, header=np.array({'a': object()}, dtype=object))
    with pytest.raises(PolicyError, match='cannot be read as a policy'):
        load_policy(path)


def test_a_missing_file_is_named_in_the_error(tmp_path):
    with pytest.raises(PolicyError, match='none'):
        load_policy(tmp_path / 'none.npz')


@pytest.mark.parametrize('layer_norm', [False, True])
@pytest.mark.parametrize('distribution', DISTRIBUTIONS)
@pytest.mark.parametrize('activation', ACTIVATIONS)
def test_a_policy_is_freed_with_its_last_reference(activation, distribution, layer_norm):
    """In real time garbage collection is off; a cycle in each policy would fill the memory."""
    options = {'activation': activation, 'distribution': distribution, 'layer_norm': layer_norm}
    rng, observation = np.random.default_rng(0), np.ones(4, np.float32)
    policy, following = Policy(random_policy(**options)), Policy(random_policy(**options))
    policy.reset(rng)
    policy.act(observation, rng)
    policy.rehearse(observation, rng)
    policy.distribution(observation)
    following.take_over_from(policy, rng)
    references = weakref.ref(policy), *map(weakref.ref, policy._layers)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        del policy
        assert [reference() for reference in references] == [None, None, None]
    finally:
        if was_enabled:
            gc.enable()


def held_lengths(policy, steps, rng):
    """Return for how many steps each draw of the noise was held."""
    observation = numbers(0.3)
    actions = [policy.act(observation, rng)[0] for _ in range(steps)]
    changes = np.flatnonzero(np.diff(actions))
    return np.diff(changes)


@pytest.mark.parametrize('distribution', ['gaussian', 'deterministic'])
def test_noise_is_held_for_n_steps_with_probability_one_over_n_squared(distribution):
    policy = Policy(tiny(distribution=distribution, exploration_noise=0.1), longest_hold=4)
    lengths = held_lengths(policy, 40_000, np.random.default_rng(1))
    expected = np.array([1.0, 1 / 4, 1 / 9, 1 / 16])
    expected /= expected.sum()
    counts = np.bincount(lengths, minlength=5)[1:]
    assert len(counts) == 4, 'never held for longer'
    np.testing.assert_allclose(counts / counts.sum(), expected, atol=0.01)


def test_held_noise_is_standard_normal():
    parameters = tiny()
    policy, rng = Policy(parameters, longest_hold=3), np.random.default_rng(2)
    observation = numbers(0.3)
    mean, std = policy.distribution(observation)
    actions = np.array([policy.act(observation, rng)[0] for _ in range(30_000)], np.float64)
    noise = (np.arctanh(actions) - mean) / std
    assert np.mean(noise) == pytest.approx(0.0, abs=0.03)
    assert np.std(noise) == pytest.approx(1.0, abs=0.03)


def test_noise_is_held_across_policies_and_released_with_the_episode():
    first, second = (Policy(tiny(), longest_hold=1000) for _ in range(2))
    first._held._steps_left, first._held._values[:] = 5, 0.7
    second.take_over_from(first, np.random.default_rng(0))
    observation = numbers(0.3)
    mean, std = second.distribution(observation)
    expected = np.tanh(mean + 0.7 * std)
    rng = np.random.default_rng(3)
    for _ in range(5):
        second.rehearse(observation, rng)  # counts no step
        np.testing.assert_allclose(second.act(observation, rng), expected, rtol=1e-6)
    assert second.act(observation, rng) != pytest.approx(expected, rel=1e-4)
    first.reset(rng)
    assert first.act(observation, rng) != pytest.approx(expected, rel=1e-4)


def test_without_holding_noise_is_drawn_as_before():
    parameters, observation = random_policy(), numbers(0.1, -0.2, 0.3, 0.4)
    policy, rng = Policy(parameters), np.random.default_rng(5)
    mean, std = Policy(parameters).distribution(observation)
    noise = np.random.default_rng(5).standard_normal(2, dtype=np.float32)
    np.testing.assert_allclose(
        policy.act(observation, rng), np.tanh(mean + std * noise), rtol=1e-6
    )
