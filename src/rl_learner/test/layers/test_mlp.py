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
"""Both forms of the ensemble, compared with each other and with finite differences."""

import itertools

import pytest
from rl_learner.fast_path.fast_mlp import backward, forward
from rl_learner.layers.mlp import dropout_mask, Ensemble, mlp, MlpShape
import torch

SHAPES = [
    MlpShape(3, (5, 4), output, activation, layer_norm, dropout)
    for output, activation, layer_norm, dropout in itertools.product(
        (0, 2), ('relu', 'elu', 'tanh'), (False, True), (0.0, 0.3)
    )
]


def example(shape, members=2, batch=6):
    """Return parameters, inputs and masks in float64."""
    generator = torch.Generator().manual_seed(5)
    parameters = shape.initial(members, generator).double()
    parameters += 0.2 * torch.randn(parameters.shape, generator=generator)
    inputs = torch.randn(batch, shape.input_size, generator=generator).double()
    masks = shape.dropout_masks(members, batch, generator)
    return parameters, inputs, masks and [mask.double() for mask in masks]


def fast_mlp(ensemble, inputs, masks=None):
    """Return the output of the fast form."""
    return forward(ensemble, inputs, masks).output


def test_one_layer_by_hand():
    shape = MlpShape(2, (2,), 1)
    # hidden: weights, biases; output: weight, bias
    parameters = torch.tensor([[1.0, 2.0, -3.0, 1.0, 0.5, 0.0, 2.0, 5.0, -1.0]])
    # relu(1 + 4 + 0.5) = 5.5 and relu(-3 + 2) = 0; 2 * 5.5 - 1 = 10
    for form in (mlp, fast_mlp):
        assert form(Ensemble(shape, parameters), torch.tensor([[1.0, 2.0]])).tolist() == [[[10.0]]]


def test_layer_norm_by_hand():
    shape = MlpShape(1, (3,), 0, layer_norm=True)
    # products 1, 2, 3: deviation sqrt(2/3), so -1.224745, 0, 1.224745; times 2, plus 1
    parameters = torch.tensor([[1.0, 2, 3, 0, 0, 0, 2, 2, 2, 1, 1, 1]])
    for form in (mlp, fast_mlp):
        output = form(Ensemble(shape, parameters), torch.tensor([[1.0]]))[0, 0]
        assert output.tolist() == pytest.approx([0.0, 1.0, 3.449490], abs=1e-4)


def output_gradient(output):
    """Return the gradient of `weighted_sum`, different for each element."""
    return torch.arange(output.numel(), dtype=torch.float64).view(output.shape).sin()


def weighted_sum(output):
    """Return a loss with a different weight for each element."""
    return (output * output_gradient(output)).sum()


def autograd_gradients(shape, parameters, inputs, masks, loss):
    """Return output and autograd's gradients by parameters and inputs."""
    leaves = parameters.clone().requires_grad_(), inputs.clone().requires_grad_()
    output = mlp(Ensemble(shape, leaves[0]), leaves[1], masks)
    loss(output).backward()
    return output.detach(), leaves[0].grad, leaves[1].grad


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_fast_form_matches_reference_form(shape):
    parameters, inputs, masks = example(shape)
    output, grad_parameters, grad_inputs = autograd_gradients(
        shape, parameters, inputs, masks, weighted_sum
    )
    ensemble = Ensemble(shape, parameters)
    forward_pass = forward(ensemble, inputs, masks)
    assert torch.allclose(forward_pass.output, output, rtol=1e-10, atol=1e-10)
    gradient, grad_layers = ensemble.gradient
    gradient.fill_(7.0)  # every element is overwritten
    columns = backward(forward_pass, output_gradient(output), grad_layers, slice(1, None))
    assert torch.allclose(gradient, grad_parameters, rtol=1e-10, atol=1e-10)
    assert torch.allclose(columns, grad_inputs[:, 1:], rtol=1e-10, atol=1e-10)
    forward_pass = forward(ensemble, inputs, masks)
    assert backward(forward_pass, output_gradient(output), grad_layers) is None


