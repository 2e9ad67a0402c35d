# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A policy as data: its architecture and its parameters, with their checks."""

from dataclasses import dataclass, field, fields

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError

ACTIVATIONS = ('relu', 'elu', 'tanh')
DISTRIBUTIONS = ('gaussian', 'gsde', 'deterministic')
NORM_EPSILON = 1e-5  # added to the variance in LayerNorm
SDE_EPSILON = 1e-6  # added to the variance of state-dependent exploration


@dataclass(frozen=True)
class PolicyArchitecture:
    """The structure of a policy; fields as in rl_msgs/msg/Policy.

    Attributes:
        observation_size: length of an observation.
        action_size: length of an action.
        hidden_sizes: neurons in each hidden layer, first to last.
        activation: relu, elu or tanh, after each hidden layer.
        layer_norm: LayerNorm before each activation.
        distribution: gaussian, gsde (arXiv:2005.05719) or deterministic.
        log_std_min: lower bound of the log standard deviation, gaussian and gsde.
        log_std_max: upper bound of the log standard deviation.
        mean_clip: bound of the mean before tanh; 0: none.
        exploration_noise: deterministic: standard deviation of the noise on the action.
        sde_sample_freq: gsde: steps between two draws of the exploration matrix; 0: one draw per
            episode.
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
        """Check the fields.

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
        """Name and shape of each part of `PolicyParameters.parameters`, in order, row-major."""
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
        """Length of `PolicyParameters.parameters`."""
        return sum(int(np.prod(shape)) for _, shape in self.blocks)


def _no_values() -> Float32Array:
    """Return an empty vector."""
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class PolicyParameters:
    """A policy as sent and stored: data only, no code.

    Attributes:
        architecture: structure of the policy.
        parameters: (architecture.num_parameters,) float32, laid out as `architecture.blocks`.
        observation_mean: (observation,) float32; empty: observations are not normalised.
        observation_std: (observation,) float32, positive; empty if the mean is.
        version: increases within a run.
        updates: number of critic updates so far.
        fingerprint: fingerprint of the observation and action layout it was trained for.
        learner_session: session of the learner that sent it.
        uniform_exploration: exploring actions are drawn uniformly from the action box and not
            from the network, as SAC, TD3, REDQ and DroQ begin.
    """

    architecture: PolicyArchitecture
    parameters: Float32Array
    observation_mean: Float32Array = field(default_factory=_no_values)
    observation_std: Float32Array = field(default_factory=_no_values)
    version: int = 0
    updates: int = 0
    fingerprint: str = ''
    learner_session: str = ''
    uniform_exploration: bool = False


# names of the fields, for files and messages
ARCHITECTURE_FIELDS = tuple(item.name for item in fields(PolicyArchitecture))
ARRAY_FIELDS = ('parameters', 'observation_mean', 'observation_std')
SCALAR_FIELDS = tuple(
    item.name
    for item in fields(PolicyParameters)
    if item.name not in ('architecture', *ARRAY_FIELDS)
)


def split_parameters(
    architecture: PolicyArchitecture, parameters: Float32Array
) -> dict[str, Float32Array]:
    """Return the named parts of a flat parameter vector, as views.

    Args:
        architecture: defines the parts.
        parameters: (architecture.num_parameters,).
    """
    parts, start = {}, 0
    for name, shape in architecture.blocks:
        size = int(np.prod(shape))
        parts[name] = parameters[start : start + size].reshape(shape)
        start += size
    return parts


def check_parameters(parameters: PolicyParameters) -> None:
    """Raise PolicyError if an array has a wrong type, shape or value."""
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
