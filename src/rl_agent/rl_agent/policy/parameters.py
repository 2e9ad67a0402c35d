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

"""A policy as data: its architecture and its parameters, with their checks."""

from dataclasses import asdict, dataclass, field, fields
import math
import numbers
import operator
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError
from rl_agent.policy.image_encoder import (
    ENCODER_FIELDS,
    EncoderArchitecture,
)
from rl_agent.policy.image_encoder import (
    NORM_EPSILON as NORM_EPSILON,  # of the layers here, too
)
from rl_agent.policy.policy_limits import PolicyLimits

ACTIVATIONS = ('relu', 'elu', 'tanh')
DISTRIBUTIONS = ('gaussian', 'gsde', 'deterministic')
SDE_EPSILON = 1e-6  # added to the variance of state-dependent exploration
_NUMBERS = ('log_std_min', 'log_std_max', 'mean_clip', 'exploration_noise', 'observation_clip')
_LARGEST_UINT32 = 2**32 - 1
_LARGEST_UINT64 = 2**64 - 1
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


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
        encoder: of the images at the end of an observation; None: there are none. The layers get
            the numbers before the images, then the encoder's features.
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
    encoder: EncoderArchitecture | None = None

    def __post_init__(self) -> None:
        """Check the fields; make every size a Python integer, which cannot overflow.

        Raises:
            PolicyError: a field has another type or is out of range.
        """
        limits = PolicyLimits()
        object.__setattr__(self, 'hidden_sizes', _hidden_sizes(self.hidden_sizes))
        for name in ('observation_size', 'action_size', 'sde_sample_freq'):
            object.__setattr__(self, name, _integer(name, getattr(self, name)))
        for name in _NUMBERS:  # a whole number of any size would not fit into an array
            object.__setattr__(self, name, _number(getattr(self, name)))
        sizes = (self.observation_size, self.action_size, *self.hidden_sizes)
        width, log_std = limits.layer_width, limits.log_std
        clip, noise = self.observation_clip, self.exploration_noise
        accepted = {
            'sizes': (min(sizes) >= 1 and max(sizes) <= width, sizes, f'1 to {width}'),
            'activation': (self.activation in ACTIVATIONS, self.activation, ACTIVATIONS),
            'layer_norm': (isinstance(self.layer_norm, bool), self.layer_norm, 'a boolean'),
            'distribution': (self.distribution in DISTRIBUTIONS, self.distribution, DISTRIBUTIONS),
            'log_std_max': (
                _is_within(self.log_std_max, -log_std, log_std),
                self.log_std_max,
                f'{-log_std:g} to {log_std:g}',
            ),
            'log_std_min': (
                _is_within(self.log_std_min, -log_std, self.log_std_max)
                and self.log_std_min < self.log_std_max,
                self.log_std_min,
                f'{-log_std:g} or more, below log_std_max',
            ),
            'mean_clip': (_is_within(self.mean_clip, 0.0), self.mean_clip, '0 or more'),
            'exploration_noise': (_is_within(noise, 0.0), noise, '0 or more'),
            'sde_sample_freq': (
                0 <= self.sde_sample_freq <= _LARGEST_UINT32,
                self.sde_sample_freq,
                f'0 to {_LARGEST_UINT32}',
            ),
            'observation_clip': (_is_within(clip, 0.0) and clip > 0.0, clip, 'above 0, finite'),
        }
        for name, (good, given, wanted) in accepted.items():
            if not good:
                raise PolicyError(f'architecture: {name}: given {given!r}; accepted: {wanted}')
        self._check_encoder()
        if self.num_parameters > limits.parameters:
            raise PolicyError(
                f'architecture: sizes: given {sizes}, {self.num_parameters} parameters; accepted:'
                f' at most {limits.parameters}'
            )

    def _check_encoder(self) -> None:
        """Make the encoder, as read from a file, its class; raise PolicyError if it is wrong."""
        encoder: Any = self.encoder
        if isinstance(encoder, dict) and set(encoder) == set(ENCODER_FIELDS):
            encoder = EncoderArchitecture(**encoder)
            object.__setattr__(self, 'encoder', encoder)
        if encoder is None:
            return
        if not isinstance(encoder, EncoderArchitecture):
            raise PolicyError(
                f'architecture: encoder: given {str(encoder)[:80]}; accepted: {ENCODER_FIELDS}'
            )
        if encoder.packed_size > self.observation_size:
            raise PolicyError(
                f'architecture: encoder: given images of {encoder.packed_size} numbers; accepted:'
                f' at most {self.observation_size}, the observation'
            )

    @property
    def vector_size(self) -> int:
        """Numbers of an observation before its images."""
        return self.observation_size - (self.encoder.packed_size if self.encoder else 0)

    @property
    def input_size(self) -> int:
        """Inputs of the first layer: numbers, then features of the images."""
        return self.vector_size + (self.encoder.output_size if self.encoder else 0)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, as files have them; without an encoder if there is none."""
        content = asdict(self)
        if self.encoder is None:
            del content['encoder']
        return content

    @property
    def blocks(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each part of `PolicyParameters.parameters`, in order, row-major."""
        blocks: list[tuple[str, tuple[int, ...]]] = [
            *(self.encoder.blocks if self.encoder else ())
        ]
        inputs = self.input_size
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
        return sum(math.prod(shape) for _, shape in self.blocks)