@pytest.mark.parametrize('shape', [s for s in SHAPES if s.output_size], ids=str)
def test_mean_of_outputs(shape):
    parameters, inputs, masks = example(shape)
    output, _, grad_inputs = autograd_gradients(
        shape, parameters, inputs, masks, lambda output: output.mean(dim=2).sin().sum()
    )
    forward_pass = forward(Ensemble(shape, parameters), inputs, masks, mean_output=True)
    mean = output.mean(dim=2, keepdim=True)
    assert torch.allclose(forward_pass.output, mean, rtol=1e-10, atol=1e-10)
    columns = backward(forward_pass, mean.cos(), columns=slice(0, 2))
    assert torch.allclose(columns, grad_inputs[:, :2], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('shape', [s for s in SHAPES if not s.dropout], ids=str)
def test_backward_pass_of_some_rows(shape):
    parameters, inputs, _ = example(shape)
    output, grad_parameters, _ = autograd_gradients(
        shape, parameters, inputs[4:], None, weighted_sum
    )
    ensemble = Ensemble(shape, parameters)
    forward_pass = forward(ensemble, inputs).from_row(4)
    assert torch.allclose(forward_pass.output, output, rtol=1e-10, atol=1e-10)
    gradient, grad_layers = ensemble.gradient
    backward(forward_pass, output_gradient(output), grad_layers)
    assert torch.allclose(gradient, grad_parameters, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('size', [3, 80])  # narrow products are computed transposed
@pytest.mark.parametrize('output_size', [1, 7, 80])
def test_fast_form_matches_reference_form_for_all_sizes(size, output_size):
    shape = MlpShape(size, (70, 66), output_size)
    parameters, inputs, _ = example(shape)
    output, grad_parameters, grad_inputs = autograd_gradients(
        shape, parameters, inputs, None, weighted_sum
    )
    ensemble = Ensemble(shape, parameters)
    forward_pass = forward(ensemble, inputs)
    gradient, grad_layers = ensemble.gradient
    columns = backward(forward_pass, output_gradient(output), grad_layers, slice(0, None))
    assert torch.allclose(forward_pass.output, output, rtol=1e-10, atol=1e-10)
    assert torch.allclose(gradient, grad_parameters, rtol=1e-10, atol=1e-10)
    assert torch.allclose(columns, grad_inputs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('shape', [SHAPES[0], SHAPES[-1]], ids=str)
def test_reference_gradients_match_finite_differences(shape):
    parameters, inputs, masks = example(shape, batch=3)
    leaves = parameters.requires_grad_(), inputs.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda flat, inputs: mlp(Ensemble(shape, flat), inputs, masks), leaves
    )


def test_members_are_independent():
    shape = MlpShape(3, (4,), 2)
    parameters, inputs, _ = example(shape, members=3)
    together = fast_mlp(Ensemble(shape, parameters), inputs)
    for member in range(3):
        alone = mlp(Ensemble(shape, parameters[member : member + 1]), inputs)
        assert torch.allclose(together[member], alone[0])


def test_wrong_shapes_are_rejected():
    shape = MlpShape(3, (4,), 2)
    with pytest.raises(ValueError, match=r'accepted: .batch, 3'):
        fast_mlp(Ensemble(shape, torch.zeros(1, shape.num_parameters)), torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r'accepted: .member, 26'):
        Ensemble(shape, torch.zeros(1, 25))


@pytest.mark.parametrize('probability', [0.01, 0.3])
def test_dropout_drops_each_neuron_with_its_probability(probability):
    generator = torch.Generator().manual_seed(0)
    masks = torch.stack([dropout_mask((20, 30), probability, generator) for _ in range(400)])
    kept = torch.tensor(1.0 / (1.0 - probability))
    assert set(masks.unique().tolist()) == {0.0, kept.item()}
    dropped = (masks == 0).double()
    # 240,000 draws in all and 400 per element; bounds of five and seven standard deviations
    deviation = (probability * (1 - probability)) ** 0.5
    assert abs(dropped.mean().item() - probability) < 5 * deviation / 240_000**0.5
    assert (dropped.mean(dim=0) - probability).abs().max() < 7 * deviation / 400**0.5
    flat = dropped.view(400, -1)
    together = (flat[:, :-1] * flat[:, 1:]).mean().item()  # adjacent elements are independent
    assert abs(together - probability**2) < 5 * probability / 240_000**0.5


@pytest.mark.parametrize('size', [5, 80])
def test_bf16_products_are_close_to_float32(size):
    shape = MlpShape(size, (70, 66), size, 'tanh', layer_norm=True)
    generator = torch.Generator().manual_seed(5)
    ensemble = Ensemble(shape, shape.initial(2, generator))
    inputs = torch.randn(6, size, generator=generator)
    gradient, grad_layers = ensemble.gradient
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        forward_pass = forward(ensemble, inputs, dtype=dtype)
        output = forward_pass.output
        columns = backward(forward_pass, output.sin(), grad_layers, slice(1, None))
        assert columns.dtype == output.dtype == torch.float32
        results.append((output, columns, gradient.clone()))
    for exact, rounded in zip(*results, strict=True):
        # bfloat16 keeps eight bits; the errors of about fifty terms partly cancel
        assert (exact - rounded).norm() < 0.05 * exact.norm()
