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

"""Actor and critics: inputs, outputs and parameter layout."""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.policy.parameters import PolicyArchitecture, SDE_EPSILON
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.layers.batch_norm import (
    evaluation_output,
    initial_statistics,
    Moments,
    training_output,
)
from rl_learner.layers.mlp import Ensemble, mlp, MlpShape, normalise_weights_
import torch
from torch import Tensor


class Actor:
    """The policy in training; `rl_agent.policy.policy.Policy` computes the same on the robot.

    Its parameters are one row, (1, parameter): the MLP, then for gsde the mean's head and the
    matrix of log standard deviations. The gaussian head is one linear layer that returns mean and
    log standard deviation.

    Attributes:
        architecture: as sent with the policy.
        shape: of the MLP.
    """

    def __init__(self, algorithm: Algorithm, observation_size: int, action_size: int) -> None:
        """Derive the shape of the network.

        Args:
            algorithm: options of the actor.
            observation_size: length of an observation.
            action_size: length of an action.
        """
        self.architecture = _architecture(algorithm, observation_size, action_size)
        self._initial_log_std = algorithm.initial_log_std
        self._unit_weights = algorithm.actor_unit_weights
        distribution = algorithm.distribution
        output_sizes = {'gaussian': 2 * action_size, 'deterministic': action_size, 'gsde': 0}
        self.shape = MlpShape(
            observation_size,
            algorithm.actor_hidden_sizes,
            output_sizes[distribution],
            algorithm.actor_activation,
            algorithm.actor_layer_norm,
            batch_norm=algorithm.actor_batch_norm,
        )
        features = algorithm.actor_hidden_sizes[-1]
        self._sde_sizes = (
            [features * action_size, action_size, features * action_size]
            if distribution == 'gsde'
            else []
        )

    def initial(self, generator: torch.Generator) -> Ensemble:
        """Return fresh parameters, (1, parameter)."""
        flat = self.shape.initial(1, generator)
        device = flat.device
        if self._sde_sizes:
            weight, bias, log_std = self._sde_sizes  # lengths
            bound = 1.0 / math.sqrt(self.architecture.hidden_sizes[-1])
            head = torch.empty(1, weight + bias, device=device)
            head.uniform_(-bound, bound, generator=generator)
            log_sigma = torch.full((1, log_std), self._initial_log_std, device=device)
            flat = torch.cat([flat, head, log_sigma], dim=1)
        ensemble = Ensemble(self.shape, flat, initial_statistics(self.shape, 1, device))
        self.constrain(ensemble)
        return ensemble

    def constrain(self, parameters: Ensemble) -> None:
        """Normalise the weights after a step of the optimizer, if the algorithm does; in place."""
        if not self._unit_weights:
            return
        for layer in parameters.layers:
            normalise_weights_(layer.weight)
        if self._sde_sizes:
            normalise_weights_(self.sde_head(parameters.flat.detach())[0])

    def distribution(self, parameters: Ensemble, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log_std before tanh, (batch, action) each.

        A deterministic actor has log_std = -infinity. BatchNorm uses its running moments.

        Args:
            parameters: (1, parameter).
            observation: (batch, observation), normalised if the algorithm normalises.
        """
        evaluate = evaluation_output if parameters.shape.batch_norm else mlp
        return self._distribution(parameters, evaluate(parameters, observation)[0])

    def training_distribution(
        self, parameters: Ensemble, observation: Tensor
    ) -> tuple[Tensor, Tensor, list[Moments]]:
        """Return mean and log_std with the batch's moments, and these moments."""
        output, moments = training_output(parameters, observation)
        return *self._distribution(parameters, output[0]), moments

    def _distribution(self, parameters: Ensemble, output: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log_std for an output of the MLP, (batch, out)."""
        architecture = self.architecture
        if architecture.distribution == 'gsde':
            mean, log_std = self._sde(parameters, output)
        else:
            if architecture.distribution == 'deterministic':
                mean, log_std = output, torch.full_like(output, -math.inf)
            else:
                mean, log_std = output.chunk(2, dim=-1)
                log_std = log_std.clamp(architecture.log_std_min, architecture.log_std_max)
        if architecture.mean_clip:
            mean = mean.clamp(-architecture.mean_clip, architecture.mean_clip)
        return mean, log_std

    def _sde(self, parameters: Ensemble, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log sqrt(phi^2 sigma^2), (batch, action) each.

        gSDE, arXiv:2005.05719, eq. 10. The robot's noise is phi eps with eps held for several
        steps; a single such sample has a normal distribution with this standard deviation.
        """
        architecture = self.architecture
        weight, bias, log_std = self.sde_head(parameters.flat)
        mean = torch.addmm(bias, features, weight.mT)
        sigma = log_std.clamp(architecture.log_std_min, architecture.log_std_max)
        variance = features.square() @ (2.0 * sigma).exp()
        return mean, 0.5 * (variance + SDE_EPSILON).log()

    def sde_head(self, flat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return gSDE's head as views into parameters or their gradient, (1, parameter).

        Returns:
            Weight of the mean, (action, feature); bias of the mean, (action,); log sigma,
            (feature, action).
        """
        size, columns = self.architecture.action_size, sum(self._sde_sizes)
        weight, bias, log_std = torch.split(flat[0, -columns:], self._sde_sizes)
        return weight.view(size, -1), bias, log_std.view(-1, size)

    def exported(self, parameters: Ensemble) -> NDArray[np.float32]:
        """Return the parameters in the order of `PolicyArchitecture.blocks`, (parameter,).

        Args:
            parameters: (1, parameter), of a plain MLP; see `batch_norm.fold`.
        """
        flat: NDArray[np.float32] = parameters.flat.detach()[0].cpu().numpy().copy()
        if self.architecture.distribution != 'gaussian':
            return flat
        size, features = self.architecture.action_size, self.architecture.hidden_sizes[-1]
        hidden, head = np.split(flat, [len(flat) - 2 * size * (features + 1)])
        weight, bias = np.split(head, [2 * size * features])
        mean_weight, log_std_weight = np.split(weight, 2)
        mean_bias, log_std_bias = np.split(bias, 2)
        return np.concatenate([hidden, mean_weight, mean_bias, log_std_weight, log_std_bias])


class Critics:
    """The ensemble of quantile critics, with parameters (critic, parameter)."""

    def __init__(self, algorithm: Algorithm, observation_size: int, action_size: int) -> None:
        """Derive the shape of the networks; arguments as for `Actor`."""
        self.num_critics = algorithm.num_critics
        self._unit_weights = algorithm.critic_unit_weights
        self.shape = MlpShape(
            observation_size + action_size,
            algorithm.critic_hidden_sizes,
            algorithm.num_quantiles,
            algorithm.critic_activation,
            algorithm.critic_layer_norm,
            algorithm.critic_dropout,
            algorithm.critic_batch_norm,
        )

    def initial(self, generator: torch.Generator) -> Ensemble:
        """Return fresh parameters, (critic, parameter)."""
        parameters = self.shape.initial(self.num_critics, generator)
        statistics = initial_statistics(self.shape, self.num_critics, generator.device)
        ensemble = Ensemble(self.shape, parameters, statistics)
        self.constrain(ensemble)
        return ensemble

    def constrain(self, parameters: Ensemble) -> None:
        """Normalise the weights after a step of the optimizer, if the algorithm does; in place."""
        if self._unit_weights:
            for layer in parameters.layers:
                normalise_weights_(layer.weight)

    def quantiles(
        self,
        parameters: Ensemble,
        observation: Tensor,
        action: Tensor,
        masks: list[Tensor] | None = None,
    ) -> Tensor:
        """Return the quantiles of the return distribution, (batch, critic, quantile).

        Args:
            parameters: of all critics or a subset, (critic, parameter).
            observation: (batch, observation).
            action: in [-1, 1], (batch, action).
            masks: see `MlpShape.dropout_masks`.

        BatchNorm uses its running moments.
        """
        inputs = torch.cat([observation, action], dim=-1)
        if parameters.shape.batch_norm:
            return evaluation_output(parameters, inputs).transpose(0, 1)
        return mlp(parameters, inputs, masks).transpose(0, 1)

    def training_quantiles(
        self, parameters: Ensemble, observation: Tensor, action: Tensor
    ) -> tuple[Tensor, list[Moments]]:
        """Return the quantiles with the batch's moments, and these moments; see `quantiles`."""
        inputs = torch.cat([observation, action], dim=-1)
        output, moments = training_output(parameters, inputs)
        return output.transpose(0, 1), moments


def _architecture(
    algorithm: Algorithm, observation_size: int, action_size: int
) -> PolicyArchitecture:
    """Return the actor's architecture as sent with the policy."""
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
