# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Means of numbers that stay on the device until somebody asks."""

import torch
from torch import Tensor


class MeanMetrics:
    """Sums up named scalars."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def add(self, **values: Tensor) -> None:
        """Add one value of each name; names that are added together share a count."""
        fresh = torch.stack([value.detach() for value in values.values()])
        total, count = self._sums.get(tuple(values), (torch.zeros_like(fresh), 0))
        self._sums[tuple(values)] = (total + fresh, count + 1)

    def take(self) -> dict[str, float]:
        """Return the means since the last call; waits for the device."""
        means: dict[str, float] = {}
        for names, (total, count) in self._sums.items():
            means.update(zip(names, (total / count).tolist(), strict=True))
        self._sums = {}
        return means
