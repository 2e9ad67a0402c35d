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

"""The image encoder on the robot: its structure, files and checks."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rl_agent.description.image import pack_pixels
from rl_agent.errors import PolicyError
from rl_agent.policy.image_encoder import EncoderArchitecture
from rl_agent.policy.output_bounds import check_outputs
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy, save_policy

ENCODER = EncoderArchitecture(((16, 12, 3),), (4, 5), (2, 1), 6)
ARCHITECTURE = PolicyArchitecture(2 + ENCODER.packed_size, 2, (8,), encoder=ENCODER)


def parameters(architecture: PolicyArchitecture = ARCHITECTURE, scale: float = 0.1) -> Any:
    rng = np.random.default_rng(0)
    values = scale * rng.standard_normal(architecture.num_parameters)
    return PolicyParameters(architecture, values.astype(np.float32))


def observation(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (16, 12, 3), dtype=np.uint8)
    return np.concatenate([rng.standard_normal(2), pack_pixels(pixels)]).astype(np.float32)


def test_sizes_by_hand() -> None:
    # 16 x 12: (16 - 3) // 2 + 1 = 7 rows, (12 - 3) // 2 + 1 = 5 columns; then 5 x 3
    assert ENCODER.sizes((16, 12, 3)) == [(7, 5), (5, 3)]
    assert ENCODER.packed_size == 16 * 12 * 3 // 3
    assert (ARCHITECTURE.vector_size, ARCHITECTURE.input_size) == (2, 2 + 6)
    first, second, linear = 4 * 3 * 9 + 4, 5 * 4 * 9 + 5, 6 * (5 * 3 * 5) + 3 * 6
    assert sum(np.prod(shape) for _, shape in ENCODER.blocks) == first + second + linear


def test_a_policy_acts_on_what_it_sees_and_on_its_numbers() -> None:
    policy, rng = Policy(parameters()), np.random.default_rng(0)
    one = policy.act(observation(0), rng, deterministic=True)
    assert np.array_equal(policy.act(observation(0), rng, deterministic=True), one)
    other = observation(0)
    other[5] = 0.0  # some pixels
    assert not np.array_equal(policy.act(other, rng, deterministic=True), one)
    other = observation(0)
    other[0] += 1.0
    assert not np.array_equal(policy.act(other, rng, deterministic=True), one)


def test_a_file_keeps_the_encoder(tmp_path: Path) -> None:
    saved = parameters()
    save_policy(tmp_path / 'policy.npz', saved)
    loaded = load_policy(tmp_path / 'policy.npz')
    assert loaded.architecture == ARCHITECTURE
    assert np.array_equal(loaded.parameters, saved.parameters)


def test_files_without_images_are_as_before(tmp_path: Path) -> None:
    """So robots with older software read them."""
    save_policy(tmp_path / 'policy.npz', parameters(PolicyArchitecture(3, 1, (4,))))
    with np.load(tmp_path / 'policy.npz') as content:
        header = json.loads(str(content['header']))
    assert 'encoder' not in header['architecture']
    assert load_policy(tmp_path / 'policy.npz').architecture.encoder is None


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'images': ((16, 12, 0),)}, 'height, width and channels'),
        ({'images': ()}, 'height, width and channels'),
        ({'images': ((16, 'a', 3),)}, 'accepted: integers'),
        ({'strides': (2,)}, 'a stride for each'),
        ({'channels': (4, 10**9)}, 'a stride for each'),
        ({'strides': (2, 0)}, 'a stride for each'),
        ({'features': 0}, '1 to 65536 features'),
        ({'images': ((16, 4, 3),)}, 'nothing is left of it'),
    ],
)
def test_encoders_that_cannot_be_are_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(PolicyError, match=f'architecture: encoder: .*{reason}'):
        replace(ENCODER, **changes)


def test_images_larger_than_the_observation_are_refused() -> None:
    with pytest.raises(PolicyError, match='images of 192 numbers; accepted: at most 100'):
        PolicyArchitecture(100, 2, (8,), encoder=ENCODER)


def test_an_encoder_of_other_fields_is_refused() -> None:
    unknown: Any = {'images': [[16, 12, 3]], 'kernel': 5}
    with pytest.raises(PolicyError, match=r'encoder: given .*kernel'):
        PolicyArchitecture(200, 2, (8,), encoder=unknown)


def test_normalised_images_are_refused() -> None:
    size = ARCHITECTURE.observation_size
    with pytest.raises(PolicyError, match='observation_mean: given with an image encoder'):
        Policy(
            replace(
                parameters(),
                observation_mean=np.zeros(size, np.float32),
                observation_std=np.ones(size, np.float32),
            )
        )


@pytest.mark.parametrize('name', ['image_0_conv_0_weight', 'image_0_weight', 'weight_0'])
def test_weights_that_could_overflow_are_refused(name: str) -> None:
    low = np.zeros(ARCHITECTURE.observation_size, np.float32)
    high = np.full(ARCHITECTURE.observation_size, 2.0**24 - 1, np.float32)
    check_outputs(parameters(), low, high)
    values, start = parameters().parameters, 0
    for block, shape in ARCHITECTURE.blocks:
        size = int(np.prod(shape))
        if block == name:
            values[start : start + size] = 1e37
        start += size
    with pytest.raises(PolicyError, match='finite in float32'):
        check_outputs(replace(parameters(), parameters=values), low, high)
