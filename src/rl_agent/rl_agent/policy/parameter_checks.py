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

"""Checks of a policy's arrays, in pieces, so that other threads keep running."""

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy_limits import PolicyLimits

PIECE = 2**16  # numbers; NumPy releases the interpreter lock between two pieces and within one


def check_parameters(parameters: PolicyParameters) -> None:
    """Raise PolicyError if an array has a wrong type, shape or value."""
    architecture = parameters.architecture
    size = architecture.observation_size
    normalised = parameters.observation_mean.size > 0 or parameters.observation_std.size > 0
    if normalised and architecture.encoder is not None:
        raise PolicyError(
            f'policy {parameters.version}: observation_mean: given with an image encoder;'
            ' accepted: none'
        )
    expected = {
        'parameters': architecture.num_parameters,
        'observation_mean': size if normalised else 0,
        'observation_std': size if normalised else 0,
    }
    for name, length in expected.items():
        values = getattr(parameters, name)
        where = f'policy {parameters.version}: {name}'
        if values.dtype != np.float32 or values.shape != (length,):
            raise PolicyError(
                f'{where}: given {values.dtype} of shape {values.shape};'
                f' accepted: float32 of shape ({length},)'
            )
        index = _first_not_finite(values)
        if index is not None:
            raise PolicyError(
                f'{where}: given {values[index]} at index {index}; accepted: finite numbers'
            )
    _check_std(parameters)


def _first_not_finite(values: Float32Array) -> int | None:
    """Return the index of the first NaN or infinity; None: all numbers are finite."""
    for start in range(0, len(values), PIECE):
        bad = np.flatnonzero(~np.isfinite(values[start : start + PIECE]))
        if bad.size:
            return start + int(bad[0])
    return None


def _check_std(parameters: PolicyParameters) -> None:
    """Raise PolicyError unless every deviation has a reciprocal that is finite and not 0."""
    limits, std = PolicyLimits(), parameters.observation_std
    bad = np.flatnonzero((std < limits.smallest_std) | (std > limits.largest_std))
    if bad.size:
        raise PolicyError(
            f'policy {parameters.version}: observation_std: given {std[bad[0]]} at index'
            f' {bad[0]}; accepted: {limits.smallest_std:g} to {limits.largest_std:g}'
        )
