# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Percentiles of times, counted by the microsecond, at no cost to whoever measures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MICROSECONDS = 20_000  # the last bin holds all that is longer

Counts = NDArray[np.int64]


class LatencyHistogram:
    """Counts times in bins of a microsecond. One thread counts; others may read.

    Attributes:
        counts: of the bins, from 0 on, (bin,).
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.counts: Counts = np.zeros(_MICROSECONDS + 1, np.int64)

    def add(self, seconds: float) -> None:
        """Count a time."""
        self.counts[min(max(int(seconds * 1e6), 0), _MICROSECONDS)] += 1

    def percentiles(
        self, shares: Sequence[float], since: Counts | None = None
    ) -> tuple[float, ...]:
        """Return the times, us, that these shares of all do not exceed; NaN where there is none.

        Args:
            shares: in [0, 1].
            since: a copy of `counts` of before; what it holds is left out.
        """
        return percentiles(self.counts if since is None else self.counts - since, shares)


def percentiles(counts: Counts, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the upper edge of the bin, us, in which each share of all times is reached."""
    reached = np.cumsum(counts)
    total = int(reached[-1])
    if not total:
        return (np.nan,) * len(shares)
    wanted = np.maximum(np.array(shares) * total, 1)
    return tuple((np.searchsorted(reached, wanted) + 1.0).tolist())
