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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Captured and replayed steps give the same training, on any device.

Without a CUDA device, replaying a captured step means calling it again.
"""

import logging

import pytest
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.training.cuda_graphs import CapturedSteps
from rl_learner.training.update import Update
from small_updates import one_thread, VARIANTS
import torch

SMALL = {'batch_size': 16, 'actor_hidden_sizes': [12, 8], 'critic_hidden_sizes': [12, 8]}


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


PRESETS = ['default', 'td3', 'droq', 'redq', 'rl_toolkit', 'batch_norm', 'categorical_mixed']


def make(variant, device='cpu', **options):
    """Return a small update."""
    preset, overrides = VARIANTS[variant]
    algorithm = load_algorithm(preset, {**overrides, **SMALL})
    return Update(algorithm, 5, 2, seed=1, device=device, **options)


def blocks(update, count=8, size=6):
    """Return blocks of rows."""
    generator = torch.Generator().manual_seed(3)
    rows = torch.randn(count, size, 16, update.layout.width, generator=generator)
    fields = update.layout.unpack(rows)
    fields.terminated.copy_((fields.terminated > 1.3).float())
    fields.num_steps.fill_(1.0)
    return rows


def call_again(step):
    """Capture a step as a CUDA graph would: warm up, then write to static metrics."""
    step()
    static_metrics = step()

    def replay():
        for static, new in zip(static_metrics, step(), strict=True):
            for name, value in new.items():
                static[name].copy_(value)

    return replay, static_metrics


def fail(step):
    """Fail after the warm-up."""
    step()
    raise RuntimeError('no graphs today')


def with_captured_steps(update, capture):
    """Make an update replay its steps; return it."""
    update._run_step = CapturedSteps(update._step, update._state, capture)
    return update


def assert_equal(one, other):
    """Compare networks, counters and metrics."""
    for name, tensor in one.state_dict()['networks'].items():
        assert torch.equal(tensor, other.state_dict()['networks'][name]), name
    assert (one.updates, one.actor_updates) == (other.updates, other.actor_updates)
    assert one.metrics() == other.metrics()


@pytest.mark.parametrize('preset', PRESETS)
def test_replayed_steps_train_like_uncaptured_steps(preset):
    uncaptured, captured = make(preset), with_captured_steps(make(preset), call_again)
    for rows in blocks(uncaptured):
        uncaptured.run(rows)
        captured.run(rows)
    assert_equal(uncaptured, captured)


def test_training_continues_if_capturing_fails(caplog):
    uncaptured, captured = make('default'), with_captured_steps(make('default'), fail)
    with caplog.at_level(logging.WARNING):
        for rows in blocks(uncaptured):
            uncaptured.run(rows)
            captured.run(rows)
    assert_equal(uncaptured, captured)
    assert [record.getMessage() for record in caplog.records] == [
        'CUDA graphs cannot be used, training is slower: no graphs today'
    ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device is visible')
@pytest.mark.parametrize('preset', PRESETS)
def test_graphs_train_like_eager_steps(preset):
    eager, graphs = make(preset, 'cuda', cuda_graphs=False), make(preset, 'cuda')
    for rows in blocks(eager):
        eager.run(rows)
        graphs.run(rows)
    for name, tensor in eager.state_dict()['networks'].items():
        assert torch.allclose(tensor, graphs.state_dict()['networks'][name], atol=1e-4), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device is visible')
@pytest.mark.parametrize('preset', PRESETS)
def test_step_does_not_wait_for_the_device(preset):
    update = make(preset, 'cuda', cuda_graphs=False)
    rows = blocks(update)
    update.run(rows[0])
    block = update._prepare(rows[1])
    torch.cuda.set_sync_debug_mode('error')
    try:
        for batch in block:
            update._step(batch, update._plan(last=True))
    finally:
        torch.cuda.set_sync_debug_mode('default')
