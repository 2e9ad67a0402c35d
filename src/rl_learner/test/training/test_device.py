# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Updates run on a GPU where one works, and say so where it does not."""

import os
import subprocess
import sys

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.training.device import device_name, training_device
import torch

# a GPU that is seen and cannot be used, as one that this build of torch has no kernels for
BROKEN = """
import logging
import sys
import torch
from rl_learner.training.device import training_device
logging.basicConfig(format='%(levelname)s: %(message)s')
torch.cuda.is_available = lambda: True
print('device', training_device(sys.argv[1]))
"""


def broken(wanted: str) -> subprocess.CompletedProcess[str]:
    """Choose a device where the GPU is broken."""
    return subprocess.run(
        [sys.executable, '-c', BROKEN, wanted],
        env={**os.environ, 'CUDA_VISIBLE_DEVICES': ''},
        capture_output=True,
        text=True,
    )


def test_auto_takes_the_cpu_where_the_gpu_does_not_work() -> None:
    done = broken('auto')
    assert done.stdout.split() == ['device', 'cpu'], done.stderr
    assert 'WARNING: training on the CPU, the GPU does not work: ' in done.stderr


def test_cuda_is_refused_where_the_gpu_does_not_work() -> None:
    done = broken('cuda')
    assert done.returncode == 1
    assert 'ConfigurationError: device: given cuda; accepted: cpu, ' in done.stderr


def test_the_cpu_is_named_with_its_threads() -> None:
    assert training_device('cpu') == 'cpu'
    threads = torch.get_num_threads()
    assert device_name('cpu').startswith(f'the CPU, {threads} thread')


@pytest.mark.skipif(torch.cuda.is_available(), reason='a CUDA device is visible')
def test_where_there_is_no_gpu_auto_is_the_cpu_and_cuda_is_refused() -> None:
    assert training_device('auto') == 'cpu'
    with pytest.raises(ConfigurationError, match='no CUDA device is visible'):
        training_device('cuda')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device is visible')
def test_a_gpu_that_works_is_taken_and_named() -> None:
    assert training_device('auto') == training_device('cuda') == 'cuda'
    assert device_name('cuda') == torch.cuda.get_device_name()
