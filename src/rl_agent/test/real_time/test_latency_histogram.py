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

"""Percentiles to the microsecond."""

import math

from rl_agent.real_time.latency_histogram import LatencyHistogram


def test_percentiles_by_hand() -> None:
    histogram = LatencyHistogram()
    for microseconds in range(100):  # 0.5, 1.5, ... 99.5 us
        histogram.add((microseconds + 0.5) * 1e-6)
    assert histogram.percentiles((0.5, 0.99, 1.0)) == (50.0, 99.0, 100.0)


def test_percentiles_of_an_empty_histogram_are_nan() -> None:
    assert all(math.isnan(value) for value in LatencyHistogram().percentiles((0.5, 0.99)))


def test_earlier_counts_are_subtracted() -> None:
    histogram = LatencyHistogram()
    histogram.add(1.0)
    before = histogram.counts.copy()
    histogram.add(10.5e-6)
    assert histogram.percentiles((0.5, 0.99), before) == (11.0, 11.0)


def test_times_beyond_the_range_are_counted_in_the_last_bin() -> None:
    histogram = LatencyHistogram()
    histogram.add(3600.0)
    histogram.add(-1.0)
    assert histogram.percentiles((0.5, 1.0)) == (1.0, 20_001.0)