def _integer(name: str, given: Any) -> int:
    """Return an integer of any type as a Python integer."""
    if isinstance(given, bool) or not isinstance(given, numbers.Integral):
        raise PolicyError(f'{name}: given {given!r}; accepted: an integer')
    return operator.index(given)


def _number(given: Any) -> Any:
    """Return a number as a Python float; anything else, and what is too large, as it is."""
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        return given
    try:
        return float(given)
    except OverflowError:
        return math.copysign(math.inf, given)


def _hidden_sizes(given: Any) -> tuple[int, ...]:
    """Return the sizes of the hidden layers, counted before they are read one by one."""
    most = PolicyLimits().hidden_layers
    if not hasattr(given, '__len__') or not 1 <= len(given) <= most:
        layers = f'{len(given)} layers' if hasattr(given, '__len__') else repr(given)
        raise PolicyError(f'architecture: hidden_sizes: given {layers}; accepted: 1 to {most}')
    return tuple(_integer('architecture: hidden_sizes', size) for size in given)


def _is_within(given: Any, low: float, high: float = _LARGEST_FLOAT32) -> bool:
    """Return whether something is a number from low to high; NaN is not."""
    is_number = isinstance(given, numbers.Real) and not isinstance(given, bool)
    return is_number and low <= float(given) <= high


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

    def __post_init__(self) -> None:
        """Check what is not an array; `check_parameters` checks the arrays.

        Raises:
            PolicyError: a field has another type or is out of range.
        """
        for name in ('version', 'updates'):
            number = _integer(name, getattr(self, name))
            if not 0 <= number <= _LARGEST_UINT64:
                raise PolicyError(f'{name}: given {number}; accepted: 0 to {_LARGEST_UINT64}')
        longest = PolicyLimits().text_length
        for name in ('fingerprint', 'learner_session'):
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > longest:
                given = f'{len(text)} characters' if isinstance(text, str) else repr(text)
                raise PolicyError(
                    f'{name}: given {given}; accepted: a text of at most {longest} characters'
                )
        if not isinstance(self.uniform_exploration, bool):
            raise PolicyError(
                f'uniform_exploration: given {self.uniform_exploration!r}; accepted: a boolean'
            )


# names of the fields, for files and messages
ENCODER = 'encoder'  # not a field of messages; in files only where there is one
ARCHITECTURE_FIELDS = tuple(
    item.name for item in fields(PolicyArchitecture) if item.name != ENCODER
)
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
        size = math.prod(shape)
        parts[name] = parameters[start : start + size].reshape(shape)
        start += size
    return parts
