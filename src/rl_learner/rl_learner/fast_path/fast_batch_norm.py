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

"""The training pass of `batch_norm` with a hand-written backward pass.

The mean over the batch needs no pass of its own: a layer's outputs less their mean are the product
with the inputs plus one bias, minus the mean of the inputs times the weights. The scale of the
inputs is part of the first layer's weights.

With ranks, a batch is that of all of them, of which each has as many rows.
"""

from typing import NamedTuple

from rl_learner.distributed.ranks import Ranks
from rl_learner.fast_path.fast_mlp import (
    activate_,
    activation_backward_,
    linear,
    linear_input_gradient,
    NARROW,
)
from rl_learner.fast_path.shard_moments import joint_means, joint_moments
from rl_learner.layers.batch_norm import BATCH_NORM_EPSILON, Moments
from rl_learner.layers.mlp import Ensemble, Layer
import torch
from torch import Tensor


class NormalisedInputs(NamedTuple):
    """Inputs of mean 0 and variance 1; all members share them.

    Attributes:
        values: (batch, in).
        moments: before that, (1, 1, in) each.
    """

    values: Tensor
    moments: Moments


class HiddenPass(NamedTuple):
    """A hidden layer's training pass, with what its backward pass needs.

    Attributes:
        inputs: (member, batch, in).
        weight: (member, out, in); the first layer's includes the scale of its inputs.
        centred: products less their mean, (member, batch, out).
        inverse_std: (member, 1, out).
        scale: `inverse_std` times the layer's weight of the norm, (member, 1, out).
        output: after the activation, (member, batch, out).
    """

    inputs: Tensor
    weight: Tensor
    centred: Tensor
    inverse_std: Tensor
    scale: Tensor
    output: Tensor


class BatchNormPass(NamedTuple):
    """A training pass, with what the backward pass needs.

    Attributes:
        ensemble: shape and parameters.
        hidden: the hidden layers.
        output: of the chosen rows, (member, row, out).
        moments: of the batch: of the inputs and each hidden layer.
        ranks: that share the batch; None: this process has all of it.
    """

    ensemble: Ensemble
    hidden: list[HiddenPass]
    output: Tensor
    moments: list[Moments]
    ranks: Ranks | None


def normalise_inputs(inputs: Tensor, ranks: Ranks | None = None) -> NormalisedInputs:
    """Return the inputs, (batch, in), normalised over the batch."""
    mean = inputs.mean(dim=0, keepdim=True)
    centred = inputs - mean
    moments = Moments(mean, centred.square().mean(dim=0, keepdim=True))
    if ranks is not None:
        moments = _of_all_ranks(centred, moments, ranks)
    values = centred.mul_((moments.variance + BATCH_NORM_EPSILON).rsqrt_())
    return NormalisedInputs(values, Moments(moments.mean[None], moments.variance[None]))


def training_forward(
    ensemble: Ensemble,
    inputs: NormalisedInputs,
    rows: slice = slice(None),
    ranks: Ranks | None = None,
) -> BatchNormPass:
    """Return a training pass; see `batch_norm.training_output`.

    Args:
        ensemble: with BatchNorm.
        inputs: shared by all members.
        rows: of the batch, whose output is wanted; the moments are those of all rows.
        ranks: that share the batch.
    """
    shape, layers = ensemble.shape, ensemble.layers
    hidden: list[HiddenPass] = []
    moments = [inputs.moments]
    values = inputs.values.expand(len(ensemble.flat), *inputs.values.shape)
    for layer in layers[: len(shape.hidden_sizes)]:
        is_first = not hidden
        weight = layer.weight * _input_scale(ensemble) if is_first else layer.weight
        part, part_moments = _hidden_forward(
            layer, weight, values, shape.activation, ranks, is_first=is_first
        )
        hidden.append(part)
        moments.append(part_moments)
        values = part.output
    return BatchNormPass(ensemble, hidden, _output(ensemble, values[:, rows]), moments, ranks)


def other_output(batch_norm_pass: BatchNormPass, rows: slice) -> Tensor:
    """Return the output of other rows of the batch, (member, row, out)."""
    return _output(batch_norm_pass.ensemble, batch_norm_pass.hidden[-1].output[:, rows])


