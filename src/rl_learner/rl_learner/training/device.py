# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The device that updates run on."""

import logging

from rl_agent.errors import ConfigurationError
import torch

_LOGGER = logging.getLogger(__name__)


def training_device(wanted: str) -> str:
    """Return the torch device of a parameter value, `cuda` only where CUDA works.

    Where `auto` finds a GPU that does not work, a warning says why the CPU is taken.

    Args:
        wanted: auto, cpu or cuda.

    Raises:
        ConfigurationError: cuda is wanted and does not work.
    """
    if wanted == 'cpu':
        return 'cpu'
    if torch.cuda.is_available():
        trouble = _trouble()
        if not trouble:
            return 'cuda'
    else:
        trouble = 'no CUDA device is visible'
    if wanted == 'cuda':
        raise ConfigurationError(f'device: given cuda; accepted: cpu, {trouble}')
    if torch.cuda.is_available():
        _LOGGER.warning('training on the CPU, the GPU does not work: %s', trouble)
    return 'cpu'


def device_name(device: str) -> str:
    """Return what people call a torch device."""
    if device == 'cuda':
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f'the CPU, {threads} thread' + 's' * (threads > 1)


def _trouble() -> str:
    """Return why CUDA does not work, empty if it does.

    A driver that is too old shows only when CUDA is first used, and a GPU that this build of
    torch has no kernels for at the first kernel.
    """
    try:
        square = torch.ones(8, 8, device='cuda')
        (square @ square).sum().item()
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().partition('\n')[0] or type(error).__name__
    return ''
