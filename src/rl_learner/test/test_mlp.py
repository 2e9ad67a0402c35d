# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Both forms of the ensemble, against each other and against finite differences."""

import gc
import itertools
import weakref

import pytest
from rl_learner.fast_mlp import fast_mlp
from rl_learner.mlp import dropout_mask, Ensemble, mlp, MlpShape
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


def test_one_layer_by_hand():
    shape = MlpShape(2, (2,), 1)
    # hidden: weights, biases; output: weight, bias
    parameters = torch.tensor([[1.0, 2.0, -3.0, 1.0, 0.5, 0.0, 2.0, 5.0, -1.0]])
    # relu(1 + 4 + 0.5) = 5.5 and relu(-3 + 2) = 0; 2 * 5.5 - 1 = 10
    for forward in (mlp, fast_mlp):
        assert forward(Ensemble(shape, parameters), torch.tensor([[1.0, 2.0]])).tolist() == [
            [[10.0]]
        ]


def test_layer_norm_by_hand():
    shape = MlpShape(1, (3,), 0, layer_norm=True)
    # products 1, 2, 3: deviation sqrt(2/3), so -1.224745, 0, 1.224745; times 2, plus 1
    parameters = torch.tensor([[1.0, 2, 3, 0, 0, 0, 2, 2, 2, 1, 1, 1]])
    for forward in (mlp, fast_mlp):
        output = forward(Ensemble(shape, parameters), torch.tensor([[1.0]]))[0, 0]
        assert output.tolist() == pytest.approx([0.0, 1.0, 3.449490], abs=1e-4)


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_fast_form_equals_plain_form(shape):
    parameters, inputs, masks = example(shape)
    results = []
    for forward in (mlp, fast_mlp):
        leaves = parameters.clone().requires_grad_(), inputs.clone().requires_grad_()
        output = forward(Ensemble(shape, leaves[0]), leaves[1], masks)
        (output * torch.arange(output.numel()).view(output.shape).sin()).sum().backward()
        results.append((output.detach(), leaves[0].grad, leaves[1].grad))
    for plain, fast in zip(*results, strict=True):
        assert torch.allclose(plain, fast, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('shape', [SHAPES[0], SHAPES[-1]], ids=str)
def test_gradients_are_finite_differences(shape):
    parameters, inputs, masks = example(shape, batch=3)
    leaves = parameters.requires_grad_(), inputs.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda flat, inputs: fast_mlp(Ensemble(shape, flat), inputs, masks), leaves
    )


@pytest.mark.parametrize('output_size', [0, 2])
def test_a_graph_that_is_dropped_is_freed(output_size):
    shape = MlpShape(3, (5, 4), output_size)
    parameters, inputs, _ = example(shape)
    output = fast_mlp(Ensemble(shape, parameters.requires_grad_()), inputs)
    graph = weakref.ref(output.grad_fn)
    gc.disable()
    try:
        del output
        assert graph() is None
    finally:
        gc.enable()


def test_members_are_independent():
    shape = MlpShape(3, (4,), 2)
    parameters, inputs, _ = example(shape, members=3)
    together = fast_mlp(Ensemble(shape, parameters), inputs)
    for member in range(3):
        alone = mlp(Ensemble(shape, parameters[member : member + 1]), inputs)
        assert torch.allclose(together[member], alone[0])


def test_wrong_shapes_are_refused():
    shape = MlpShape(3, (4,), 2)
    with pytest.raises(ValueError, match=r'accepted: .batch, 3'):
        fast_mlp(Ensemble(shape, torch.zeros(1, shape.num_parameters)), torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r'accepted: .member, 26'):
        Ensemble(shape, torch.zeros(1, 25))


@pytest.mark.parametrize('probability', [0.01, 0.3])
def test_dropout_leaves_out_each_neuron_with_its_probability(probability):
    generator = torch.Generator().manual_seed(0)
    masks = torch.stack([dropout_mask((20, 30), probability, generator) for _ in range(400)])
    kept = torch.tensor(1.0 / (1.0 - probability))
    assert set(masks.unique().tolist()) == {0.0, kept.item()}
    dropped = (masks == 0).double()
    # 240,000 draws in all and 400 for each place, bounds of five and six deviations
    deviation = (probability * (1 - probability)) ** 0.5
    assert abs(dropped.mean().item() - probability) < 5 * deviation / 240_000**0.5
    assert (dropped.mean(dim=0) - probability).abs().max() < 7 * deviation / 400**0.5
    flat = dropped.view(400, -1)
    together = (flat[:, :-1] * flat[:, 1:]).mean().item()  # neighbours are independent
    assert abs(together - probability**2) < 5 * probability / 240_000**0.5
