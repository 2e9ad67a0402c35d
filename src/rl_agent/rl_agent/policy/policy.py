# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The actor on the robot: NumPy only, a few microseconds an action."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import PolicyError

Vector = NDArray[np.float32]

ACTIVATIONS = ('relu', 'elu', 'tanh')
DISTRIBUTIONS = ('gaussian', 'gsde', 'deterministic')
NORM_EPSILON = 1e-5  # added to the variance in LayerNorm
SDE_EPSILON = 1e-6  # added to the variance of state-dependent exploration


@dataclass(frozen=True)
class PolicyArchitecture:
    """All of a policy but its numbers; the fields of rl_msgs/msg/Policy.

    Attributes:
        observation_size: length of an observation.
        action_size: length of an action.
        hidden_sizes: neurons of each hidden layer, first to last.
        activation: relu, elu or tanh, after each hidden layer.
        layer_norm: LayerNorm before each activation.
        distribution: gaussian, gsde (arXiv:2005.05719) or deterministic.
        log_std_min: lower bound of the log standard deviation, gaussian and gsde.
        log_std_max: upper bound of it.
        mean_clip: bound of the mean before tanh; 0: none.
        exploration_noise: deterministic: standard deviation of the noise on the action.
        sde_sample_freq: gsde: steps between two draws of the exploration matrix; 0: one draw
            an episode.
        observation_clip: bound of a normalised observation.
    """

    observation_size: int
    action_size: int
    hidden_sizes: tuple[int, ...]
    activation: str = 'relu'
    layer_norm: bool = False
    distribution: str = 'gaussian'
    log_std_min: float = -20.0
    log_std_max: float = 2.0
    mean_clip: float = 0.0
    exploration_noise: float = 0.1
    sde_sample_freq: int = 8
    observation_clip: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what no policy can be.

        Raises:
            PolicyError: a field is out of range.
        """
        sizes = (self.observation_size, self.action_size, *self.hidden_sizes)
        accepted = {
            'sizes': (bool(self.hidden_sizes) and min(sizes) > 0, sizes, 'positive, one layer'),
            'activation': (self.activation in ACTIVATIONS, self.activation, ACTIVATIONS),
            'distribution': (self.distribution in DISTRIBUTIONS, self.distribution, DISTRIBUTIONS),
            'log_std_min': (self.log_std_min < self.log_std_max, self.log_std_min, 'below max'),
            'mean_clip': (0.0 <= self.mean_clip < np.inf, self.mean_clip, '0 or more'),
            'exploration_noise': (
                0.0 <= self.exploration_noise < np.inf,
                self.exploration_noise,
                '0 or more',
            ),
            'sde_sample_freq': (self.sde_sample_freq >= 0, self.sde_sample_freq, '0 or more'),
            'observation_clip': (self.observation_clip > 0.0, self.observation_clip, 'above 0'),
        }
        for name, (good, given, wanted) in accepted.items():
            if not good:
                raise PolicyError(f'architecture: {name}: given {given!r}; accepted: {wanted}')

    @property
    def blocks(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each part of `parameters`, in order, row-major."""
        blocks: list[tuple[str, tuple[int, ...]]] = []
        inputs = self.observation_size
        for number, size in enumerate(self.hidden_sizes):
            blocks += [(f'weight_{number}', (size, inputs)), (f'bias_{number}', (size,))]
            if self.layer_norm:
                blocks += [(f'norm_weight_{number}', (size,)), (f'norm_bias_{number}', (size,))]
            inputs = size
        blocks += [('mean_weight', (self.action_size, inputs)), ('mean_bias', (self.action_size,))]
        if self.distribution == 'gaussian':
            blocks += [('log_std_weight', (self.action_size, inputs))]
            blocks += [('log_std_bias', (self.action_size,))]
        elif self.distribution == 'gsde':
            blocks += [('log_std', (inputs, self.action_size))]
        return tuple(blocks)

    @property
    def num_parameters(self) -> int:
        """Length of `parameters`."""
        return sum(int(np.prod(shape)) for _, shape in self.blocks)


