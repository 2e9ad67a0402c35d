# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Only finite actions within the box are executed."""

import numpy as np
import pytest
from rl_agent.errors import PolicyError
from rl_agent.safety import SafetyFilter


@pytest.mark.parametrize(
    ('wanted', 'executed', 'changed'),
    [
        ([0.0, 0.5], [0.0, 0.5], False),
        ([-1.0, 1.0], [-1.0, 1.0], False),
        ([1.5, 0.25], [1.0, 0.25], True),
        ([-7.0, 3e38], [-1.0, 1.0], True),
        ([1.0000001, 0.0], [1.0, 0.0], True),
    ],
)
def test_actions_are_kept_in_the_box(
    wanted: list[float], executed: list[float], changed: bool
) -> None:
    safe = SafetyFilter(2).filter(np.array(wanted, np.float32))
    assert safe.action.tolist() == executed
    assert safe.action.dtype == np.float32
    assert safe.changed is changed


def test_the_executed_action_is_an_array_of_its_own() -> None:
    """A policy may use its buffer again; what was executed must not change with it."""
    wanted = np.array([0.5], np.float32)
    safe = SafetyFilter(1).filter(wanted)
    wanted[0] = -0.5
    assert safe.action.tolist() == [0.5]


@pytest.mark.parametrize('number', [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    with pytest.raises(PolicyError, match=r'action: given .*; accepted: 2 finite numbers'):
        SafetyFilter(2).filter(np.array([0.0, number], np.float32))


@pytest.mark.parametrize('shape', [(), (1,), (3,), (1, 2), (2, 1)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PolicyError, match='accepted: 2 finite numbers'):
        SafetyFilter(2).filter(np.zeros(shape, np.float32))
