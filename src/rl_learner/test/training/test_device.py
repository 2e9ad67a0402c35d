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

"""Updates run on a GPU if one works; otherwise a warning or an error says why not."""

import os
import subprocess
import sys

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.training.device import device_name, training_device
import torch

# a GPU that is visible but unusable, for example because this build of torch has no kernels for it
BROKEN = """
import logging
import sys
import torch
from rl_learner.training.device import training_device
logging.basicConfig(format='%(levelname)s: %(message)s')
torch.cuda.is_available = lambda: True
print('device', training_device(sys.argv[1]))
"""


def choose_with_broken_gpu(requested: str) -> subprocess.CompletedProcess[str]:
    """Choose a device on a machine with an unusable GPU."""
    return subprocess.run(
        [sys.executable, '-c', BROKEN, requested],
        env={**os.environ, 'CUDA_VISIBLE_DEVICES': ''},
        capture_output=True,
        text=True,
    )


def test_auto_selects_the_cpu_if_the_gpu_does_not_work() -> None:
    done = choose_with_broken_gpu('auto')
    assert done.stdout.split() == ['device', 'cpu'], done.stderr
    assert 'WARNING: training on the CPU because the GPU does not work: ' in done.stderr


def test_cuda_is_rejected_if_the_gpu_does_not_work() -> None:
    done = choose_with_broken_gpu('cuda')
    assert done.returncode == 1
    assert 'ConfigurationError: device: given cuda; accepted: cpu because ' in done.stderr


def test_cpu_name_contains_the_threads() -> None:
    assert training_device('cpu') == 'cpu'
    assert device_name('cpu', [1]) == 'the CPU, 1 thread'
    assert device_name('cpu', [2]) == 'the CPU, 2 threads'
    assert device_name('cpu', [1, 2, 4]) == 'the CPU, 1 to 4 threads'


@pytest.mark.skipif(torch.cuda.is_available(), reason='a CUDA device is visible')
def test_without_gpu_auto_selects_the_cpu_and_cuda_is_rejected() -> None:
    assert training_device('auto') == 'cpu'
    with pytest.raises(ConfigurationError, match='no CUDA device is visible'):
        training_device('cuda')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device is visible')
def test_working_gpu_is_selected_and_named() -> None:
    assert training_device('auto') == training_device('cuda') == 'cuda'
    assert device_name('cuda', [1]) == torch.cuda.get_device_name()
