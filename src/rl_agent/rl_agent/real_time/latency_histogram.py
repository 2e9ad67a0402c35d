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

"""Percentiles of durations, counted in bins of a microsecond at little cost per measurement."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RANGE_US = 20_000  # the last bin holds all longer times

Counts = NDArray[np.int64]


class LatencyHistogram:
    """Counts durations in bins of a microsecond. One thread adds; others may read.

    Attributes:
        counts: durations in each bin, from 0 us on, (bin,).
    """

    def __init__(self) -> None:
        """Create an empty histogram."""
        self.counts: Counts = np.zeros(_RANGE_US + 1, np.int64)

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[min(max(int(seconds * 1e6), 0), _RANGE_US)] += 1

    def percentiles(
        self, fractions: Sequence[float], since: Counts | None = None
    ) -> tuple[float, ...]:
        """Return the durations, us, that these fractions of all do not exceed; NaN if empty.

        Args:
            fractions: in [0, 1].
            since: an earlier copy of `counts`, which is subtracted.
        """
        return percentiles(self.counts if since is None else self.counts - since, fractions)


def percentiles(counts: Counts, fractions: Sequence[float]) -> tuple[float, ...]:
    """Return the upper edge, us, of the bin in which each fraction of all is reached."""
    reached = np.cumsum(counts)
    total = int(reached[-1])
    if not total:
        return (np.nan,) * len(fractions)
    wanted = np.maximum(np.array(fractions) * total, 1)
    return tuple((np.searchsorted(reached, wanted) + 1.0).tolist())
