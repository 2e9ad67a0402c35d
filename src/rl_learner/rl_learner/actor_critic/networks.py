# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Actor and critics: what goes in, what comes out, and where their parameters lie."""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.policy.parameters import PolicyArchitecture, SDE_EPSILON
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.actor_critic.mlp import Ensemble, mlp, MlpShape
import torch
from torch import Tensor


class Actor:
    """The policy in training; `rl_agent.policy.policy.Policy` computes the same on the robot.

    Its parameters are one row, (1, parameter): the perceptron, then for gsde the matrix of log
    standard deviations. The gaussian head gives mean and log standard deviation in one product.

    Attributes:
        architecture: as it travels with the policy.
        shape: of the perceptron.
    """

    def __init__(self, algorithm: Algorithm, observation_size: int, action_size: int) -> None:
        """Shape the network.

        Args:
            algorithm: its options.
            observation_size: length of an observation.
            action_size: length of an action.
        """
        self.architecture = _architecture(algorithm, observation_size, action_size)
        self._initial_log_std = algorithm.initial_log_std
        kind = algorithm.distribution
        head = {'gaussian': 2 * action_size, 'deterministic': action_size, 'gsde': 0}[kind]
        self.shape = MlpShape(
            observation_size,
            algorithm.actor_hidden_sizes,
            head,
            algorithm.actor_activation,
            algorithm.actor_layer_norm,
        )
        features = algorithm.actor_hidden_sizes[-1]
        self._sde_sizes = (
            [
                self.shape.num_parameters,
                features * action_size,
                action_size,
                features * action_size,
            ]
            if kind == 'gsde'
            else []
        )

    def initial(self, generator: torch.Generator) -> Ensemble:
        """Return fresh parameters, (1, parameter)."""
        trunk = self.shape.initial(1, generator)
        if not self._sde_sizes:
            return Ensemble(self.shape, trunk)
        _, weight, bias, log_std = self._sde_sizes
        bound = 1.0 / math.sqrt(self.architecture.hidden_sizes[-1])
        head = torch.empty(1, weight + bias, device=trunk.device)
        head.uniform_(-bound, bound, generator=generator)
        deviations = torch.full((1, log_std), self._initial_log_std, device=trunk.device)
        return Ensemble(self.shape, torch.cat([trunk, head, deviations], dim=1))

    def distribution(self, parameters: Ensemble, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation before tanh, (batch, action) each.

        The second is minus infinity for a deterministic actor.

        Args:
            parameters: (1, parameter).
            observation: normalised if the policy normalises, (batch, observation).
        """
        architecture = self.architecture
        if architecture.distribution == 'gsde':
            mean, log_std = self._sde(parameters, observation)
        else:
            output = mlp(parameters, observation)[0]
            if architecture.distribution == 'deterministic':
                mean, log_std = output, torch.full_like(output, -math.inf)
            else:
                mean, log_std = output.chunk(2, dim=-1)
                log_std = log_std.clamp(architecture.log_std_min, architecture.log_std_max)
        if architecture.mean_clip:
            mean = mean.clamp(-architecture.mean_clip, architecture.mean_clip)
        return mean, log_std

    def _sde(self, parameters: Ensemble, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log of sqrt(phi^2 sigma^2), (batch, action) each.

        gSDE, arXiv:2005.05719, eq. 10. On the robot the noise is phi eps, with eps held for some
        steps; for one sample that is a normal distribution with this deviation, drawn here.
        """
        architecture = self.architecture
        features = mlp(parameters, observation)[0]
        weight, bias, log_std = self.sde_head(parameters.flat)
        mean = torch.addmm(bias, features, weight.mT)
        sigma = log_std.clamp(architecture.log_std_min, architecture.log_std_max)
        variance = features.square() @ (2.0 * sigma).exp()
        return mean, 0.5 * (variance + SDE_EPSILON).log()

    def sde_head(self, flat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return gSDE's head as views into parameters (or their gradient), (1, parameter).

        Returns:
            Weight of the mean, (action, feature); its bias, (action,); log sigma,
            (feature, action).
        """
        size = self.architecture.action_size
        _, weight, bias, log_std = torch.split(flat[0], self._sde_sizes)
        return weight.view(size, -1), bias, log_std.view(-1, size)

    def exported(self, parameters: Ensemble) -> NDArray[np.float32]:
        """Return the parameters as they travel, see `PolicyArchitecture.blocks`, (parameter,)."""
        flat: NDArray[np.float32] = parameters.flat.detach()[0].cpu().numpy().copy()
        if self.architecture.distribution != 'gaussian':
            return flat
        size, features = self.architecture.action_size, self.architecture.hidden_sizes[-1]
        trunk, head = np.split(flat, [len(flat) - 2 * size * (features + 1)])
        weight, bias = np.split(head, [2 * size * features])
        mean_weight, log_std_weight = np.split(weight, 2)
        mean_bias, log_std_bias = np.split(bias, 2)
        return np.concatenate([trunk, mean_weight, mean_bias, log_std_weight, log_std_bias])


class Critics:
    """The ensemble of quantile critics; parameters are (critic, parameter)."""

    def __init__(self, algorithm: Algorithm, observation_size: int, action_size: int) -> None:
        """Shape the networks; arguments as for `Actor`."""
        self.num_critics = algorithm.num_critics
        self.shape = MlpShape(
            observation_size + action_size,
            algorithm.critic_hidden_sizes,
            algorithm.num_quantiles,
            algorithm.critic_activation,
            algorithm.critic_layer_norm,
            algorithm.critic_dropout,
        )

    def initial(self, generator: torch.Generator) -> Ensemble:
        """Return fresh parameters, (critic, parameter)."""
        return Ensemble(self.shape, self.shape.initial(self.num_critics, generator))

    def quantiles(
        self,
        parameters: Ensemble,
        observation: Tensor,
        action: Tensor,
        masks: list[Tensor] | None = None,
    ) -> Tensor:
        """Return the quantiles of the return, (batch, critic, quantile).

        Args:
            parameters: (critic, parameter), of all critics or of some.
            observation: (batch, observation).
            action: in [-1, 1], (batch, action).
            masks: of dropout, see `MlpShape.dropout_masks`.
        """
        inputs = torch.cat([observation, action], dim=-1)
        return mlp(parameters, inputs, masks).transpose(0, 1)


def _architecture(
    algorithm: Algorithm, observation_size: int, action_size: int
) -> PolicyArchitecture:
    """Return the actor's architecture as it travels."""
    return PolicyArchitecture(
        observation_size=observation_size,
        action_size=action_size,
        hidden_sizes=algorithm.actor_hidden_sizes,
        activation=algorithm.actor_activation,
        layer_norm=algorithm.actor_layer_norm,
        distribution=algorithm.distribution,
        log_std_min=algorithm.log_std_min,
        log_std_max=algorithm.log_std_max,
        mean_clip=algorithm.mean_clip,
        exploration_noise=algorithm.exploration_noise,
        sde_sample_freq=algorithm.sde_sample_freq,
        observation_clip=algorithm.observation_clip,
    )
