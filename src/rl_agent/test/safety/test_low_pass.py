# Copyright 2026 The rl_agent authors
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

"""The low-pass is SciPy's second-order Butterworth filter."""

import math

import numpy as np
import pytest
from rl_agent.safety.low_pass import LowPass
from scipy import signal


@pytest.mark.parametrize(
    ('cutoff_hz', 'rate_hz'), [(4.0, 20.0), (8.0, 50.0), (0.1, 500.0), (249.0, 500.0)]
)
def test_the_filter_equals_that_of_scipy(cutoff_hz: float, rate_hz: float) -> None:
    numerator, denominator = signal.butter(2, cutoff_hz, fs=rate_hz)
    low_pass = LowPass(cutoff_hz, rate_hz, 3)
    np.testing.assert_allclose(low_pass.numerator, numerator, rtol=0, atol=1e-12)
    np.testing.assert_allclose(low_pass.denominator, denominator, rtol=0, atol=1e-12)
    samples = np.random.default_rng(0).normal(size=(500, 3))
    expected = signal.lfilter(numerator, denominator, samples, axis=0)
    given = np.array([low_pass(sample) for sample in samples])
    np.testing.assert_allclose(given, expected, rtol=0, atol=1e-12)


def test_a_reset_filter_is_at_rest() -> None:
    low_pass, pose = LowPass(4.0, 20.0, 2), np.array([0.7, -1.3])
    for _ in range(2):  # the second time with a different state
        low_pass.reset(pose)
        for _ in range(50):
            np.testing.assert_allclose(low_pass(pose), pose, rtol=0, atol=1e-12)
        low_pass(np.array([5.0, 5.0]))


def test_a_step_overshoots_by_4_percent() -> None:
    """As the analogue filter: exp(-pi) = 0.0432 for a damping of 1/sqrt(2)."""
    low_pass = LowPass(1.0, 1000.0, 1)
    response = [float(low_pass(np.ones(1))[0]) for _ in range(3000)]
    assert max(response) == pytest.approx(1.0 + math.exp(-math.pi), abs=1e-3)
    assert response[-1] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize('cutoff_hz', [0.0, -1.0, 10.0, 11.0, math.nan])
def test_an_impossible_cutoff_is_refused(cutoff_hz: float) -> None:
    with pytest.raises(ValueError, match=r'low_pass_hz: given .*; accepted: above 0, below 10'):
        LowPass(cutoff_hz, 20.0, 1)
