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

"""MLPs with BatchNorm (arXiv:1502.03167), and the plain MLPs that act like them.

Inputs are normalised and scaled. A hidden layer is: linear without bias, BatchNorm, activation, as
in XQC; the last layer is linear with bias. The BatchNorm of the inputs has no shift because the
next one would remove it. In training, moments are those of the batch; for acting they are the
running ones, and everything folds into weights and biases.
"""

from collections.abc import Callable
from typing import NamedTuple

from rl_learner.layers.mlp import activate, check_inputs, Ensemble, MlpShape
import torch
from torch import Tensor

BATCH_NORM_EPSILON = 1e-3  # added to the variance
_MOMENTUM = 0.99  # of the running moments, per critic update


class Moments(NamedTuple):
    """Mean and variance over a batch, (member or 1, 1, size) each; not Bessel-corrected."""

    mean: Tensor
    variance: Tensor


def moments_rate(updates: int) -> float:
    """Return how far running moments move once in a number of updates: as far as in each one."""
    return float(1.0 - _MOMENTUM**updates)


def initial_statistics(shape: MlpShape, members: int, device: torch.device) -> Tensor:
    """Return running moments of mean 0 and variance 1, (member, statistic), empty without norm."""
    statistics = torch.zeros(members, 2 * sum(_norm_sizes(shape)), device=device)
    for moments in running_moments(shape, statistics):
        moments.variance.fill_(1.0)
    return statistics


def running_moments(shape: MlpShape, statistics: Tensor) -> list[Moments]:
    """Return the moments of the inputs and of each hidden layer, as views."""
    sizes = [size for size in _norm_sizes(shape) for _ in Moments._fields]
    parts = iter(torch.split(statistics[:, None, :], sizes, dim=2))
    return [Moments(next(parts), next(parts)) for _ in _norm_sizes(shape)]


@torch.no_grad()
def update_statistics(ensemble: Ensemble, batch_moments: list[Moments], rate: float) -> None:
    """Move the running moments towards those of a batch.

    Args:
        ensemble: its statistics change.
        batch_moments: of the inputs and each hidden layer.
        rate: fraction of the distance.
    """
    members = len(ensemble.statistics)
    parts = [part.expand(members, -1, -1) for moments in batch_moments for part in moments]
    ensemble.statistics.lerp_(torch.cat(parts, dim=2)[:, 0], rate)


def training_output(ensemble: Ensemble, inputs: Tensor) -> tuple[Tensor, list[Moments]]:
    """Return the output with the batch's moments, (member, batch, out), and these moments.

    Both are in autograd's graph. The running moments do not change.

    Args:
        ensemble: with BatchNorm.
        inputs: shared by all members, (batch, in).
    """
    batch_moments: list[Moments] = []

    def of_batch(values: Tensor) -> Moments:
        mean = values.mean(dim=1, keepdim=True)
        variance = (values - mean).square().mean(dim=1, keepdim=True)
        batch_moments.append(Moments(mean, variance))
        return batch_moments[-1]

    return _output(ensemble, inputs, of_batch), batch_moments


def evaluation_output(ensemble: Ensemble, inputs: Tensor) -> Tensor:
    """Return the output with the running moments, (member, batch, out); see `training_output`."""
    running = iter(running_moments(ensemble.shape, ensemble.statistics))
    return _output(ensemble, inputs, lambda _: next(running))


def fold(ensemble: Ensemble) -> Ensemble:
    """Return the plain MLPs with the outputs of `evaluation_output`.

    y = (W x - m) g / sqrt(v + epsilon) + b has the weights W g / sqrt(v + epsilon) and the bias
    b - m g / sqrt(v + epsilon). Columns beyond those of the shape are kept.
    """
    given = ensemble.shape
    shape = plain_shape(given)
    flat = ensemble.flat.detach()
    rest = flat[:, given.num_parameters :]
    folded = flat.new_empty(len(flat), shape.num_parameters)
    inputs, *hidden = running_moments(given, ensemble.statistics)
    scale = given.input_scale(flat) * _inverse_std(inputs)
    for index, (layer, target) in enumerate(
        zip(ensemble.layers, shape.layers(folded), strict=True)
    ):
        if layer.norm_weight is None:
            target.weight.copy_(layer.weight)
            target.bias.copy_(layer.bias)
            continue
        gain = layer.norm_weight * _inverse_std(hidden[index])
        torch.mul(layer.weight, gain.mT, out=target.weight)
        torch.addcmul(layer.bias, hidden[index].mean, gain, value=-1.0, out=target.bias)
        if index == 0:
            target.weight.mul_(scale)
            target.bias.sub_((target.weight @ inputs.mean.mT).mT)
    return Ensemble(shape, torch.cat([folded, rest], dim=1) if rest.shape[1] else folded)


def plain_shape(shape: MlpShape) -> MlpShape:
    """Return the shape without BatchNorm."""
    return MlpShape(shape.input_size, shape.hidden_sizes, shape.output_size, shape.activation)


def _norm_sizes(shape: MlpShape) -> tuple[int, ...]:
    """Return the sizes of all BatchNorms: of the inputs and of each hidden layer."""
    return (shape.input_size, *shape.hidden_sizes) if shape.batch_norm else ()


def _output(ensemble: Ensemble, inputs: Tensor, moments_of: Callable[[Tensor], Moments]) -> Tensor:
    """Return each member's output; the function gives the moments of each BatchNorm in turn."""
    check_inputs(ensemble, inputs)
    shape = ensemble.shape
    values = _normalised(inputs[None], moments_of) * shape.input_scale(ensemble.flat)
    for layer in shape.layers(ensemble.flat):
        if layer.norm_weight is None:
            return torch.baddbmm(layer.bias, values, layer.transposed)
        normalised = _normalised(torch.bmm(values, layer.transposed), moments_of)
        values = activate(normalised * layer.norm_weight + layer.bias, shape.activation)
    return values


def _normalised(values: Tensor, moments_of: Callable[[Tensor], Moments]) -> Tensor:
    """Return values of mean 0 and variance 1, (member or 1, batch, size)."""
    moments = moments_of(values)
    return (values - moments.mean) * _inverse_std(moments)


def _inverse_std(moments: Moments) -> Tensor:
    """Return 1 / sqrt(v + epsilon), (member or 1, 1, size)."""
    return (moments.variance + BATCH_NORM_EPSILON).rsqrt()
