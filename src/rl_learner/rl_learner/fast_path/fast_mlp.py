# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The same ensemble as `mlp`, with its backward pass written out, for the fast path.

No graph is built, gradients go straight to their place in one flat matrix, and no product is
made for a gradient that nobody wants: none by the parameters when the actor looks through the
critics, none by the inputs when the critics learn.
"""

from functools import lru_cache
from typing import cast, NamedTuple

from rl_agent.policy.parameters import NORM_EPSILON
from rl_learner.actor_critic.mlp import check_inputs, Ensemble, Layer, MlpShape
import torch
from torch import Tensor

_aten = torch.ops.aten
# a product with fewer columns is slow on a CPU; it is made transposed
_NARROW = 64


class Normal(NamedTuple):
    """What LayerNorm leaves for its backward pass.

    Attributes:
        before: its input, (member, batch, out).
        mean: (member, batch, 1).
        deviation: inverse of the standard deviation, (member, batch, 1).
        normal: before weight and bias, (member, batch, out).
    """

    before: Tensor
    mean: Tensor
    deviation: Tensor
    normal: Tensor


class ForwardPass(NamedTuple):
    """A forward pass, with what the backward pass needs of it.

    Attributes:
        shape: of the ensemble.
        layers: its parameters, in the precision of the products.
        values: the inputs and each hidden layer's output, (member, batch, size).
        normals: of each hidden layer, with LayerNorm.
        masks: of dropout, one for each hidden layer.
        output: of the last layer, (member, batch, out), float32.
    """

    shape: MlpShape
    layers: list[Layer]
    values: list[Tensor]
    normals: list[Normal]
    masks: list[Tensor] | None
    output: Tensor

    def rows(self, first: int) -> 'ForwardPass':
        """Return the pass of the batch's rows from `first` on; without dropout."""
        if not first:
            return self
        # torch's kernel of LayerNorm reads statistics as if they were contiguous
        return self._replace(
            values=[values[:, first:] for values in self.values],
            normals=[
                Normal(*(part[:, first:].contiguous() for part in parts)) for parts in self.normals
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
    """Pass inputs through each member; see `mlp`.

    Args:
        ensemble: shape and parameters.
        inputs: the same for each member, (batch, in).
        masks: of dropout, one for each hidden layer.
        dtype: of the products; None: that of the parameters. bfloat16 is twice as fast where
            the processor has such products.
        mean_output: the output is the mean of each member's outputs, (member, batch, 1), which
            is one product with the mean of the last layer's weights.

    Raises:
        ValueError: a shape does not fit.
    """
    check_inputs(ensemble, inputs)
    shape, layers = ensemble.shape, _layers(ensemble, dtype, mean_output)
    values, normals = [inputs.to(dtype).expand(len(ensemble.flat), *inputs.shape)], []
    for index, layer in enumerate(layers):
        hidden = index < len(shape.hidden_sizes)
        outputs = _product(layer, values[-1], transposed=not hidden)
        if hidden:
            if masks is not None:
                outputs *= masks[index]
            if layer.norm_weight is not None and layer.norm_bias is not None:
                normals.append(_normalise(outputs))
                outputs = torch.addcmul(layer.norm_bias, normals[-1].normal, layer.norm_weight)
            _activate_(outputs, shape.activation)
        values.append(outputs)
    output = values[-1].to(ensemble.flat.dtype)
    return ForwardPass(shape, layers, values, normals, masks, output)


def backward(
    passed: ForwardPass,
    gradient: Tensor,
    into: list[Layer] | None = None,
    columns: slice | None = None,
) -> Tensor | None:
    """Pass the gradient by the output, (member, batch, out), back; it is overwritten.

    Args:
        passed: the forward pass.
        gradient: by the output.
        into: where the gradient by the parameters is written; None: it is not wanted.
        columns: of the inputs, whose gradient is returned, (batch, column), summed over members;
            None: it is not wanted.
    """
    shape, layers = passed.shape, passed.layers
    gradient = gradient.to(layers[0].weight.dtype)
    for index in range(len(layers) - 1, -1, -1):
        if index < len(shape.hidden_sizes):
            _activation_backward_(gradient, passed.values[index + 1], shape.activation)
            if shape.layer_norm:
                layer_into = None if into is None else into[index]
                gradient = _norm_backward(
                    gradient, layers[index], passed.normals[index], layer_into
                )
            if passed.masks is not None:
                gradient *= passed.masks[index]
        if into is not None:
            _product_into(gradient, passed.values[index], into[index])
        if index > 0:
            gradient = _product_back(gradient, layers[index].weight)
    if columns is None:
        return None
    by_inputs = torch.bmm(layers[0].transposed[:, columns], gradient.mT)
    return by_inputs.sum(dim=0).mT.to(passed.output.dtype)


def _layers(ensemble: Ensemble, dtype: torch.dtype | None, mean_output: bool) -> list[Layer]:
    """Return the layers in the precision of the products; the last one's mean if wanted."""
    layers = ensemble.layers
    if dtype is not None and dtype != ensemble.flat.dtype:
        layers = [_rounded(layer, dtype) for layer in layers]
    if mean_output and ensemble.shape.output_size > 1:
        weight = layers[-1].weight.mean(dim=1, keepdim=True)
        layers = [
            *layers[:-1],
            Layer(weight, weight.mT, layers[-1].bias.mean(dim=2, keepdim=True)),
        ]
    return layers


def _rounded(layer: Layer, dtype: torch.dtype) -> Layer:
    """Return a layer in another precision, each part in one piece.

    Views into one matrix would be copied for each product: a CPU's library takes no others.
    """
    weight = layer.weight.to(dtype)
    norms = (
        None if part is None else part.to(dtype) for part in (layer.norm_weight, layer.norm_bias)
    )
    return Layer(weight, weight.mT, layer.bias.to(dtype), *norms)


def _product(layer: Layer, inputs: Tensor, *, transposed: bool) -> Tensor:
    """Return inputs times weights, plus bias, (member, batch, out)."""
    if transposed and layer.weight.shape[1] < _NARROW:
        return torch.baddbmm(layer.bias.mT, layer.weight, inputs.mT).mT
    return torch.baddbmm(layer.bias, inputs, layer.transposed)


def _product_into(gradient: Tensor, inputs: Tensor, into: Layer) -> None:
    """Write the gradient by a layer's weight and bias."""
    if inputs.shape[2] < _NARROW:
        into.transposed.copy_(torch.bmm(inputs.mT, gradient))
    elif gradient.dtype == into.weight.dtype:
        torch.bmm(gradient.mT, inputs, out=into.weight)
    else:
        into.weight.copy_(torch.bmm(gradient.mT, inputs))
    torch.sum(gradient, 1, keepdim=True, dtype=into.bias.dtype, out=into.bias)


def _product_back(gradient: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient by a layer's inputs, (member, batch, in)."""
    if weight.shape[1] == 1:
        return gradient * weight  # an outer product
    return torch.bmm(gradient, weight)


def _activate_(values: Tensor, activation: str) -> None:
    """Take the activation of each number, in place."""
    if activation == 'relu':
        values.relu_()
    elif activation == 'elu':
        torch.nn.functional.elu_(values)
    else:
        values.tanh_()


def _activation_backward_(gradient: Tensor, output: Tensor, activation: str) -> None:
    """Turn the gradient by an activation's output into that by its input, in place."""
    if activation == 'relu':
        _aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
    elif activation == 'elu':
        _aten.elu_backward.grad_input(gradient, 1.0, 1.0, 1.0, True, output, grad_input=gradient)
    else:
        _aten.tanh_backward.grad_input(gradient, output, grad_input=gradient)


def _normalise(values: Tensor) -> Normal:
    """Return LayerNorm without weight and bias, and what its backward pass needs."""
    size = values.shape[-1:]
    weight, bias = _no_change(size[0], values.device, values.dtype)
    normal, mean, deviation = torch.native_layer_norm(values, size, weight, bias, NORM_EPSILON)
    return Normal(values, mean, deviation, normal)


@lru_cache(maxsize=64)
def _no_change(size: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return ones and zeros: with them torch's LayerNorm takes half the time of one without."""
    ones = torch.ones(size, device=device, dtype=dtype)
    return ones, torch.zeros_like(ones)


def _norm_backward(gradient: Tensor, layer: Layer, kept: Normal, into: Layer | None) -> Tensor:
    """Return the gradient before LayerNorm; write those of its parameters."""
    if into is not None:
        dtype = into.bias.dtype
        torch.sum(gradient * kept.normal, 1, keepdim=True, dtype=dtype, out=into.norm_weight)
        torch.sum(gradient, 1, keepdim=True, dtype=dtype, out=into.norm_bias)
    result = _aten.native_layer_norm_backward.default(
        torch.mul(gradient, cast(Tensor, layer.norm_weight)),
        kept.before,
        list(kept.before.shape[-1:]),
        kept.mean,
        kept.deviation,
        None,
        None,
        [True, False, False],
    )
    return cast(Tensor, result[0])
