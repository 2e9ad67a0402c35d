# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The actor's distribution with its backward pass written out, for the fast path."""

from typing import NamedTuple

from rl_agent.policy.parameters import SDE_EPSILON
from rl_learner.actor_critic.mlp import Ensemble
from rl_learner.actor_critic.networks import Actor
from rl_learner.fast_path.fast_mlp import backward, forward, ForwardPass
import torch
from torch import Tensor

_aten = torch.ops.aten


class ActorPass(NamedTuple):
    """A forward pass of the actor, with what the backward pass needs of it.

    Attributes:
        trunk: the perceptron.
        mean: within its bound, (batch, action).
        log_std: within its bounds, (batch, action); empty for a deterministic actor.
        free_mean: before its bound.
        free_log_std: before its bounds; for gsde it has none.
        variance: of gsde, (batch, action), else empty.
    """

    trunk: ForwardPass
    mean: Tensor
    log_std: Tensor
    free_mean: Tensor
    free_log_std: Tensor
    variance: Tensor

    def rows(self, first: int) -> 'ActorPass':
        """Return the pass of the batch's rows from `first` on."""
        return ActorPass(self.trunk.rows(first), *(part[first:] for part in self[1:]))


def actor_forward(
    actor: Actor, parameters: Ensemble, observation: Tensor, dtype: torch.dtype
) -> ActorPass:
    """Return mean and log standard deviation before tanh; see `Actor.distribution`."""
    architecture = actor.architecture
    trunk = forward(parameters, observation, dtype=dtype)
    output = trunk.output[0]
    log_std = variance = output[:, :0]
    if architecture.distribution == 'gsde':
        free_mean, free_log_std, variance = _sde(actor, parameters, output)
        log_std = free_log_std
    elif architecture.distribution == 'gaussian':
        free_mean, free_log_std = output.chunk(2, dim=-1)
        log_std = free_log_std.clamp(architecture.log_std_min, architecture.log_std_max)
    else:
        free_mean, free_log_std = output, log_std
    mean, bound = free_mean, architecture.mean_clip
    if bound:
        mean = free_mean.clamp(-bound, bound)
    return ActorPass(trunk, mean, log_std, free_mean, free_log_std, variance)


def actor_backward(
    actor: Actor, parameters: Ensemble, passed: ActorPass, by_mean: Tensor, by_log_std: Tensor
) -> Tensor:
    """Return the gradient by the actor's parameters, (1, parameter).

    Args:
        actor: its shape.
        parameters: (1, parameter).
        passed: the forward pass.
        by_mean: gradient by the mean, (batch, action).
        by_log_std: gradient by the log standard deviation; not looked at if deterministic.
    """
    architecture = actor.architecture
    flat, into = parameters.gradient
    if architecture.mean_clip:
        bound = architecture.mean_clip
        by_mean = _aten.hardtanh_backward(by_mean, passed.free_mean, -bound, bound)
    if architecture.distribution == 'gsde':
        by_output = _sde_backward(actor, parameters, passed, by_mean, by_log_std)
    elif architecture.distribution == 'gaussian':
        low, high = architecture.log_std_min, architecture.log_std_max
        by_log_std = _aten.hardtanh_backward(by_log_std, passed.free_log_std, low, high)
        by_output = torch.cat([by_mean, by_log_std], dim=1)
    else:
        by_output = by_mean
    backward(passed.trunk, by_output[None], into)
    return flat


def _sde(actor: Actor, parameters: Ensemble, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, log_std and variance, (batch, action) each; see `Actor.distribution`."""
    weight, bias, log_sigma = actor.sde_head(parameters.flat.detach())
    mean = torch.addmm(bias, features, weight.mT)
    variance = features.square() @ _squared_sigma(actor, log_sigma)
    return mean, (variance + SDE_EPSILON).log_().mul_(0.5), variance


def _sde_backward(
    actor: Actor, parameters: Ensemble, passed: ActorPass, by_mean: Tensor, by_log_std: Tensor
) -> Tensor:
    """Return the gradient by the features, (batch, feature); write those of the head.

    log_std = log(variance + epsilon) / 2, variance = features^2 sigma^2.
    """
    weight, _, log_sigma = actor.sde_head(parameters.flat.detach())
    into_weight, into_bias, into_log_sigma = actor.sde_head(parameters.gradient[0])
    features, squared = passed.trunk.output[0], _squared_sigma(actor, log_sigma)
    by_variance = 0.5 * by_log_std / (passed.variance + SDE_EPSILON)
    torch.mm(by_mean.mT, features, out=into_weight)
    torch.sum(by_mean, 0, out=into_bias)
    by_log_sigma = 2.0 * squared * (features.square().mT @ by_variance)
    low, high = actor.architecture.log_std_min, actor.architecture.log_std_max
    into_log_sigma.copy_(_aten.hardtanh_backward(by_log_sigma, log_sigma, low, high))
    return by_mean @ weight + 2.0 * features * (by_variance @ squared.mT)


def _squared_sigma(actor: Actor, log_sigma: Tensor) -> Tensor:
    """Return sigma^2 within its bounds, (feature, action)."""
    low, high = actor.architecture.log_std_min, actor.architecture.log_std_max
    return (2.0 * log_sigma.clamp(low, high)).exp_()
