# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Figures over tasks and seeds in the learning benchmark, by hand."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / 'bench' / 'results' / 'aggregates.py'


@pytest.fixture(scope='module')
def aggregates() -> ModuleType:
    """Return the module, which no package contains."""
    spec = importlib.util.spec_from_file_location('aggregates', FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_interquartile_mean_leaves_out_a_quarter_on_each_side(aggregates: ModuleType) -> None:
    values = np.array([100.0, 1.0, 3.0, -50.0, 2.0, 4.0, 6.0, 7.0])
    assert aggregates.interquartile_mean(values) == pytest.approx((2 + 3 + 4 + 6) / 4)


def test_the_interval_resamples_within_each_task(aggregates: ModuleType) -> None:
    """Tasks of one seed cannot vary, however far they are apart; one outlier counts little."""
    mean, low, high = aggregates.interval({'a': np.array([0.0]), 'b': np.array([1.0])})
    assert mean == low == high == pytest.approx(0.5)
    many = np.linspace(0.0, 1.0, 20)
    mean, low, high = aggregates.interval({'a': many, 'b': np.append(many, 1000.0)})
    assert 0.3 < low < mean < high < 0.7
    assert mean == pytest.approx(0.5, abs=0.05)


def test_the_probability_of_improvement_is_a_mean_over_common_tasks(
    aggregates: ModuleType,
) -> None:
    ours = {'a': np.array([1.0, 3.0]), 'b': np.array([5.0]), 'only ours': np.array([9.0])}
    others = {'a': np.array([2.0, 3.0]), 'b': np.array([4.0, 6.0])}
    # a: 1 < 2, 1 < 3, 3 > 2, 3 = 3: 1.5 of 4; b: 1 of 2
    chance = aggregates.probability_of_improvement(ours, others)
    assert chance == pytest.approx((1.5 / 4 + 1 / 2) / 2)


def test_programs_are_compared_with_the_first(aggregates: ModuleType) -> None:
    final = {
        'default': {'Hopper-v5': np.array([0.1, 0.2])},
        'xqc': {'Hopper-v5': np.array([0.9, 1.0])},
        'missing': {},
    }
    result = aggregates.compare(final, ['default', 'xqc', 'missing'])
    assert list(result) == ['default', 'xqc']
    assert result['xqc']['better_than_default'] == 1.0
    assert result['xqc']['runs'] == 2
    assert aggregates.score('Hopper-v5', np.array([2735.0]))[0] == 1.0
