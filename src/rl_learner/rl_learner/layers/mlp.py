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

"""An ensemble of MLPs: one batched product per layer, all parameters in one matrix."""

from dataclasses import dataclass
from functools import cached_property
import math
from typing import NamedTuple

from rl_agent.policy.parameters import NORM_EPSILON
import torch
from torch import Tensor
import torch.nn.functional as functional

_SHORTEST_WEIGHTS = 1e-12  # weights that are all 0 have no direction and stay as they are


class Layer(NamedTuple):
    """Parameters of one layer for all members.

    Attributes:
        weight: (member, out, in).
        transposed: view of `weight`, (member, in, out).
        bias: (member, 1, out); with BatchNorm added after it, not before.
        norm_weight: of LayerNorm or BatchNorm, (member, 1, out), or None.
        norm_bias: of LayerNorm, (member, 1, out), or None.
    """

    weight: Tensor
    transposed: Tensor
    bias: Tensor
    norm_weight: Tensor | None = None
    norm_bias: Tensor | None = None


@dataclass(frozen=True)
class MlpShape:
    """Shape of an ensemble, without its parameters.

    A hidden layer is: linear, dropout, LayerNorm, activation (DroQ, arXiv:2110.02034). With
    BatchNorm, see `batch_norm`, a parameter vector begins with the scales of the inputs.

    Attributes:
        input_size: number of inputs.
        hidden_sizes: neurons of each hidden layer.
        output_size: outputs of a final linear layer; 0: the last hidden layer is the output.
        activation: relu, elu or tanh.
        layer_norm: LayerNorm before each activation.
        dropout: probability that a neuron is dropped.
        batch_norm: BatchNorm of the inputs and before each activation.
    """

    input_size: int
    hidden_sizes: tuple[int, ...]
    output_size: int
    activation: str = 'relu'
    layer_norm: bool = False
    dropout: float = 0.0
    batch_norm: bool = False

    @cached_property
    def sizes(self) -> tuple[tuple[int, int, bool], ...]:
        """Inputs, outputs and whether it is hidden, for each layer."""
        inputs = (self.input_size, *self.hidden_sizes)
        outputs = (*self.hidden_sizes, *([self.output_size] if self.output_size else []))
        hidden = len(self.hidden_sizes)
        return tuple(
            (size_in, size_out, index < hidden)
            for index, (size_in, size_out) in enumerate(zip(inputs, outputs, strict=False))
        )

    @cached_property
    def split_sizes(self) -> tuple[int, ...]:
        """Length of each part of a member's parameter vector."""
        parts = [self.input_size] if self.batch_norm else []
        for size_in, size_out, hidden in self.sizes:
            parts += [size_out * size_in, *[size_out] * self._num_vectors(hidden=hidden)]
        return tuple(parts)

    def _num_vectors(self, *, hidden: bool) -> int:
        """Return the number of vectors of a layer: bias, norm_weight, norm_bias."""
        if not hidden:
            return 1
        return 3 if self.layer_norm else 2 if self.batch_norm else 1

    @property
    def num_parameters(self) -> int:
        """Number of parameters of one member."""
        return sum(self.split_sizes)

    def layers(self, parameters: Tensor) -> list[Layer]:
        """Return the layers as views into parameters or their gradient, (member, parameter)."""
        members = len(parameters)
        used = parameters[:, : self.num_parameters]
        parts = iter(torch.split(used, list(self.split_sizes), dim=1))
        if self.batch_norm:
            next(parts)  # see `input_scale`
        layers = []
        for size_in, size_out, hidden in self.sizes:
            weight = next(parts).view(members, size_out, size_in)
            num_vectors = self._num_vectors(hidden=hidden)
            vectors = (next(parts)[:, None, :] for _ in range(num_vectors))
            layers.append(Layer(weight, weight.mT, *vectors))
        return layers

    def input_scale(self, parameters: Tensor) -> Tensor:
        """Return the scales of the inputs with BatchNorm, a view, (member, 1, in)."""
        return parameters[:, None, : self.input_size]

    def initial(self, members: int, generator: torch.Generator) -> Tensor:
        """Return fresh parameters, (member, parameter), initialised as by torch.nn.Linear."""
        device = generator.device
        parameters = torch.zeros(members, self.num_parameters, device=device)
        for layer in self.layers(parameters):
            bound = 1.0 / math.sqrt(layer.weight.shape[2])
            layer.weight.uniform_(-bound, bound, generator=generator)
            if layer.norm_weight is None or not self.batch_norm:
                layer.bias.uniform_(-bound, bound, generator=generator)
            if layer.norm_weight is not None:
                layer.norm_weight.fill_(1.0)
        if self.batch_norm:
            self.input_scale(parameters).fill_(1.0)
        return parameters

    def dropout_masks(
        self, members: int, batch: int, generator: torch.Generator
    ) -> list[Tensor] | None:
        """Return a mask, (member, batch, out), for each hidden layer; None without dropout."""
        if not self.dropout:
            return None
        return [
            dropout_mask((members, batch, size), self.dropout, generator)
            for size in self.hidden_sizes
        ]


