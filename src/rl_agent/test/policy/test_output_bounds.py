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

"""What is accepted stays finite for every observation within bounds; the rest is refused."""

from typing import Any

import numpy as np
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError
from rl_agent.policy.output_bounds import check_outputs
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters, split_parameters
from rl_agent.policy.policy import Policy

LOW, HIGH = np.full(2, -8.0, np.float32), np.full(2, 4.0, np.float32)
UNKNOWN = np.full(2, np.inf, np.float32)


def make(values: dict[str, float], **options: Any) -> PolicyParameters:
    """Return a policy of 2 observations, 3 and 2 neurons, whose blocks have these constants."""
    given: dict[str, Any] = {'distribution': 'deterministic', **options}
    architecture = PolicyArchitecture(2, 1, (3, 2), **given)
    parameters = np.zeros(architecture.num_parameters, np.float32)
    for name, block in split_parameters(architecture, parameters).items():
        block[:] = values.get(name, 0.0)
    return PolicyParameters(architecture, parameters)


@pytest.mark.parametrize(
    ('values', 'options', 'accepted'),
    [
        # 3 neurons of 2 * 8 * 1e18 each, then 2 of 3 * 1.6e19 * 1e18: 9.6e37 together
        ({'weight_0': 1e18, 'weight_1': 1e18}, {}, False),
        ({'weight_0': 1e18, 'weight_1': 5e17}, {}, True),  # 4.8e37, below 3.4e38 / 4
        ({'weight_0': 1e18, 'weight_1': 1e18}, {'activation': 'tanh'}, True),
        ({'bias_1': 5e37}, {}, False),
        ({'bias_1': 4e37}, {}, True),
        ({'bias_1': 1e37, 'mean_weight': 10.0}, {}, False),  # 2e38
        ({'bias_1': 1e37, 'mean_weight': 1.0}, {}, True),
        ({'norm_weight_0': 3e37}, {'layer_norm': True}, False),
        ({'weight_0': 1e18, 'norm_weight_0': 1.0, 'weight_1': 1e18}, {'layer_norm': True}, True),
        ({'log_std_bias': 1e38}, {'distribution': 'gaussian'}, False),
        ({'bias_1': 1e30, 'log_std': 2.0}, {'distribution': 'gsde', 'log_std_max': 20.0}, True),
        ({'bias_1': 1e30, 'log_std': 20.0}, {'distribution': 'gsde', 'log_std_max': 20.0}, False),
    ],
)
def test_sums_beyond_float32_are_refused(
    values: dict[str, float], options: dict[str, Any], accepted: bool
) -> None:
    parameters = make(values, **options)
    if accepted:
        check_outputs(parameters, LOW, HIGH)
        return
    with pytest.raises(PolicyError, match=r'policy 0: .*given sums of up to .*accepted: '):
        check_outputs(parameters, LOW, HIGH)


def test_without_described_bounds_observations_of_a_million_count() -> None:
    """3 neurons of 2 * 1e6 * 1e31 each: 6e37 together."""
    check_outputs(make({'weight_0': 1e31}), -UNKNOWN, UNKNOWN)
    with pytest.raises(PolicyError, match=r'hidden layer 1: given sums of up to 1\.2e'):
        check_outputs(make({'weight_0': 2e31}), -UNKNOWN, UNKNOWN)


def test_normalised_observations_are_bounded_by_their_clip() -> None:
    parameters = make({'weight_0': 1e36})
    fields: Any = {
        'observation_mean': np.zeros(2, np.float32),
        'observation_std': np.ones(2, np.float32),
    }
    normalised = PolicyParameters(parameters.architecture, parameters.parameters, **fields)
    check_outputs(normalised, -UNKNOWN, UNKNOWN)  # 3 * 2 * 10 * 1e36
    with pytest.raises(PolicyError, match='hidden layer 1'):
        check_outputs(parameters, -UNKNOWN, UNKNOWN)


@pytest.mark.parametrize('distribution', ['gaussian', 'gsde', 'deterministic'])
@pytest.mark.parametrize('layer_norm', [False, True])
@pytest.mark.parametrize('activation', ['relu', 'elu', 'tanh'])
@pytest.mark.filterwarnings('ignore:overflow encountered')
def test_an_accepted_policy_is_finite_in_all_corners(
    distribution: str, layer_norm: bool, activation: str
) -> None:
    """Of random policies with huge weights, some are accepted and some are refused."""
    rng, accepted = np.random.default_rng(3), 0
    architecture = PolicyArchitecture(
        2, 1, (4, 4), activation, layer_norm=layer_norm, distribution=distribution
    )
    for _ in range(200):
        scale = 10.0 ** rng.uniform(0, 38)
        numbers = (scale * rng.uniform(-1, 1, architecture.num_parameters)).astype(np.float32)
        parameters = PolicyParameters(architecture, numbers)
        try:
            check_outputs(parameters, LOW, HIGH)
        except PolicyError:
            continue
        accepted += 1
        policy = Policy(parameters)
        corners: list[Float32Array] = [LOW, HIGH, (LOW + HIGH) / 2]
        corners += [np.array([LOW[0], HIGH[1]], np.float32)]
        for corner in corners:
            policy.reset(rng)
            assert np.isfinite(policy.act(corner, rng)).all()
            assert np.isfinite(policy.act(corner, rng, deterministic=True)).all()
    assert 0 < accepted < 200
