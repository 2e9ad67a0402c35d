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

"""The ensemble of `mlp` with a hand-written backward pass.

No graph is built, gradients are written directly into one flat matrix, and gradients that are not
needed are not computed: those by the critics' parameters in the actor loss, and those by the
inputs in the critic loss.
"""

from functools import lru_cache
from typing import cast, NamedTuple

from rl_agent.policy.parameters import NORM_EPSILON
from rl_learner.layers.mlp import check_inputs, Ensemble, Layer, MlpShape
import torch
from torch import Tensor

_aten = torch.ops.aten
# a product with fewer columns is slow on a CPU, so it is computed transposed
NARROW = 64


class NormPass(NamedTuple):
    """A forward pass of LayerNorm, with what its backward pass needs.

    Attributes:
        inputs: (member, batch, out).
        mean: (member, batch, 1).
        inverse_std: (member, batch, 1).
        normalised: before weight and bias, (member, batch, out).
    """

    inputs: Tensor
    mean: Tensor
    inverse_std: Tensor
    normalised: Tensor


class ForwardPass(NamedTuple):
    """A forward pass, with what the backward pass needs.

    Attributes:
        shape: of the ensemble.
        layers: the parameters, in the precision of the products.
        values: the inputs and each layer's output, (member, batch, size).
        norm_passes: one for each hidden layer, with LayerNorm.
        masks: dropout masks, one for each hidden layer.
        output: of the last layer, (member, batch, out), float32.
    """

    shape: MlpShape
    layers: list[Layer]
    values: list[Tensor]
    norm_passes: list[NormPass]
    masks: list[Tensor] | None
    output: Tensor

    def from_row(self, first: int) -> 'ForwardPass':
        """Return the rows of the batch from `first` on; not for passes with dropout."""
        if not first:
            return self
        # torch's LayerNorm kernel assumes that the statistics are contiguous
        return self._replace(
            values=[values[:, first:] for values in self.values],
            norm_passes=[
                NormPass(*(part[:, first:].contiguous() for part in norm_pass))
                for norm_pass in self.norm_passes
            ],
            output=self.output[:, first:],
        )


def forward(
    ensemble: Ensemble,
    inputs: Tensor,
    masks: list[Tensor] | None = None,
    *,
    dtype: torch.dtype | None = None,
    mean_output: bool = False,
) -> ForwardPass:
    """Return a forward pass through each member; see `mlp`.

    Args:
        ensemble: shape and parameters.
        inputs: shared by all members, (batch, in).
        masks: dropout masks, one for each hidden layer.
        dtype: of the products; None: that of the parameters. bfloat16 is twice as fast where
            the processor supports it.
        mean_output: return the mean of each member's outputs, (member, batch, 1), computed with
            the mean of the last layer's weights.

    Raises:
        ValueError: the inputs have the wrong shape.
    """
    check_inputs(ensemble, inputs)
    shape, layers = ensemble.shape, _layers(ensemble, dtype, mean_output)
    values = [inputs.to(dtype).expand(len(ensemble.flat), *inputs.shape)]
    norm_passes: list[NormPass] = []
    for index, layer in enumerate(layers):
        hidden = index < len(shape.hidden_sizes)
        outputs = linear(layer, values[-1], transposed=not hidden)
        if hidden:
            if masks is not None:
                outputs *= masks[index]
            if layer.norm_weight is not None and layer.norm_bias is not None:
                norm_passes.append(_normalise(outputs))
                normalised = norm_passes[-1].normalised
                outputs = torch.addcmul(layer.norm_bias, normalised, layer.norm_weight)
            activate_(outputs, shape.activation)
        values.append(outputs)
    output = values[-1].to(ensemble.flat.dtype)
    return ForwardPass(shape, layers, values, norm_passes, masks, output)


def backward(
    forward_pass: ForwardPass,
    gradient: Tensor,
    grad_layers: list[Layer] | None = None,
    columns: slice | None = None,
) -> Tensor | None:
    """Write the gradient by the parameters; return the gradient by the inputs.

    Args:
        forward_pass: the forward pass.
        gradient: by the output, (member, batch, out); overwritten.
        grad_layers: output for the gradient by the parameters; None: not computed.
        columns: of the inputs; their gradient is returned, (batch, column), summed over members.
            None: not computed.
    """
    shape, layers = forward_pass.shape, forward_pass.layers
    gradient = gradient.to(layers[0].weight.dtype)
    for index in range(len(layers) - 1, -1, -1):
        if index < len(shape.hidden_sizes):
            activation_backward_(gradient, forward_pass.values[index + 1], shape.activation)
            if shape.layer_norm:
                grad_layer = None if grad_layers is None else grad_layers[index]
                gradient = _norm_backward(
                    gradient, layers[index], forward_pass.norm_passes[index], grad_layer
                )
            if forward_pass.masks is not None:
                gradient *= forward_pass.masks[index]
        if grad_layers is not None:
            _write_linear_gradient(gradient, forward_pass.values[index], grad_layers[index])
        if index > 0:
            gradient = linear_input_gradient(gradient, layers[index].weight)
    if columns is None:
        return None
    grad_inputs = torch.bmm(layers[0].transposed[:, columns], gradient.mT)
    return grad_inputs.sum(dim=0).mT.to(forward_pass.output.dtype)