class Ensemble:
    """Parameters of MLPs of one shape, updated in place by training.

    Attributes:
        shape: of each member.
        flat: (member, parameter); columns beyond those of `shape` are not part of the MLP.
        statistics: running moments of BatchNorm, (member, statistic), see `batch_norm`; empty if
            there are none.
    """

    def __init__(self, shape: MlpShape, flat: Tensor, statistics: Tensor | None = None) -> None:
        """Wrap parameters and statistics.

        Raises:
            ValueError: too few parameters for the shape.
        """
        if flat.ndim != 2 or flat.shape[1] < shape.num_parameters:
            raise ValueError(
                f'parameters: given shape {tuple(flat.shape)};'
                f' accepted: (member, {shape.num_parameters})'
            )
        self.shape, self.flat = shape, flat
        self.statistics = flat.new_empty(len(flat), 0) if statistics is None else statistics

    @cached_property
    def layers(self) -> list[Layer]:
        """Views of the layers, outside autograd's graph; cached."""
        return self.shape.layers(self.flat.detach())

    @cached_property
    def gradient(self) -> tuple[Tensor, list[Layer]]:
        """Buffer for the gradient, and its layers; overwritten by each backward pass."""
        gradient = torch.zeros_like(self.flat, requires_grad=False)
        return gradient, self.shape.layers(gradient)

    @cached_property
    def frozen(self) -> 'Ensemble':
        """The same parameters and statistics, without gradient."""
        return Ensemble(self.shape, self.flat.detach(), self.statistics)

    @cached_property
    def first(self) -> 'Ensemble':
        """The first member's parameters and statistics, without gradient."""
        return Ensemble(self.shape, self.flat.detach()[:1], self.statistics[:1])

    def copy(self) -> 'Ensemble':
        """Return an independent copy, without statistics."""
        return Ensemble(self.shape, self.flat.detach().clone())

    def subset(self, members: Tensor) -> 'Ensemble':
        """Return a copy of the members at some indices, (index,) int64, without statistics."""
        return Ensemble(self.shape, self.flat.detach()[members])


def activate(inputs: Tensor, activation: str) -> Tensor:
    """Return the activation of each input."""
    if activation == 'relu':
        return inputs.relu()
    if activation == 'elu':
        return functional.elu(inputs)
    return inputs.tanh()


def dropout_mask(shape: tuple[int, ...], probability: float, generator: torch.Generator) -> Tensor:
    """Return 0 with this probability, else 1 / (1 - probability), independently per element.

    Only the positions of the zeros are drawn, as geometrically distributed gaps: with probability
    0.01 that takes a hundredth of the random numbers of one draw per element. The number of gaps
    is enough to reach the end except once in 10^15 masks.
    """
    count = math.prod(shape)
    expected = count * probability
    draws = int(expected + 8.0 * math.sqrt(expected * (1.0 - probability)) + 16.0)
    device = generator.device
    gaps = torch.empty(draws, dtype=torch.int64, device=device)
    positions = gaps.geometric_(probability, generator=generator).cumsum_(0).sub_(1)
    mask = torch.full((count + 1,), 1.0 / (1.0 - probability), device=device)
    # one spare element absorbs positions beyond the end
    mask.index_fill_(0, positions.clamp_(max=count), 0.0)
    return mask[:count].view(shape)


def mlp(ensemble: Ensemble, inputs: Tensor, masks: list[Tensor] | None = None) -> Tensor:
    """Return each member's output, (member, batch, out): the reference form, layer by layer.

    For shapes without BatchNorm; `batch_norm` has the others.

    Args:
        ensemble: shape and parameters.
        inputs: shared by all members, (batch, in).
        masks: dropout masks, one for each hidden layer.

    Raises:
        ValueError: the inputs have the wrong shape.
    """
    check_inputs(ensemble, inputs)
    shape = ensemble.shape
    values = inputs.expand(len(ensemble.flat), *inputs.shape)
    for index, layer in enumerate(shape.layers(ensemble.flat)):
        values = torch.baddbmm(layer.bias, values, layer.transposed)
        if index == len(shape.hidden_sizes):
            break
        if masks is not None:
            values = values * masks[index]
        if layer.norm_weight is not None and layer.norm_bias is not None:
            values = functional.layer_norm(values, values.shape[-1:], eps=NORM_EPSILON)
            values = values * layer.norm_weight + layer.norm_bias
        values = activate(values, shape.activation)
    return values


@torch.no_grad()
def normalise_weights_(weight: Tensor) -> None:
    """Scale each neuron's weights to length 1, in place, (..., out, in)."""
    length = torch.linalg.vector_norm(weight, dim=-1, keepdim=True)
    weight.div_(length.clamp_(min=_SHORTEST_WEIGHTS))


def check_inputs(ensemble: Ensemble, inputs: Tensor) -> None:
    """Raise ValueError if the inputs do not match the ensemble's shape."""
    if inputs.ndim != 2 or inputs.shape[1] != ensemble.shape.input_size:
        raise ValueError(
            f'inputs: given shape {tuple(inputs.shape)};'
            f' accepted: (batch, {ensemble.shape.input_size})'
        )
