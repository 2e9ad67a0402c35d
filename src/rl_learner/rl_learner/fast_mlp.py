# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The same ensemble as `mlp`, with its backward pass written out.

One node in the graph in place of some twenty, gradients written straight to their place in one
flat matrix, and no product for a gradient that nobody wants: none by the parameters when the
actor looks through the critics, none by the inputs when the critics learn.
"""

from collections.abc import Callable
from typing import Any, cast

from rl_agent.policy import NORM_EPSILON
from rl_learner.mlp import check_inputs, Ensemble, Layer
import torch
from torch import Tensor

_aten = torch.ops.aten


def fast_mlp(ensemble: Ensemble, inputs: Tensor, masks: list[Tensor] | None = None) -> Tensor:
    """Return each member's output, (member, batch, out); see `mlp`."""
    check_inputs(ensemble, inputs)
    apply = cast(Callable[..., Tensor], _Mlp.apply)
    return apply(ensemble.flat, inputs, ensemble, masks, ensemble.flat.dtype)


def bf16_mlp(ensemble: Ensemble, inputs: Tensor, masks: list[Tensor] | None = None) -> Tensor:
    """Return each member's output, computed in bfloat16: twice as fast where products are.

    Parameters, their gradient and the output stay float32; see `mlp`.
    """
    check_inputs(ensemble, inputs)
    apply = cast(Callable[..., Tensor], _Mlp.apply)
    return apply(ensemble.flat, inputs, ensemble, masks, torch.bfloat16)


class _Mlp(torch.autograd.Function):
    """Forward and backward over all layers."""

    @staticmethod
    def forward(
        ctx: Any,
        flat: Tensor,
        inputs: Tensor,
        ensemble: Ensemble,
        masks: list[Tensor] | None,
        dtype: torch.dtype,
    ) -> Tensor:
        """Return the output; keep what the backward pass needs of each layer."""
        shape, full = ensemble.shape, dtype == flat.dtype
        layers = ensemble.layers if full else shape.layers(flat.to(dtype))
        values = inputs.to(dtype).expand(len(flat), *inputs.shape)
        saved: list[tuple[Tensor, ...]] = []
        for index, layer in enumerate(layers):
            layer_inputs = values
            values = torch.baddbmm(layer.bias, values, layer.transposed)
            if index == len(shape.hidden_sizes):
                saved.append((layer_inputs,))
                break
            if masks is not None:
                values *= masks[index]
            norm: tuple[Tensor, ...] = ()
            if layer.norm_weight is not None and layer.norm_bias is not None:
                before = values
                normal, mean, deviation = torch.native_layer_norm(
                    values, values.shape[-1:], None, None, NORM_EPSILON
                )
                norm = (before, mean, deviation, normal)
                values = torch.addcmul(layer.norm_bias, normal, layer.norm_weight)
            values = _activate_(values, shape.activation)
            saved.append((layer_inputs, values, *norm))
        ctx.ensemble, ctx.layers, ctx.masks, ctx.saved = ensemble, layers, masks, saved
        # an alias: an output that its own graph holds on to would never be freed
        return values.to(flat.dtype).detach()

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        """Return the gradients by parameters and inputs, as far as they are wanted."""
        ensemble: Ensemble = ctx.ensemble
        shape, layers = ensemble.shape, ctx.layers
        want_parameters, want_inputs = ctx.needs_input_grad[:2]
        out, into = ensemble.gradient if want_parameters else (None, [None] * len(layers))
        gradient = gradients[0].to(layers[0].weight.dtype)
        for index in range(len(layers) - 1, -1, -1):
            kept, layer_out = ctx.saved[index], into[index]
            if index < len(shape.hidden_sizes):
                if index == len(layers) - 1:
                    gradient = gradient.clone()  # it belongs to the caller
                gradient = _activation_backward_(gradient, kept[1], shape.activation)
                if shape.layer_norm:
                    gradient = _norm_backward(gradient, layers[index], layer_out, *kept[2:])
                if ctx.masks is not None:
                    gradient *= ctx.masks[index]
            if layer_out is not None:
                _product(gradient.mT, kept[0], layer_out.weight)
                torch.sum(
                    gradient, 1, keepdim=True, dtype=layer_out.bias.dtype, out=layer_out.bias
                )
            if index > 0 or want_inputs:
                gradient = torch.bmm(gradient, layers[index].weight)
        by_inputs = gradient.sum(dim=0).to(ensemble.flat.dtype) if want_inputs else None
        return out, by_inputs, None, None, None


def _product(left: Tensor, right: Tensor, out: Tensor) -> None:
    """Write a batched product, whatever the precision of its factors."""
    if left.dtype == out.dtype:
        torch.bmm(left, right, out=out)
    else:
        out.copy_(torch.bmm(left, right))


def _activate_(values: Tensor, activation: str) -> Tensor:
    """Return the activation of each number, in place."""
    if activation == 'relu':
        return values.relu_()
    if activation == 'elu':
        return torch.nn.functional.elu_(values)
    return values.tanh_()


def _activation_backward_(gradient: Tensor, output: Tensor, activation: str) -> Tensor:
    """Return the gradient before an activation, from its output, in place."""
    if activation == 'relu':
        _aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
    elif activation == 'elu':
        _aten.elu_backward.grad_input(gradient, 1.0, 1.0, 1.0, True, output, grad_input=gradient)
    else:
        _aten.tanh_backward.grad_input(gradient, output, grad_input=gradient)
    return gradient


def _norm_backward(
    gradient: Tensor,
    layer: Layer,
    into: Layer | None,
    before: Tensor,
    mean: Tensor,
    deviation: Tensor,
    normal: Tensor,
) -> Tensor:
    """Return the gradient before LayerNorm; write those of its parameters."""
    if into is not None:
        dtype = into.bias.dtype
        torch.sum(gradient * normal, 1, keepdim=True, dtype=dtype, out=into.norm_weight)
        torch.sum(gradient, 1, keepdim=True, dtype=dtype, out=into.norm_bias)
    result = _aten.native_layer_norm_backward.default(
        torch.mul(gradient, cast(Tensor, layer.norm_weight)),
        before,
        list(before.shape[-1:]),
        mean,
        deviation,
        None,
        None,
        [True, False, False],
    )
    return cast(Tensor, result[0])
