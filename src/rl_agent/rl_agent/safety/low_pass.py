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

"""A second-order Butterworth low-pass for commands."""

import math

import numpy as np
from rl_agent.array_types import Float64Array


class LowPass:
    """One biquad per channel, all with the same coefficients.

    The analogue prototype 1 / (s^2 + sqrt(2) s + 1) through the bilinear transform with the
    cut-off pre-warped (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.2), run in
    transposed direct form II. It equals `scipy.signal.butter(2, cutoff_hz, fs=rate_hz)`. Its
    gain is 1 at rest and 0.707 at the cut-off; a step overshoots by about 4 %.

    Attributes:
        numerator: b0, b1, b2.
        denominator: 1, a1, a2.
    """

    def __init__(self, cutoff_hz: float, rate_hz: float, channels: int) -> None:
        """Begin at rest at 0.

        Args:
            cutoff_hz: below half of `rate_hz`.
            rate_hz: calls per second.
            channels: length of a sample.

        Raises:
            ValueError: the cut-off is not between 0 and half the rate.
        """
        if not 0.0 < cutoff_hz < rate_hz / 2:
            raise ValueError(
                f'low_pass_hz: given {cutoff_hz:g}; accepted: above 0, below {rate_hz / 2:g},'
                ' half the control rate'
            )
        warped = math.tan(math.pi * cutoff_hz / rate_hz)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped**2)
        gain = warped**2 * scale
        self.numerator = (gain, 2.0 * gain, gain)
        self.denominator = (
            1.0,
            2.0 * (warped**2 - 1.0) * scale,
            (1.0 - math.sqrt(2.0) * warped + warped**2) * scale,
        )
        # arrays, because NumPy converts a scalar operand at each use
        self._b = [np.full(channels, value) for value in self.numerator]
        self._a = [np.full(channels, value) for value in self.denominator]
        self._first = np.zeros(channels)
        self._second = np.zeros(channels)

    def reset(self, values: Float64Array) -> None:
        """Settle at these values, (channel,): the same input then passes unchanged."""
        self._first = (1.0 - self.numerator[0]) * values
        self._second = (self.numerator[2] - self.denominator[2]) * values

    def __call__(self, values: Float64Array) -> Float64Array:
        """Return the filtered sample, (channel,)."""
        b, a = self._b, self._a
        filtered: Float64Array = b[0] * values + self._first
        self._first = b[1] * values - a[1] * filtered + self._second
        self._second = b[2] * values - a[2] * filtered
        return filtered