def _no_values() -> Vector:
    """Return an empty vector."""
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class PolicyParameters:
    """A policy as it travels: numbers only, no code.

    Attributes:
        architecture: what the numbers mean.
        parameters: (architecture.num_parameters,) float32, laid out as `architecture.blocks`.
        observation_mean: (observation,) float32; empty: observations are not normalised.
        observation_std: (observation,) float32, positive; empty as the mean.
        version: rises within a run.
        updates: critic updates behind the numbers.
        fingerprint: of the observation and action layout it was trained for.
        learner_session: the learner's start that it came from.
        uniform_exploration: exploring actions are drawn from the whole box, whatever the
            network says: so begin SAC, TD3, REDQ and DroQ before they train.
    """

    architecture: PolicyArchitecture
    parameters: Vector
    observation_mean: Vector = field(default_factory=_no_values)
    observation_std: Vector = field(default_factory=_no_values)
    version: int = 0
    updates: int = 0
    fingerprint: str = ''
    learner_session: str = ''
    uniform_exploration: bool = False


class Policy:
    """Acts. Buffers are made once, so one policy serves one thread.

    A process that acts is best begun with `blas_environment`.
    """

    def __init__(self, parameters: PolicyParameters) -> None:
        """Check the numbers and prepare the buffers.

        Raises:
            PolicyError: a length is wrong, a number is not finite, a deviation not positive.
        """
        _check(parameters)
        self.parameters = parameters
        self._architecture = architecture = parameters.architecture
        blocks = split_parameters(architecture, parameters.parameters)
        self._normalised = parameters.observation_mean.size > 0
        self._mean = np.array(parameters.observation_mean, np.float32)
        self._scale = np.float32(1.0) / np.array(parameters.observation_std, np.float32)
        self._input = np.empty(architecture.observation_size, np.float32)
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
            # both heads in one product
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

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode: draw a fresh exploration matrix (gsde; else nothing to do)."""
        if self._architecture.distribution == 'gsde':
            rng.standard_normal(dtype=np.float32, out=self._draw)
            np.multiply(self._draw, self._sigma, out=self._exploration)
            self._steps_to_draw = self._architecture.sde_sample_freq or -1

    def follow(self, previous: 'Policy', rng: np.random.Generator) -> None:
        """Take over amid an episode: the exploration of the previous policy goes on (gsde).

        Policies may come faster than exploration is drawn anew; smooth it stays all the same.
        """
        if self._architecture.distribution != 'gsde':
            return
        if previous._architecture != self._architecture:
            self.reset(rng)
            return
        self._draw[:] = previous._draw
        np.multiply(self._draw, self._sigma, out=self._exploration)
        self._steps_to_draw = previous._steps_to_draw

    def act(
        self, observation: Vector, rng: np.random.Generator, deterministic: bool = False
    ) -> Vector:
        """Return the action in [-1, 1], (action,) float32, a fresh array.

        Args:
            observation: (observation,).
            rng: of the exploration noise; not drawn from when deterministic.
            deterministic: the mean action, without noise.
        """
        if self.parameters.uniform_exploration and not deterministic:
            return rng.uniform(-1.0, 1.0, self._architecture.action_size).astype(np.float32)
        features = self._features(observation)
        distribution = self._architecture.distribution
        if deterministic or distribution == 'deterministic':
            action = self._clip_mean(self._mean_weight.dot(features) + self._mean_bias)
            np.tanh(action, out=action)
            if not deterministic:
                noise = rng.standard_normal(len(action), dtype=np.float32)
                action += np.float32(self._architecture.exploration_noise) * noise
                np.maximum(np.minimum(action, 1.0, out=action), -1.0, out=action)
            return action
        if distribution == 'gsde':
            action = self._clip_mean(self._mean_weight.dot(features) + self._mean_bias)
            action += self._sde_noise(features, rng)
        else:
            action, std = self._gaussian(features)
            std *= rng.standard_normal(len(std), dtype=np.float32)
            action += std
        return np.tanh(action, out=action)

    def rehearse(self, observation: Vector, rng: np.random.Generator) -> Vector:
        """Return what `act` might, without an effect on what it will; see `Rehearsal`."""
        if self._architecture.distribution == 'gsde':  # its exploration counts the steps
            return np.tanh(self.distribution(observation)[0])
        return self.act(observation, rng)

    def distribution(self, observation: Vector) -> tuple[Vector, Vector]:
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

    def _features(self, observation: Vector) -> Vector:
        """Return the last hidden layer, (features,); a buffer, overwritten by the next call."""
        features = observation
        if self._normalised:
            clip = self._architecture.observation_clip
            features = np.subtract(observation, self._mean, out=self._input)
            features *= self._scale
            np.maximum(np.minimum(features, clip, out=features), -clip, out=features)
        for layer in self._layers:
            features = layer(features)
        return features

    def _gaussian(self, features: Vector) -> tuple[Vector, Vector]:
        """Return mean and standard deviation before tanh, (action,) each."""
        architecture = self._architecture
        head = self._head_weight.dot(features)
        head += self._head_bias
        mean, log_std = head[: architecture.action_size], head[architecture.action_size :]
        np.minimum(log_std, self._log_std_max, out=log_std)
        np.maximum(log_std, self._log_std_min, out=log_std)
        return self._clip_mean(mean), np.exp(log_std, out=log_std)

    def _sde_noise(self, features: Vector, rng: np.random.Generator) -> Vector:
        """Return this step's exploration, (action,); draws a new matrix when it is due."""
        if self._steps_to_draw == 0:
            self.reset(rng)
        if self._steps_to_draw > 0:
            self._steps_to_draw -= 1
        noise: Vector = features.dot(self._exploration)
        return noise

    def _clip_mean(self, mean: Vector) -> Vector:
        """Return the mean within its bound, changed in place."""
        bound = self._architecture.mean_clip
        if bound:
            np.maximum(np.minimum(mean, bound, out=mean), -bound, out=mean)
        return mean


