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

"""Choose the device that updates run on, and its CPU threads."""

from collections.abc import Sequence
import logging

from rl_agent.errors import ConfigurationError
from rl_learner.system.thread_places import keep_apart, usable_processors
import torch

_LOGGER = logging.getLogger(__name__)

_PARALLEL_ELEMENTS = 1 << 20  # torch adds so many with all its threads


def training_device(requested: str) -> str:
    """Return the torch device for a parameter value; `cuda` only if CUDA works.

    If `auto` finds a GPU that does not work, a warning gives the reason.

    Args:
        requested: auto, cpu or cuda.

    Raises:
        ConfigurationError: cuda is requested and does not work.
    """
    if requested == 'cpu':
        return 'cpu'
    if torch.cuda.is_available():
        failure = _cuda_failure()
        if not failure:
            return 'cuda'
    else:
        failure = 'no CUDA device is visible'
    if requested == 'cuda':
        raise ConfigurationError(f'device: given cuda; accepted: cpu because {failure}')
    if torch.cuda.is_available():
        _LOGGER.warning('training on the CPU because the GPU does not work: %s', failure)
    return 'cpu'


def num_threads(requested: int, processes: int = 1) -> int:
    """Return the CPU threads of an update.

    Args:
        requested: 0: one for each processor that this process may use.
        processes: that share them.
    """
    return requested or max(1, usable_processors() // processes)


def use_threads(number: int, device: str) -> None:
    """Let torch use so many CPU threads on the calling thread, which is one of them.

    Only this thread may use several: GNU OpenMP counts those that it started for each thread of
    Python, and if they are more than the processors, all of them sleep instead of waiting for a
    moment, which more than doubles the time of an update.
    """
    torch.set_num_threads(number)
    if device == 'cpu':
        keep_apart(number, lambda: torch.zeros(_PARALLEL_ELEMENTS).add_(1.0))


def device_name(device: str, threads: Sequence[int]) -> str:
    """Return a readable name of a torch device.

    Args:
        device: `cpu` or `cuda`.
        threads: the numbers of CPU threads that an update may have, ascending.
    """
    if device == 'cuda':
        return torch.cuda.get_device_name()
    least, most = threads[0], threads[-1]
    number = f'{least} to {most}' if least < most else f'{most}'
    return f'the CPU, {number} thread' + 's' * (most > 1)


def _cuda_failure() -> str:
    """Return why CUDA does not work; empty if it does.

    A driver that is too old fails only when CUDA is first used; a GPU without kernels in this
    build of torch fails only at the first kernel.
    """
    try:
        square = torch.ones(8, 8, device='cuda')
        (square @ square).sum().item()
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().partition('\n')[0] or type(error).__name__
    return ''
