# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Percentiles of times, counted by the microsecond, at no cost to whoever measures."""

from collections.abc import Sequence
import math

_MICROSECONDS = 20_000  # the last bin holds all that is longer


class Histogram:
    """Counts times in bins of a microsecond. One thread counts; others may read.

    Attributes:
        counts: of the bins, from 0 on.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.counts = [0] * (_MICROSECONDS + 1)

    def add(self, seconds: float) -> None:
        """Count a time."""
        self.counts[min(max(int(seconds * 1e6), 0), _MICROSECONDS)] += 1

    def percentiles(
        self, shares: Sequence[float], since: Sequence[int] | None = None
    ) -> tuple[float, ...]:
        """Return the times, us, that these shares of all do not exceed; NaN where there is none.

        Args:
            shares: in [0, 1].
            since: `counts` of before; what they hold is left out.
        """
        counts = list(self.counts)
        if since is not None:
            counts = [now - before for now, before in zip(counts, since, strict=True)]
        return percentiles(counts, shares)


def percentiles(counts: Sequence[int], shares: Sequence[float]) -> tuple[float, ...]:
    """Return the upper edge of the bin, us, in which each share of all times is reached."""
    total = sum(counts)
    if not total:
        return tuple(math.nan for _ in shares)
    found: dict[float, float] = {}
    reached = 0
    for number, count in enumerate(counts):
        reached += count
        for share in shares:
            if share not in found and reached >= share * total and reached:
                found[share] = float(number + 1)
        if len(found) == len(set(shares)):
            break
    return tuple(found[share] for share in shares)
