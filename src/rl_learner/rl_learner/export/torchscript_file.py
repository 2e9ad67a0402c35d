# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A policy as a TorchScript module, for C++ and for Python with torch alone; and back."""

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
from rl_learner.export.policy_with_robot import from_metadata, mean_policy, PolicyWithRobot
import torch
from torch import Tensor
import torch.nn.functional as functional

_FILES = ('rl_policy', 'rl_robot')
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    'relu': functional.relu,
    'elu': functional.elu,
    'tanh': torch.tanh,
}


class _PolicyModule(torch.nn.Module):
    """Maps observations, (batch, O), to actions and commands, (batch, A) each."""

    def __init__(self, policy: PolicyWithRobot) -> None:
        """Copy the numbers into buffers with the names of the blocks."""
        super().__init__()
        parameters = policy.parameters
        self._architecture = parameters.architecture
        low, high = policy.bounds
        arrays = split_parameters(parameters.architecture, parameters.parameters)
        arrays['command_span'], arrays['command_middle'] = (high - low) / 2.0, (high + low) / 2.0
        if parameters.observation_mean.size:
            arrays['observation_mean'] = parameters.observation_mean
            arrays['observation_std'] = parameters.observation_std
        self._normalised = bool(parameters.observation_mean.size)
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.array(array, np.float32)))

    def forward(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions in [-1, 1], and the same in the robot's units."""
        architecture, block = self._architecture, self.get_buffer
        value = observation
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
    """Return a TorchScript file with the policy's description beside it."""
    policy = mean_policy(policy)
    example = torch.zeros(3, policy.parameters.architecture.observation_size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # newer ways to export do not load in C++ as simply
        module = torch.jit.trace(_PolicyModule(policy).eval(), example)
    file = io.BytesIO()
    torch.jit.save(module, file, _extra_files=policy.metadata())
    return file.getvalue()


def decode(path: Path) -> PolicyWithRobot:
    """Return the policy in a file that `encode` made; its exploration is not in it.

    Raises:
        PolicyError: the file is damaged or another module.
    """
    metadata: dict[str, Any] = dict.fromkeys(_FILES, '')  # bytes after loading, or text
    try:
        module = torch.jit.load(str(path), map_location='cpu', _extra_files=metadata)
    except Exception as error:  # a damaged archive can fail in many ways
        reason = ' '.join(str(error).split())[:200]
        raise PolicyError(
            f'{path}: cannot be read as TorchScript: {reason}; accepted: a file that rl_export'
            ' wrote'
        ) from error
    arrays = {name: buffer.numpy() for name, buffer in module.named_buffers()}
    texts = {
        name: text.decode() if isinstance(text, bytes) else text for name, text in metadata.items()
    }
    return from_metadata(texts, arrays, str(path))


def compute(content: bytes, observations: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return actions and commands, (batch, action) each, as the file computes them.

    Args:
        content: of a file.
        observations: (batch, observation).
    """
    module = torch.jit.load(io.BytesIO(content), map_location='cpu')
    with torch.no_grad():
        action, command = module(torch.from_numpy(observations))
    return action.numpy(), command.numpy()


def is_torchscript(path: Path) -> bool:
    """Return whether a file is one that `encode` made; checkpoints end in .pt as well."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith('/extra/rl_policy') for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