def _layers(ensemble: Ensemble, dtype: torch.dtype | None, mean_output: bool) -> list[Layer]:
    """Return the layers in the precision of the products; the last averaged for `mean_output`."""
    layers = ensemble.layers
    if dtype is not None and dtype != ensemble.flat.dtype:
        layers = [_converted(layer, dtype) for layer in layers]
    if mean_output and ensemble.shape.output_size > 1:
        weight = layers[-1].weight.mean(dim=1, keepdim=True)
        layers = [
            *layers[:-1],
            Layer(weight, weight.mT, layers[-1].bias.mean(dim=2, keepdim=True)),
        ]
    return layers


def _converted(layer: Layer, dtype: torch.dtype) -> Layer:
    """Return a layer in another precision, each part contiguous.

    The CPU's matrix library would copy views into one flat matrix for each product.
    """
    weight = layer.weight.to(dtype)
    norms = (
        None if part is None else part.to(dtype) for part in (layer.norm_weight, layer.norm_bias)
    )
    return Layer(weight, weight.mT, layer.bias.to(dtype), *norms)


def linear(layer: Layer, inputs: Tensor, *, transposed: bool) -> Tensor:
    """Return inputs times weights plus bias, (member, batch, out)."""
    if transposed and layer.weight.shape[1] < NARROW:
        return torch.baddbmm(layer.bias.mT, layer.weight, inputs.mT).mT
    return torch.baddbmm(layer.bias, inputs, layer.transposed)


def _write_linear_gradient(gradient: Tensor, inputs: Tensor, grad_layer: Layer) -> None:
    """Write the gradient by a layer's weight and bias."""
    if inputs.shape[2] < NARROW:
        grad_layer.transposed.copy_(torch.bmm(inputs.mT, gradient))
    elif gradient.dtype == grad_layer.weight.dtype:
        torch.bmm(gradient.mT, inputs, out=grad_layer.weight)
    else:
        grad_layer.weight.copy_(torch.bmm(gradient.mT, inputs))
    torch.sum(gradient, 1, keepdim=True, dtype=grad_layer.bias.dtype, out=grad_layer.bias)


def linear_input_gradient(gradient: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient by a layer's inputs, (member, batch, in)."""
    if weight.shape[1] == 1:
        return gradient * weight  # an outer product
    return torch.bmm(gradient, weight)


def activate_(values: Tensor, activation: str) -> None:
    """Apply the activation in place."""
    if activation == 'relu':
        values.relu_()
    elif activation == 'elu':
        torch.nn.functional.elu_(values)
    else:
        values.tanh_()


def activation_backward_(gradient: Tensor, output: Tensor, activation: str) -> None:
    """Convert the gradient by an activation's output to that by its input, in place."""
    if activation == 'relu':
        _aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
    elif activation == 'elu':
        _aten.elu_backward.grad_input(gradient, 1.0, 1.0, 1.0, True, output, grad_input=gradient)
    else:
        _aten.tanh_backward.grad_input(gradient, output, grad_input=gradient)


def _normalise(values: Tensor) -> NormPass:
    """Return the pass of LayerNorm without weight and bias."""
    size = values.shape[-1:]
    weight, bias = _identity_affine(size[0], values.device, values.dtype)
    normalised, mean, inverse_std = torch.native_layer_norm(
        values, size, weight, bias, NORM_EPSILON
    )
    return NormPass(values, mean, inverse_std, normalised)


@lru_cache(maxsize=64)
def _identity_affine(size: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return ones and zeros: given these, torch's LayerNorm takes half the time."""
    ones = torch.ones(size, device=device, dtype=dtype)
    return ones, torch.zeros_like(ones)


def _norm_backward(
    gradient: Tensor, layer: Layer, norm_pass: NormPass, grad_layer: Layer | None
) -> Tensor:
    """Return the gradient by LayerNorm's inputs; write those by its weight and bias."""
    if grad_layer is not None:
        dtype, normalised = grad_layer.bias.dtype, norm_pass.normalised
        torch.sum(gradient * normalised, 1, keepdim=True, dtype=dtype, out=grad_layer.norm_weight)
        torch.sum(gradient, 1, keepdim=True, dtype=dtype, out=grad_layer.norm_bias)
    result = _aten.native_layer_norm_backward.default(
        torch.mul(gradient, cast(Tensor, layer.norm_weight)),
        norm_pass.inputs,
        list(norm_pass.inputs.shape[-1:]),
        norm_pass.mean,
        norm_pass.inverse_std,
        None,
        None,
        [True, False, False],
    )
    return cast(Tensor, result[0])
