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

"""Policies as TorchScript files, for C++ and for Python with only torch, and back."""

from collections.abc import Callable
import io
from pathlib import Path
from typing import Any
import warnings
import zipfile

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import NORM_EPSILON, split_parameters
from rl_learner.export.policy_inputs import Inputs, NUMBERS, split_inputs
from rl_learner.export.policy_with_robot import (
    from_metadata,
    mean_policy,
    POLICY_KEY,
    PolicyWithRobot,
    ROBOT_KEY,
)
from rl_learner.layers.image_encoder import EncoderShape, features_of
import torch
from torch import Tensor
import torch.nn.functional as functional

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    'relu': functional.relu,
    'elu': functional.elu,
    'tanh': torch.tanh,
}


class _PolicyModule(torch.nn.Module):
    """Maps observations, (batch, O), to actions and commands, (batch, A) each.

    With images, the inputs are those of `policy_inputs`, in that order.
    """

    def __init__(self, policy: PolicyWithRobot) -> None:
        """Copy the parameters into buffers named like the blocks."""
        super().__init__()
        parameters = policy.parameters
        self._architecture = parameters.architecture
        arrays = split_parameters(parameters.architecture, parameters.parameters)
        arrays['command_span'], arrays['command_middle'] = policy.command_map
        if parameters.observation_mean.size:
            arrays['observation_mean'] = parameters.observation_mean
            arrays['observation_std'] = parameters.observation_std
        encoder = self._architecture.encoder
        self._encoder = None if encoder is None else EncoderShape(encoder)
        self._normalised = bool(parameters.observation_mean.size)
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.array(array, np.float32)))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions in [-1, 1], and commands in the robot's units."""
        architecture, block = self._architecture, self.get_buffer
        value = inputs[0]
        if self._encoder is not None:
            numbers, images = (
                inputs[: bool(architecture.vector_size)],
                inputs[-self._encoder.num_images :],
            )
            blocks = {name: block(name) for name, _ in self._encoder.architecture.blocks}
            value = torch.cat([*numbers, features_of(self._encoder, blocks, images)], dim=1)
        if self._normalised:
            value = (value - block('observation_mean')) / block('observation_std')
            value = value.clamp(-architecture.observation_clip, architecture.observation_clip)
        for number, size in enumerate(architecture.hidden_sizes):
            value = functional.linear(value, block(f'weight_{number}'), block(f'bias_{number}'))
            if architecture.layer_norm:
                weight, bias = block(f'norm_weight_{number}'), block(f'norm_bias_{number}')
                value = functional.layer_norm(value, (size,), weight, bias, NORM_EPSILON)
            value = _ACTIVATIONS[architecture.activation](value)
        value = functional.linear(value, block('mean_weight'), block('mean_bias'))
        if architecture.mean_clip:
            value = value.clamp(-architecture.mean_clip, architecture.mean_clip)
        action = value.tanh()
        return action, action * block('command_span') + block('command_middle')


def encode(policy: PolicyWithRobot) -> bytes:
    """Return a TorchScript file with the policy's metadata as extra files."""
    policy = mean_policy(policy)
    size = policy.parameters.architecture.observation_size
    inputs = split_inputs(policy, np.zeros((3, size), np.float32))
    example = tuple(torch.from_numpy(part) for part in inputs.values())
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # deprecated, but its successors are harder to use in C++
        module = torch.jit.trace(_PolicyModule(policy).eval(), example)
    file = io.BytesIO()
    torch.jit.save(module, file, _extra_files=policy.metadata())
    return file.getvalue()


def decode(path: Path) -> PolicyWithRobot:
    """Return the policy in a file that `encode` made, without exploration.

    Raises:
        PolicyError: the file is damaged or holds another module.
    """
    metadata: dict[str, Any] = dict.fromkeys(
        (POLICY_KEY, ROBOT_KEY), ''
    )  # bytes after loading, or text
    try:
        module = torch.jit.load(str(path), map_location='cpu', _extra_files=metadata)
        arrays = {name: buffer.numpy() for name, buffer in module.named_buffers()}
        texts = {
            name: text.decode() if isinstance(text, bytes) else text
            for name, text in metadata.items()
        }
    except Exception as error:  # a damaged archive can raise many types
        reason = ' '.join(str(error).split())[:200]
        raise PolicyError(
            f'{path}: cannot be read as TorchScript: {reason}; accepted: a file that rl_export'
            ' wrote'
        ) from error
    return from_metadata(texts, arrays, str(path))


def compute(
    content: bytes, observations: Float32Array | Inputs
) -> tuple[Float32Array, Float32Array]:
    """Return actions and commands, (batch, action) each, as computed by a file.

    Args:
        content: of the file.
        observations: (batch, observation); with images as inputs by name.
    """
    inputs = observations if isinstance(observations, dict) else {NUMBERS: observations}
    module = torch.jit.load(io.BytesIO(content), map_location='cpu')
    with torch.no_grad():
        action, command = module(*map(torch.from_numpy, inputs.values()))
    return action.numpy(), command.numpy()


def is_torchscript(path: Path) -> bool:
    """Return whether `encode` made a file; checkpoints have the suffix .pt, too."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(f'/extra/{POLICY_KEY}') for name in archive.namelist())
    except Exception:  # a damaged archive can fail in many ways
        return False