class _Layer:
    """One hidden layer with its buffers."""

    def __init__(
        self,
        weight: Vector,
        bias: Vector,
        norm_weight: Vector | None,
        norm_bias: Vector | None,
        activation: str,
    ) -> None:
        self._weight, self._bias = weight, bias
        self._norm_weight, self._norm_bias = norm_weight, norm_bias
        self._output = np.empty_like(bias)
        self._spare = np.empty_like(bias)
        self._zeros, self._ones = np.zeros_like(bias), np.ones_like(bias)
        # of the class: a bound method would be a cycle, which real time leaves in memory
        self._activate: Callable[[_Layer, Vector], object] = {
            'relu': _Layer._relu,
            'elu': _Layer._elu,
            'tanh': _Layer._tanh,
        }[activation]

    def __call__(self, inputs: Vector) -> Vector:
        """Return the layer's output, (size,); a buffer."""
        output = self._output
        np.dot(self._weight, inputs, out=output)
        output += self._bias
        if self._norm_weight is not None and self._norm_bias is not None:
            self._normalise(output, self._norm_weight, self._norm_bias)
        self._activate(self, output)
        return output

    def _normalise(self, output: Vector, weight: Vector, bias: Vector) -> None:
        """Apply LayerNorm in place."""
        # products, for NumPy's mean takes longer than all the rest
        output -= np.dot(output, self._ones) / np.float32(output.size)
        variance = np.dot(output, output) / output.size
        output *= np.float32(1.0 / np.sqrt(variance + NORM_EPSILON))
        output *= weight
        output += bias

    def _relu(self, output: Vector) -> None:
        np.maximum(output, self._zeros, out=output)  # faster than with a number

    def _elu(self, output: Vector) -> None:
        negative = np.minimum(output, self._zeros, out=self._spare)
        np.exp(negative, out=negative)  # expm1 has no vectorised form for float32
        negative -= self._ones
        np.maximum(output, self._zeros, out=output)
        output += negative

    def _tanh(self, output: Vector) -> None:
        np.tanh(output, out=output)


def split_parameters(architecture: PolicyArchitecture, parameters: Vector) -> dict[str, Vector]:
    """Return the named parts of a flat parameter vector, as views.

    Args:
        architecture: says the parts.
        parameters: (architecture.num_parameters,).
    """
    parts, start = {}, 0
    for name, shape in architecture.blocks:
        size = int(np.prod(shape))
        parts[name] = parameters[start : start + size].reshape(shape)
        start += size
    return parts


def _check(parameters: PolicyParameters) -> None:
    """Raise PolicyError where the numbers do not make a policy."""
    architecture = parameters.architecture
    size = architecture.observation_size
    normalised = parameters.observation_mean.size > 0 or parameters.observation_std.size > 0
    expected = {
        'parameters': architecture.num_parameters,
        'observation_mean': size if normalised else 0,
        'observation_std': size if normalised else 0,
    }
    for name, length in expected.items():
        values = getattr(parameters, name)
        where = f'policy {parameters.version}: {name}'
        if values.dtype != np.float32 or values.shape != (length,):
            raise PolicyError(
                f'{where}: given {values.dtype} of shape {values.shape};'
                f' accepted: float32 of shape ({length},)'
            )
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise PolicyError(
                f'{where}: given {values[bad[0]]} at index {bad[0]}; accepted: finite numbers'
            )
    bad = np.flatnonzero(parameters.observation_std <= 0)
    if bad.size:
        raise PolicyError(
            f'policy {parameters.version}: observation_std: given'
            f' {parameters.observation_std[bad[0]]} at index {bad[0]}; accepted: above 0'
        )
