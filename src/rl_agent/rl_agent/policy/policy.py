# Copyright 2026 The rl_agent authors
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

"""The actor on the robot: NumPy only, a few microseconds per action."""

from collections.abc import Callable

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.policy.image_encoder import ImageEncoder
from rl_agent.policy.parameter_checks import check_parameters
from rl_agent.policy.parameters import (
    NORM_EPSILON,
    PolicyParameters,
    SDE_EPSILON,
    split_parameters,
)


class Policy:
    """Computes actions. It reuses buffers, so only one thread may use it.

    Start a process that acts with `blas_environment`.
    """

    def __init__(self, parameters: PolicyParameters, longest_hold: int = 1) -> None:
        """Check the parameters and allocate the buffers.

        Args:
            parameters: data of the policy.
            longest_hold: steps for which the noise of a gaussian or deterministic policy is held
                at most; 1: it is drawn at each step. gsde holds its own.

        Raises:
            PolicyError: a length is wrong, a value is not finite, or a deviation out of range.
        """
        check_parameters(parameters)
        self.parameters = parameters
        self._architecture = architecture = parameters.architecture
        blocks = split_parameters(architecture, parameters.parameters)
        self._normalised = parameters.observation_mean.size > 0
        self._mean = np.array(parameters.observation_mean, np.float32)
        self._scale = np.float32(1.0) / np.array(parameters.observation_std, np.float32)
        self._input = np.empty(architecture.input_size, np.float32)
        self._vector_size = architecture.vector_size
        encoder = architecture.encoder
        self._encoder = None if encoder is None else ImageEncoder(encoder, blocks)
        self._layers = [
            _Layer(
                blocks[f'weight_{number}'],
                blocks[f'bias_{number}'],
                blocks.get(f'norm_weight_{number}'),
                blocks.get(f'norm_bias_{number}'),
                architecture.activation,
            )
            for number in range(len(architecture.hidden_sizes))
        ]
        self._mean_weight, self._mean_bias = blocks['mean_weight'], blocks['mean_bias']
        if architecture.distribution == 'gaussian':
            # both heads in one matrix product
            self._head_weight = np.concatenate([blocks['mean_weight'], blocks['log_std_weight']])
            self._head_bias = np.concatenate([blocks['mean_bias'], blocks['log_std_bias']])
        elif architecture.distribution == 'gsde':
            bounds = architecture.log_std_min, architecture.log_std_max
            self._sigma = np.exp(np.clip(blocks['log_std'], *bounds), dtype=np.float32)
            self._draw = np.zeros_like(self._sigma)  # standard normal
            self._exploration = np.zeros_like(self._sigma)
        actions = np.ones(architecture.action_size, np.float32)
        self._log_std_min = actions * np.float32(architecture.log_std_min)
        self._log_std_max = actions * np.float32(architecture.log_std_max)
        self._steps_to_draw = 0
        is_held = longest_hold > 1 and architecture.distribution != 'gsde'
        self._held = _HeldNoise(architecture.action_size, longest_hold) if is_held else None

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode: with gsde, draw a new exploration matrix; hold no noise."""
        if self._held is not None:
            self._held.release()
        if self._architecture.distribution == 'gsde':
            rng.standard_normal(dtype=np.float32, out=self._draw)
            np.multiply(self._draw, self._sigma, out=self._exploration)
            self._steps_to_draw = self._architecture.sde_sample_freq or -1

    def take_over_from(self, previous: 'Policy', rng: np.random.Generator) -> None:
        """Take over during an episode; keep the previous policy's exploration if it holds one.

        So exploration stays smooth even if policies arrive faster than it is drawn.
        """
        if self._held is not None and previous._held is not None:
            self._held.take_over_from(previous._held)
        if self._architecture.distribution != 'gsde':
            return
        if previous._architecture != self._architecture:
            self.reset(rng)
            return
        self._draw[:] = previous._draw
        np.multiply(self._draw, self._sigma, out=self._exploration)
        self._steps_to_draw = previous._steps_to_draw

    def act(
        self, observation: Float32Array, rng: np.random.Generator, deterministic: bool = False
    ) -> Float32Array:
        """Return the action in [-1, 1], (action,) float32, a new array.

        Args:
            observation: (observation,).
            rng: generator for the exploration noise; unused if deterministic.
            deterministic: return the mean action, without noise.
        """
        if self.parameters.uniform_exploration and not deterministic:
            return rng.uniform(-1.0, 1.0, self._architecture.action_size).astype(np.float32)
        features = self._features(observation)
        distribution = self._architecture.distribution
        if deterministic or distribution == 'deterministic':
            action = self._clip_mean(self._mean_weight.dot(features) + self._mean_bias)
            np.tanh(action, out=action)
            if not deterministic:
                noise = self._noise(rng)
                action += np.float32(self._architecture.exploration_noise) * noise
                np.maximum(np.minimum(action, 1.0, out=action), -1.0, out=action)
            return action
        if distribution == 'gsde':
            action = self._clip_mean(self._mean_weight.dot(features) + self._mean_bias)
            action += self._sde_noise(features, rng)
        else:
            action, std = self._gaussian(features)
            std *= self._noise(rng)
            action += std
        return np.tanh(action, out=action)

    def rehearse(self, observation: Float32Array, rng: np.random.Generator) -> Float32Array:
        """Return a possible action without changing the next `act`; see `RehearsalSchedule`."""
        if self._held is not None or self._architecture.distribution == 'gsde':
            # `act` would count a step
            return np.tanh(self.distribution(observation)[0])
        return self.act(observation, rng)

    def distribution(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Return mean and standard deviation before tanh, (action,) each.

        The deviation of a deterministic policy is 0: its noise is added after tanh.
        """
        features = self._features(observation)
        if self._architecture.distribution == 'gaussian':
            return self._gaussian(features)
        mean = self._clip_mean(self._mean_weight.dot(features) + self._mean_bias)
        if self._architecture.distribution == 'deterministic':
            return mean, np.zeros_like(mean)
        variance = np.square(features).dot(np.square(self._sigma))
        return mean, np.sqrt(variance + np.float32(SDE_EPSILON))

    def _features(self, observation: Float32Array) -> Float32Array:
        """Return the last hidden layer's output, (features,), overwritten by the next call."""
        features = observation
        if self._encoder is not None:
            features, split = self._input, self._vector_size
            features[:split] = observation[:split]
            self._encoder(observation[split:], features[split:])
        elif self._normalised:
            clip = self._architecture.observation_clip
            features = np.subtract(observation, self._mean, out=self._input)
            features *= self._scale
            np.maximum(np.minimum(features, clip, out=features), -clip, out=features)
        for layer in self._layers:
            features = layer(features)
        return features

    def _gaussian(self, features: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Return mean and standard deviation before tanh, (action,) each."""
        architecture = self._architecture
        head = self._head_weight.dot(features)
        head += self._head_bias
        mean, log_std = head[: architecture.action_size], head[architecture.action_size :]
        np.minimum(log_std, self._log_std_max, out=log_std)
        np.maximum(log_std, self._log_std_min, out=log_std)
        return self._clip_mean(mean), np.exp(log_std, out=log_std)

    def _noise(self, rng: np.random.Generator) -> Float32Array:
        """Return this step's standard normal noise, (action,)."""
        if self._held is not None:
            return self._held.next(rng)
        return rng.standard_normal(self._architecture.action_size, dtype=np.float32)

    def _sde_noise(self, features: Float32Array, rng: np.random.Generator) -> Float32Array:
        """Return this step's noise, (action,); draw a new exploration matrix when due."""
        if self._steps_to_draw == 0:
            self.reset(rng)
        if self._steps_to_draw > 0:
            self._steps_to_draw -= 1
        noise: Float32Array = features.dot(self._exploration)
        return noise

    def _clip_mean(self, mean: Float32Array) -> Float32Array:
        """Clip the mean in place and return it."""
        bound = self._architecture.mean_clip
        if bound:
            np.maximum(np.minimum(mean, bound, out=mean), -bound, out=mean)
        return mean


class _HeldNoise:
    """Standard normal noise, each draw held for n steps with P(n) ~ n^-2 (FlashSAC).

    Most draws last one step and some many, so that a robot is also pushed somewhere and not only
    shaken.
    """

    def __init__(self, size: int, longest: int) -> None:
        self._values = np.zeros(size, np.float32)
        chances = np.arange(1.0, longest + 1.0) ** -2.0
        self._cumulative = np.cumsum(chances[:-1]) / chances.sum()  # up to n = 1, 2, ...
        self._steps_left = 0

    def next(self, rng: np.random.Generator) -> Float32Array:
        """Return this step's noise, (size,), overwritten by a later call."""
        if not self._steps_left:
            rng.standard_normal(dtype=np.float32, out=self._values)
            self._steps_left = 1 + int(self._cumulative.searchsorted(rng.random(), 'right'))
        self._steps_left -= 1
        return self._values

    def release(self) -> None:
        """Draw anew at the next step."""
        self._steps_left = 0

    def take_over_from(self, previous: '_HeldNoise') -> None:
        """Continue to hold what a previous policy holds, if it fits."""
        if previous._values.shape == self._values.shape:
            self._values[:] = previous._values
            self._steps_left = previous._steps_left


class _Layer:
    """One hidden layer with its buffers."""

    def __init__(
        self,
        weight: Float32Array,
        bias: Float32Array,
        norm_weight: Float32Array | None,
        norm_bias: Float32Array | None,
        activation: str,
    ) -> None:
        self._weight, self._bias = weight, bias
        self._norm_weight, self._norm_bias = norm_weight, norm_bias
        self._output = np.empty_like(bias)
        self._spare = np.empty_like(bias)
        self._zeros, self._ones = np.zeros_like(bias), np.ones_like(bias)
        # not bound: a bound method would be a reference cycle, and real time collects none
        self._activate: Callable[[_Layer, Float32Array], object] = {
            'relu': _Layer._relu,
            'elu': _Layer._elu,
            'tanh': _Layer._tanh,
        }[activation]

    def __call__(self, inputs: Float32Array) -> Float32Array:
        """Return the layer's output, (size,), overwritten by the next call."""
        output = self._output
        np.dot(self._weight, inputs, out=output)
        output += self._bias
        if self._norm_weight is not None and self._norm_bias is not None:
            self._normalise(output, self._norm_weight, self._norm_bias)
        self._activate(self, output)
        return output

    def _normalise(self, output: Float32Array, weight: Float32Array, bias: Float32Array) -> None:
        """Apply LayerNorm in place."""
        # dot products, because NumPy's mean takes longer than all the rest
        output -= np.dot(output, self._ones) / np.float32(output.size)
        variance = np.dot(output, output) / output.size
        output *= np.float32(1.0 / np.sqrt(variance + NORM_EPSILON))
        output *= weight
        output += bias

    def _relu(self, output: Float32Array) -> None:
        np.maximum(output, self._zeros, out=output)  # faster than with a scalar

    def _elu(self, output: Float32Array) -> None:
        negative = np.minimum(output, self._zeros, out=self._spare)
        np.exp(negative, out=negative)  # expm1 is not vectorised for float32
        negative -= self._ones
        np.maximum(output, self._zeros, out=output)
        output += negative

    def _tanh(self, output: Float32Array) -> None:
        np.tanh(output, out=output)
