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

"""The actor's distribution with a hand-written backward pass."""

from typing import NamedTuple

from rl_agent.policy.parameters import SDE_EPSILON
from rl_learner.actor_critic.networks import Actor
from rl_learner.distributed.ranks import Ranks
from rl_learner.fast_path.fast_batch_norm import (
    BatchNormPass,
    normalise_inputs,
    training_backward,
    training_forward,
)
from rl_learner.fast_path.fast_mlp import backward, forward, ForwardPass
from rl_learner.layers.mlp import Ensemble
import torch
from torch import Tensor

_aten = torch.ops.aten


class ActorPass(NamedTuple):
    """A forward pass of the actor, with what the backward pass needs.

    Attributes:
        mlp: the MLP's forward pass; with BatchNorm, its training pass.
        mean: clamped, (batch, action).
        log_std: clamped, (batch, action); empty for a deterministic actor.
        unclamped_mean: (batch, action).
        unclamped_log_std: (batch, action); for gsde the same as `log_std`.
        variance: of gsde, (batch, action), else empty.
    """

    mlp: ForwardPass | BatchNormPass
    mean: Tensor
    log_std: Tensor
    unclamped_mean: Tensor
    unclamped_log_std: Tensor
    variance: Tensor

    def from_row(self, first: int) -> 'ActorPass':
        """Return the rows of the batch from `first` on; not for passes with BatchNorm."""
        assert isinstance(self.mlp, ForwardPass)
        return ActorPass(self.mlp.from_row(first), *(part[first:] for part in self[1:]))


def actor_forward(
    actor: Actor,
    parameters: Ensemble,
    observation: Tensor,
    dtype: torch.dtype,
    ranks: Ranks | None = None,
) -> ActorPass:
    """Return mean and log standard deviation before tanh; see `Actor.distribution`.

    With BatchNorm, the moments are those of the batch, which ranks may share.
    """
    architecture = actor.architecture
    mlp_pass: ForwardPass | BatchNormPass
    if parameters.shape.batch_norm:
        inputs = normalise_inputs(observation, ranks)
        mlp_pass = training_forward(parameters, inputs, ranks=ranks)
    else:
        mlp_pass = forward(parameters, observation, dtype=dtype)
    output = mlp_pass.output[0]
    log_std = variance = output[:, :0]
    if architecture.distribution == 'gsde':
        unclamped_mean, unclamped_log_std, variance = _sde(actor, parameters, output)
        log_std = unclamped_log_std
    elif architecture.distribution == 'gaussian':
        unclamped_mean, unclamped_log_std = output.chunk(2, dim=-1)
        log_std = unclamped_log_std.clamp(architecture.log_std_min, architecture.log_std_max)
    else:
        unclamped_mean, unclamped_log_std = output, log_std
    mean, bound = unclamped_mean, architecture.mean_clip
    if bound:
        mean = unclamped_mean.clamp(-bound, bound)
    return ActorPass(mlp_pass, mean, log_std, unclamped_mean, unclamped_log_std, variance)


def actor_backward(
    actor: Actor,
    parameters: Ensemble,
    actor_pass: ActorPass,
    grad_mean: Tensor,
    grad_log_std: Tensor,
) -> Tensor:
    """Return the gradient by the actor's parameters, (1, parameter).

    Args:
        actor: shape of the actor.
        parameters: (1, parameter).
        actor_pass: the forward pass.
        grad_mean: gradient by the mean, (batch, action).
        grad_log_std: gradient by the log standard deviation; ignored for a deterministic actor.
    """
    architecture = actor.architecture
    gradient, grad_layers = parameters.gradient
    if architecture.mean_clip:
        bound = architecture.mean_clip
        grad_mean = _aten.hardtanh_backward(grad_mean, actor_pass.unclamped_mean, -bound, bound)
    if architecture.distribution == 'gsde':
        grad_output = _sde_backward(actor, parameters, actor_pass, grad_mean, grad_log_std)
    elif architecture.distribution == 'gaussian':
        low, high = architecture.log_std_min, architecture.log_std_max
        grad_log_std = _aten.hardtanh_backward(
            grad_log_std, actor_pass.unclamped_log_std, low, high
        )
        grad_output = torch.cat([grad_mean, grad_log_std], dim=1)
    else:
        grad_output = grad_mean
    if isinstance(actor_pass.mlp, BatchNormPass):
        training_backward(actor_pass.mlp, grad_output[None])
    else:
        backward(actor_pass.mlp, grad_output[None], grad_layers)
    return gradient


def _sde(actor: Actor, parameters: Ensemble, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, log_std and variance, (batch, action) each; see `Actor.distribution`."""
    weight, bias, log_sigma = actor.sde_head(parameters.flat.detach())
    mean = torch.addmm(bias, features, weight.mT)
    variance = features.square() @ _squared_sigma(actor, log_sigma)
    return mean, (variance + SDE_EPSILON).log_().mul_(0.5), variance


def _sde_backward(
    actor: Actor,
    parameters: Ensemble,
    actor_pass: ActorPass,
    grad_mean: Tensor,
    grad_log_std: Tensor,
) -> Tensor:
    """Return the gradient by the features, (batch, feature); write the gradient of the head.

    log_std = log(variance + epsilon) / 2, variance = features^2 sigma^2.
    """
    weight, _, log_sigma = actor.sde_head(parameters.flat.detach())
    grad_weight, grad_bias, grad_log_sigma = actor.sde_head(parameters.gradient[0])
    features, squared_sigma = actor_pass.mlp.output[0], _squared_sigma(actor, log_sigma)
    grad_variance = 0.5 * grad_log_std / (actor_pass.variance + SDE_EPSILON)
    torch.mm(grad_mean.mT, features, out=grad_weight)
    torch.sum(grad_mean, 0, out=grad_bias)
    grad_clamped = 2.0 * squared_sigma * (features.square().mT @ grad_variance)
    low, high = actor.architecture.log_std_min, actor.architecture.log_std_max
    grad_log_sigma.copy_(_aten.hardtanh_backward(grad_clamped, log_sigma, low, high))
    return grad_mean @ weight + 2.0 * features * (grad_variance @ squared_sigma.mT)


def _squared_sigma(actor: Actor, log_sigma: Tensor) -> Tensor:
    """Return sigma^2 for the clamped log sigma, (feature, action)."""
    low, high = actor.architecture.log_std_min, actor.architecture.log_std_max
    return (2.0 * log_sigma.clamp(low, high)).exp_()
