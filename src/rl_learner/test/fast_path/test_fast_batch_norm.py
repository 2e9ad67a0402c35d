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
"""The hand-written training pass against autograd, in float64."""

import pytest
from rl_learner.fast_path.fast_batch_norm import (
    normalise_inputs,
    training_backward,
    training_forward,
)
from rl_learner.layers.batch_norm import training_output
from rl_learner.layers.mlp import Ensemble, MlpShape
import torch


@pytest.mark.parametrize('activation', ['relu', 'elu', 'tanh'])
@pytest.mark.parametrize('output', [0, 3])
@pytest.mark.parametrize('rows', [5, 10])
@pytest.mark.parametrize('hidden', [(5,), (80, 6)])  # products differ from 64 neurons on
def test_output_moments_and_gradient_equal_autograds(activation, output, rows, hidden):
    """The loss may see only the first rows of a batch; the moments see all."""
    shape = MlpShape(4, hidden, output, activation, batch_norm=True)
    generator = torch.Generator().manual_seed(5)
    parameters = shape.initial(2, generator).double()
    parameters += 0.2 * torch.randn(parameters.shape, generator=generator)
    inputs = 3.0 * torch.randn(10, 4, generator=generator).double() + 5.0
    leaf = parameters.clone().requires_grad_()
    expected, expected_moments = training_output(Ensemble(shape, leaf), inputs)
    expected = expected[:, :rows]
    weights = torch.arange(expected.numel(), dtype=torch.float64).sin().view(expected.shape)
    (expected * weights).sum().backward()
    ensemble = Ensemble(shape, parameters)
    ensemble.gradient[0].fill_(7.0)  # every element is overwritten
    training_pass = training_forward(ensemble, normalise_inputs(inputs), slice(0, rows))
    gradient = training_backward(training_pass, weights.clone())
    assert torch.allclose(training_pass.output, expected, rtol=1e-10, atol=1e-10)
    assert torch.allclose(gradient, leaf.grad, rtol=1e-10, atol=1e-10)
    for moments, own in zip(expected_moments, training_pass.moments, strict=True):
        assert torch.allclose(own.mean, moments.mean, atol=1e-10)
        assert torch.allclose(own.variance, moments.variance, atol=1e-10)