def training_backward(batch_norm_pass: BatchNormPass, gradient: Tensor) -> Tensor:
    """Return the gradient by the parameters, (member, parameter), in the ensemble's buffer.

    Columns beyond those of the shape are not written.

    Args:
        batch_norm_pass: the training pass, whose rows were the first ones of the batch.
        gradient: by its output, (member, row, out); overwritten.
    """
    ensemble = batch_norm_pass.ensemble
    flat, grad_layers = ensemble.gradient
    hidden, rows = batch_norm_pass.hidden, gradient.shape[1]
    if ensemble.shape.output_size:
        features = hidden[-1].output[:, :rows]
        _write_weight_gradient(gradient, features, grad_layers[-1].weight)
        torch.sum(gradient, 1, keepdim=True, out=grad_layers[-1].bias)
        gradient = linear_input_gradient(gradient, ensemble.layers[-1].weight)
    for index in range(len(hidden) - 1, -1, -1):
        part, grad_layer = hidden[index], grad_layers[index]
        activation_backward_(
            gradient, part.output[:, : gradient.shape[1]], ensemble.shape.activation
        )
        gradient = _norm_backward(gradient, part, grad_layer, batch_norm_pass.ranks)
        _write_weight_gradient(gradient, part.inputs, grad_layer.weight)
        if index > 0:
            gradient = torch.bmm(gradient, part.weight)
    _split_input_scale(ensemble, grad_layers[0].weight, ensemble.shape.input_scale(flat))
    return flat


def _output(ensemble: Ensemble, features: Tensor) -> Tensor:
    """Return the output for the last hidden layer's, (member, row, size)."""
    if not ensemble.shape.output_size:
        return features
    return linear(ensemble.layers[-1], features, transposed=True)


def _input_scale(ensemble: Ensemble) -> Tensor:
    """Return the scales of the inputs, (member, 1, in)."""
    return ensemble.shape.input_scale(ensemble.flat.detach())


def _of_all_ranks(centred: Tensor, own: Moments, ranks: Ranks) -> Moments:
    """Return the moments of all ranks; move values less this rank's mean to theirs, in place."""
    moments = joint_moments(own, ranks)
    centred.add_(own.mean - moments.mean)
    return moments


def _hidden_forward(
    layer: Layer,
    weight: Tensor,
    values: Tensor,
    activation: str,
    ranks: Ranks | None,
    *,
    is_first: bool,
) -> tuple[HiddenPass, Moments]:
    """Return a hidden layer's pass and moments; the inputs of the first one have mean 0."""
    if is_first:
        mean = torch.zeros_like(layer.bias)
        centred = torch.bmm(values, weight.mT)
    else:
        mean = torch.bmm(values.mean(dim=1, keepdim=True), weight.mT)
        centred = torch.baddbmm(mean, values, weight.mT, beta=-1)
    moments = Moments(mean, centred.square().mean(dim=1, keepdim=True))
    if ranks is not None:
        moments = _of_all_ranks(centred, moments, ranks)
    inverse_std = (moments.variance + BATCH_NORM_EPSILON).rsqrt_()
    assert layer.norm_weight is not None
    scale = layer.norm_weight * inverse_std
    output = torch.addcmul(layer.bias, centred, scale)
    activate_(output, activation)
    part = HiddenPass(values, weight, centred, inverse_std, scale, output)
    return part, moments


def _norm_backward(
    gradient: Tensor, part: HiddenPass, grad_layer: Layer, ranks: Ranks | None
) -> Tensor:
    """Return the gradient by a layer's products; write those by its norm's weight and bias.

    With z centred, s its inverse deviation, g the norm's weight and N rows in the batch,
    dz = g s (dy - sum(dy) / N - z s^2 sum(dy z) / N).

    Args:
        gradient: dy, of the first rows only: it is 0 for the others, (member, row, out).
        part: of the layer.
        grad_layer: output.
        ranks: that share the batch; with g of each one's own loss, sums become means over ranks.
    """
    centred, rows = part.centred, gradient.shape[1]
    count = centred.shape[1]
    assert grad_layer.norm_weight is not None
    torch.sum(gradient, 1, keepdim=True, out=grad_layer.bias)
    correlation = (gradient * centred[:, :rows]).sum(dim=1, keepdim=True)
    torch.mul(correlation, part.inverse_std, out=grad_layer.norm_weight)
    total = grad_layer.bias
    if ranks is not None:
        total, correlation = joint_means(ranks, total, correlation)
    shift = total * (part.scale / -count)
    slope = correlation * part.inverse_std.square() * (part.scale / -count)
    result = torch.addcmul(shift, centred, slope)
    result[:, :rows].addcmul_(gradient, part.scale)
    return result


def _write_weight_gradient(gradient: Tensor, inputs: Tensor, grad_weight: Tensor) -> None:
    """Write the gradient by a layer's weight, (member, out, in)."""
    if inputs.shape[2] < NARROW:
        grad_weight.mT.copy_(torch.bmm(inputs.mT, gradient))
    else:
        torch.bmm(gradient.mT, inputs, out=grad_weight)


def _split_input_scale(ensemble: Ensemble, grad_weight: Tensor, grad_scale: Tensor) -> None:
    """Convert the gradient by scaled weights, in place, to that by the weights; write the other.

    Args:
        ensemble: the parameters.
        grad_weight: of the first layer, (member, out, in).
        grad_scale: output, (member, 1, in).
    """
    torch.sum(grad_weight * ensemble.layers[0].weight, 1, keepdim=True, out=grad_scale)
    grad_weight.mul_(_input_scale(ensemble))
