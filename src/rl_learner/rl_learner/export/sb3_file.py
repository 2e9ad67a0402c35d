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

"""Policies in files of Stable-Baselines3, read without running what a file brings along.

Such a file is a ZIP archive: `policy.pth` has the parameters of all networks as tensors, `data`
has the settings as JSON, with pickled objects beside their texts; only the texts are read.
"""

from collections.abc import Mapping
import io
from pathlib import Path
import re
from typing import Any
import zipfile

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.bounded_files import MOST_BYTES, parse_json_object
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.policy.parameters import ACTIVATIONS, PolicyArchitecture, PolicyParameters
from rl_learner.export.policy_with_robot import PolicyWithRobot
import torch

_MOST_TENSOR_BYTES = 1 << 29
_ACCEPTED = 'SAC, TQC, TD3 or DDPG with MlpPolicy, without use_sde'
_PARTS = ('weight', 'bias')  # of a layer
_LAYER = re.compile(r'actor\.(latent_pi|mu)\.(\d+)\.weight')
# Keys by which other policies are recognised, with the reason why they do not fit.
_UNFIT = {
    'action_net.weight': 'PPO, A2C or TRPO, whose actions are clipped and not squashed by tanh',
    'q_net.q_net.0.weight': 'DQN, whose actions are numbers',
    'quantile_net.quantile_net.0.weight': 'QR-DQN, whose actions are numbers',
    'actor.log_std': 'a policy with use_sde',
}


def decode(path: Path) -> PolicyWithRobot:
    """Return the policy in a file, without a robot; the deterministic action is the same.

    Exploration is the same for SAC and TQC; for TD3 and DDPG it has the default deviation.

    Raises:
        ConfigurationError: the file holds another kind of policy, or none.
        PolicyError: the file is damaged, or its policy is larger than accepted.
    """
    settings, tensors = _read(path)
    for key, what in _UNFIT.items():
        if key in tensors:
            raise ConfigurationError(f'policy: given {path}, {what}; accepted: {_ACCEPTED}')
    layers = [tensors[f'{name}.{part}'] for name in _layers(tensors) for part in _PARTS]
    heads = [tensors[f'{name}.{part}'] for name in _heads(tensors) for part in _PARTS]
    if not heads or len(layers) < len(_PARTS) or any(_features(tensors)):
        raise ConfigurationError(
            f'policy: given {path}, whose networks are not known; accepted: {_ACCEPTED}'
        )
    gaussian = len(heads) == 2 * len(_PARTS)
    architecture = PolicyArchitecture(
        observation_size=layers[0].shape[-1],
        action_size=heads[0].shape[0],
        hidden_sizes=tuple(layer.shape[0] for layer in layers[:: len(_PARTS)]),
        activation=_activation(settings, path),
        distribution='gaussian' if gaussian else 'deterministic',
    )
    shapes = [shape for _, shape in architecture.blocks]
    if [array.shape for array in (*layers, *heads)] != shapes:
        raise PolicyError(f'{path}: policy.pth: the layers do not fit together')
    parameters = np.concatenate([array.ravel() for array in (*layers, *heads)])
    return PolicyWithRobot(PolicyParameters(architecture, parameters, version=1))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Float32Array]]:
    """Return the settings and the parameters of the policy.

    Raises:
        ConfigurationError: it is no file of Stable-Baselines3.
        PolicyError: it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if not {'data', 'policy.pth'} <= set(names):
                raise ConfigurationError(
                    f'policy: given {path}, a ZIP archive without data and policy.pth; accepted: a'
                    ' file that `model.save` of Stable-Baselines3 has written'
                )
            settings = parse_json_object(_member(archive, 'data', MOST_BYTES), f'{path}: data')
            content = _member(archive, 'policy.pth', _MOST_TENSOR_BYTES)
        tensors = torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)
        arrays = {str(name): _array(tensor) for name, tensor in dict(tensors).items()}
    except ConfigurationError:
        raise
    except Exception as error:  # a damaged archive can fail in many ways
        reason = str(error).partition('\n')[0][:300]
        raise PolicyError(f'{path}: damaged, or no file of Stable-Baselines3: {reason}') from error
    return settings, arrays


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a member of an archive; raise ValueError if it is larger than accepted."""
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f'{name}: given more than {most} bytes; accepted: {most}')
    return content


def _array(tensor: Any) -> Float32Array:
    """Return a tensor as an array; raise TypeError if it is none."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f'given {type(tensor).__name__}; accepted: tensors')
    array: Float32Array = tensor.detach().to(torch.float32).numpy()
    return array


def _layers(tensors: Mapping[str, Any]) -> list[str]:
    """Return the names of the actor's hidden layers, in order."""
    numbered = sorted(
        (int(found[2]), found[1]) for name in tensors if (found := _LAYER.fullmatch(name))
    )
    names = [f'actor.{network}.{number}' for number, network in numbered]
    return names if 'actor.mu.weight' in tensors else names[:-1]


def _heads(tensors: Mapping[str, Any]) -> list[str]:
    """Return the names of the actor's last layers: mean and, with exploration, deviation."""
    if 'actor.mu.weight' in tensors:
        return ['actor.mu', 'actor.log_std']
    numbers = [int(found[2]) for name in tensors if (found := _LAYER.fullmatch(name))]
    return [f'actor.mu.{max(numbers)}'] if numbers else []


def _features(tensors: Mapping[str, Any]) -> list[str]:
    """Return the parameters of a network before the actor, such as one for images."""
    return [name for name in tensors if 'features_extractor' in name]


def _activation(settings: Mapping[str, Any], path: Path) -> str:
    """Return the name of the activation function; the default of these policies is ReLU.

    Raises:
        ConfigurationError: it is another one than policies of this project have.
    """
    given = settings.get('policy_kwargs')
    text = str(given.get('activation_fn', 'ReLU')) if isinstance(given, dict) else 'ReLU'
    name = re.sub(r'\W', '', text.rpartition('.')[2]).lower()
    if name not in ACTIVATIONS:
        raise ConfigurationError(
            f'policy: given {path} with activation_fn {text}; accepted: ReLU, ELU or Tanh'
        )
    return name
