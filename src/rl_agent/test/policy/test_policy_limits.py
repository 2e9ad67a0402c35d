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

"""Sizes are capped, whatever integers a policy names, and computed without overflow."""

from typing import Any

import numpy as np
import pytest
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters

# 2**32 - 1 and 2**32 - 6 neurons: in int64, the number of parameters wraps to 4
WRAPPING_SIZES = (2**32 - 1, 2**32 - 6, 1, 3)


@pytest.mark.parametrize(
    'change',
    [
        {'hidden_sizes': WRAPPING_SIZES},
        {'hidden_sizes': np.array(WRAPPING_SIZES, np.uint32)},
        {'hidden_sizes': (1,) * 100_000},
        {'hidden_sizes': (1,) * 33},
        {'hidden_sizes': ()},
        {'hidden_sizes': 8},
        {'hidden_sizes': (8.0,)},
        {'hidden_sizes': (True,)},
        {'hidden_sizes': (0,)},
        {'hidden_sizes': (-1,)},
        {'hidden_sizes': (2**16 + 1,)},
        {'hidden_sizes': (2**13, 2**13)},  # 2**26 parameters in one layer
        {'observation_size': 2**40},
        {'action_size': 0},
        {'action_size': '1'},
        {'activation': 'gelu'},
        {'activation': ['relu']},
        {'layer_norm': 'yes'},
        {'distribution': ''},
        {'log_std_min': float('nan')},
        {'log_std_max': float('nan')},
        {'log_std_min': float('-inf')},
        {'log_std_max': float('inf')},
        {'log_std_min': 2.0, 'log_std_max': 2.0},
        {'log_std_max': 89.0},  # e**89 is infinite in float32
        {'log_std_min': None},
        {'mean_clip': float('nan')},
        {'mean_clip': -1.0},
        {'mean_clip': float('inf')},
        {'exploration_noise': 1e39},
        {'sde_sample_freq': -1},
        {'sde_sample_freq': 2**32},
        {'observation_clip': float('inf')},
        {'observation_clip': float('nan')},
        {'observation_clip': 0.0},
    ],
    ids=lambda change: ' '.join(change),
)
def test_bad_architectures_are_refused(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {'observation_size': 3, 'action_size': 1, 'hidden_sizes': (8,)}
    with pytest.raises(PolicyError, match=r'given .*accepted: ') as caught:
        PolicyArchitecture(**{**given, **change})
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    'change',
    [
        {'version': -1},
        {'version': 2**64},
        {'version': '7'},
        {'version': None},
        {'updates': 1.5},
        {'fingerprint': None},
        {'fingerprint': 'f' * 257},
        {'learner_session': 7},
        {'uniform_exploration': 1},
    ],
    ids=lambda change: ' '.join(change),
)
def test_bad_fields_are_refused(change: dict[str, Any]) -> None:
    architecture = PolicyArchitecture(3, 1, (8,))
    with pytest.raises(PolicyError, match=r'given .*accepted: '):
        PolicyParameters(architecture, np.zeros(0, np.float32), **change)


def test_sizes_of_any_integer_type_become_python_integers() -> None:
    """2**15 * 1000 + 2**15 + 2**15 * 1 + 1 numbers, and a second head for the deviation."""
    sizes: Any = np.array([2**15], np.int32)
    architecture = PolicyArchitecture(np.int16(1000), np.uint8(1), sizes)  # type: ignore[arg-type]
    assert architecture.hidden_sizes == (2**15,)
    sizes = (*architecture.hidden_sizes, architecture.observation_size)
    assert [size.__class__ for size in sizes] == [int, int]
    assert architecture.num_parameters == 2**15 * 1001 + 2 * (2**15 + 1)
