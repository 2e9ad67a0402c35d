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
"""MLPs with BatchNorm against torch.nn, and the plain MLPs that act like them."""

import pytest
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.layers.batch_norm import (
    evaluation_output,
    fold,
    initial_statistics,
    moments_rate,
    running_moments,
    training_output,
    update_statistics,
)
from rl_learner.layers.mlp import Ensemble, mlp, MlpShape
import torch
from torch import nn

ACTIVATIONS = {'relu': nn.ReLU, 'elu': nn.ELU, 'tanh': nn.Tanh}


def example(activation='relu', output=3):
    """Return two members with parameters and moments unlike the initial ones, and inputs."""
    generator = torch.Generator().manual_seed(5)
    shape = MlpShape(4, (8, 6), output, activation, batch_norm=True)
    parameters = shape.initial(2, generator).double()
    parameters += 0.2 * torch.randn(parameters.shape, generator=generator)
    statistics = initial_statistics(shape, 2, torch.device('cpu')).double()
    for moments in running_moments(shape, statistics):
        moments.mean.add_(torch.randn(moments.mean.shape, generator=generator))
        moments.variance.mul_(torch.rand(moments.variance.shape, generator=generator) + 0.5)
    inputs = 3.0 * torch.randn(10, 4, generator=generator).double() + 5.0
    return Ensemble(shape, parameters, statistics), inputs


def torch_network(ensemble, member, momentum):
    """Return a member as torch's modules; torch has Bessel-corrected running variances."""
    shape, modules = ensemble.shape, []
    moments = running_moments(shape, ensemble.statistics)

    def add_norm(index, weight, bias):
        norm = nn.BatchNorm1d(weight.numel(), eps=1e-3, momentum=momentum).double()
        norm.weight.data, norm.bias.data = weight.flatten(), bias.flatten()
        norm.running_mean = moments[index].mean[member, 0].clone()
        norm.running_var = moments[index].variance[member, 0].clone()
        modules.append(norm)

    scale = shape.input_scale(ensemble.flat)[member]
    add_norm(0, scale, torch.zeros_like(scale))
    for index, layer in enumerate(shape.layers(ensemble.flat)):
        linear = nn.Linear(*reversed(layer.weight.shape[1:]), bias=layer.norm_weight is None)
        linear.weight.data = layer.weight[member].clone()
        modules.append(linear)
        if layer.norm_weight is None:
            linear.bias.data = layer.bias[member, 0].clone()
        else:
            add_norm(index + 1, layer.norm_weight[member], layer.bias[member])
            modules.append(ACTIVATIONS[shape.activation]())
    return nn.Sequential(*modules)


@pytest.mark.parametrize('activation', ACTIVATIONS)
def test_outputs_equal_those_of_torch_modules(activation):
    ensemble, inputs = example(activation)
    training, evaluation = (
        training_output(ensemble, inputs)[0],
        evaluation_output(ensemble, inputs),
    )
    for member in range(2):
        network = torch_network(ensemble, member, momentum=0.1)
        assert torch.allclose(evaluation[member], network.eval()(inputs), rtol=1e-10)
        assert torch.allclose(training[member], network.train()(inputs), rtol=1e-10)


def test_running_moments_equal_those_of_torch_modules():
    ensemble, inputs = example()
    networks = [torch_network(ensemble, member, momentum=0.25) for member in range(2)]
    update_statistics(ensemble, training_output(ensemble, inputs)[1], 0.25)
    biased = (len(inputs) - 1) / len(inputs)
    for member, network in enumerate(networks):
        norms = [module for module in network if isinstance(module, nn.BatchNorm1d)]
        before = [norm.running_var.clone() for norm in norms]
        network.train()(inputs)
        moments = running_moments(ensemble.shape, ensemble.statistics)
        for norm, old, own in zip(norms, before, moments, strict=True):
            variance = 0.75 * old + biased * (norm.running_var - 0.75 * old)
            assert torch.allclose(own.mean[member, 0], norm.running_mean, rtol=1e-10, atol=1e-12)
            assert torch.allclose(own.variance[member, 0], variance, rtol=1e-10)


@pytest.mark.parametrize('activation', ACTIVATIONS)
@pytest.mark.parametrize('output', [0, 3])
def test_plain_network_acts_like_the_one_with_batch_norm(activation, output):
    ensemble, inputs = example(activation, output)
    folded = fold(ensemble)
    assert not folded.shape.batch_norm
    expected = evaluation_output(ensemble, inputs)
    assert torch.allclose(mlp(folded, inputs), expected, rtol=1e-10, atol=1e-10)
    assert torch.allclose(mlp(fold(ensemble.first), inputs), expected[:1], rtol=1e-10, atol=1e-10)


def test_folding_keeps_what_follows_the_mlp():
    ensemble, _ = example()
    rest = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()
    wider = Ensemble(ensemble.shape, torch.cat([ensemble.flat, rest], dim=1), ensemble.statistics)
    assert torch.equal(fold(wider).flat[:, -2:], rest)
    assert torch.equal(fold(wider).flat[:, :-2], fold(ensemble).flat)


def test_outputs_do_not_depend_on_the_size_of_the_inputs():
    ensemble, inputs = example()
    outputs = training_output(ensemble, inputs)[0]
    scaled = training_output(ensemble, 100.0 * inputs - 7.0)[0]
    assert torch.allclose(outputs, scaled, atol=1e-3)


def test_actor_moments_lag_by_updates_not_by_actor_updates():
    options = {'actor_batch_norm': True}
    delayed = {**options, 'policy_delay': 3}
    block = {**options, 'updates_to_data': 20, 'actor_update_per_block': True}
    for overrides, updates in ((options, 1), (delayed, 3), (block, 20)):
        algorithm = load_algorithm('default', overrides)
        rate = moments_rate(algorithm.updates_per_actor_update)
        assert rate == pytest.approx(1.0 - 0.99**updates)
