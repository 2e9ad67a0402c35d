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

"""Proof that a policy computes finite actions for every observation within bounds."""

import numpy as np
from rl_agent.array_checks import LARGEST_FLOAT32
from rl_agent.array_types import Float32Array, Float64Array
from rl_agent.errors import PolicyError
from rl_agent.policy.image_encoder import EncoderArchitecture, KERNEL
from rl_agent.policy.parameter_checks import PIECE
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters, split_parameters

UNDESCRIBED_BOUND = 1e6  # of an observation whose description has no bounds
_LARGEST_DRAW = 32.0  # of a standard normal number; larger ones do not occur
_LARGEST_SUM = LARGEST_FLOAT32 / 4.0  # room for rounding and for `output - mean`


def check_outputs(parameters: PolicyParameters, low: Float32Array, high: Float32Array) -> None:
    """Raise PolicyError unless all sums are finite for every observation from low to high.

    The largest magnitude of each neuron follows from those of the layer before: interval
    arithmetic, in float64.

    Args:
        parameters: checked by `check_parameters`.
        low: lowest observation, (observation,); -inf: `UNDESCRIBED_BOUND`.
        high: highest observation, (observation,).
    """
    architecture = parameters.architecture
    blocks = split_parameters(architecture, parameters.parameters)
    if parameters.observation_mean.size:
        bound = np.full(architecture.observation_size, float(architecture.observation_clip))
    else:
        bound = np.maximum(np.abs(_described(low)), np.abs(_described(high)))
    if architecture.encoder is not None:
        where = f'policy {parameters.version}: image encoder'
        features = _features_bound(architecture.encoder, blocks, where)
        bound = np.concatenate([bound[: architecture.vector_size], features])
    for number in range(len(architecture.hidden_sizes)):
        where = f'policy {parameters.version}: hidden layer {number + 1}'
        bound = _layer_bound(architecture, blocks, number, bound, where)
    where = f'policy {parameters.version}: output'
    for name in ('mean', 'log_std'):
        if f'{name}_weight' in blocks:
            _linear_bound(blocks[f'{name}_weight'], blocks[f'{name}_bias'], bound, where)
    if architecture.distribution == 'gsde':
        _check_sde(architecture, blocks['log_std'], bound, where)


def _described(bounds: Float32Array) -> Float64Array:
    """Return bounds in float64, with a number in place of infinity."""
    wide = bounds.astype(np.float64)
    return np.where(np.isfinite(wide), wide, UNDESCRIBED_BOUND)


def _features_bound(
    encoder: EncoderArchitecture, blocks: dict[str, Float32Array], where: str
) -> Float64Array:
    """Return the largest magnitudes of an encoder's features, (feature,), which end in tanh."""
    for number, image in enumerate(encoder.images):
        name, bound = f'image_{number}', np.full(image[2], 0.5)
        for layer in range(len(encoder.channels)):
            weight = blocks[f'{name}_conv_{layer}_weight']
            rows, inputs = weight.reshape(len(weight), -1), np.repeat(bound, KERNEL * KERNEL)
            bound = _linear_bound(rows, blocks[f'{name}_conv_{layer}_bias'], inputs, where)
        height, width = encoder.sizes(image)[-1]
        inputs = np.tile(bound, height * width)
        bound = _linear_bound(blocks[f'{name}_weight'], blocks[f'{name}_bias'], inputs, where)
        scale = np.abs(blocks[f'{name}_norm_weight'].astype(np.float64))
        shift = np.abs(blocks[f'{name}_norm_bias'].astype(np.float64))
        _refuse_overflow(2.0 * np.sqrt(bound.size) * scale + shift, where)
    return np.ones(encoder.output_size)


def _layer_bound(
    architecture: PolicyArchitecture,
    blocks: dict[str, Float32Array],
    number: int,
    inputs: Float64Array,
    where: str,
) -> Float64Array:
    """Return the largest magnitudes of a hidden layer's outputs, (size,)."""
    bound = _linear_bound(blocks[f'weight_{number}'], blocks[f'bias_{number}'], inputs, where)
    if architecture.layer_norm:
        weight = blocks[f'norm_weight_{number}'].astype(np.float64)
        bias = blocks[f'norm_bias_{number}'].astype(np.float64)
        # a number among n has at most sqrt(n) times their root mean square
        bound = 2.0 * np.sqrt(bound.size) * np.abs(weight) + np.abs(bias)
        _refuse_overflow(bound, where)
    if architecture.activation == 'tanh':
        bound = np.minimum(bound, 1.0)
    return bound


def _linear_bound(
    weight: Float32Array, bias: Float32Array, inputs: Float64Array, where: str
) -> Float64Array:
    """Return the largest magnitudes of `weight @ inputs + bias`, (size,).

    Args:
        weight: (size, inputs).
        bias: (size,).
        inputs: largest magnitudes of the inputs, (inputs,).
        where: for the error.
    """
    bound = np.abs(bias.astype(np.float64))
    rows = max(1, PIECE // weight.shape[1])
    for start in range(0, len(weight), rows):
        piece = np.abs(weight[start : start + rows]).astype(np.float64)
        bound[start : start + rows] += piece @ inputs
    _refuse_overflow(bound, where)
    return bound


def _check_sde(
    architecture: PolicyArchitecture, log_std: Float32Array, inputs: Float64Array, where: str
) -> None:
    """Raise PolicyError if state-dependent exploration can overflow.

    Args:
        architecture: bounds the log standard deviation.
        log_std: (features, action).
        inputs: largest magnitudes of the features, (features,).
        where: for the error.
    """
    rows = max(1, PIECE // log_std.shape[1])
    total = np.zeros(log_std.shape[1])
    for start in range(0, len(log_std), rows):
        piece = log_std[start : start + rows].astype(np.float64)
        sigma = np.exp(np.clip(piece, architecture.log_std_min, architecture.log_std_max))
        total += inputs[start : start + rows] @ sigma
    _refuse_overflow(total * _LARGEST_DRAW, where)


def _refuse_overflow(bound: Float64Array, where: str) -> None:
    """Raise PolicyError if magnitudes, or their sum, could exceed float32."""
    largest = float(bound.sum())
    if not largest <= _LARGEST_SUM:
        raise PolicyError(
            f'{where}: given sums of up to {largest:.3g} for observations within their bounds;'
            f' accepted: at most {_LARGEST_SUM:.3g}, which is finite in float32'
        )
