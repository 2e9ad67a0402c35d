# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Rows that wait in no order, so that those of one item do not end up in the same update."""

import numpy as np
from rl_agent.array_types import Float32Array


class ShufflePool:
    """Takes rows in, and gives as many that it draws at random from those it has."""

    def __init__(self, width: int, most: int, random: np.random.Generator) -> None:
        """Begin with no rows, of `width` numbers; at most `most` will be kept."""
        self._rows = np.empty((most, width), np.float32)  # pages that stay unused cost nothing
        self._count = 0
        self._random = random

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    def add(self, rows: Float32Array) -> None:
        """Keep more rows, (count, width); there must be room."""
        self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def exchange(self, rows: Float32Array) -> Float32Array:
        """Return as many rows as are given, (count, width), at most `len`, and keep the given."""
        places = self._random.choice(self._count, len(rows), replace=False)
        drawn = self._rows.take(places, axis=0)
        self._rows[places] = rows
        return drawn
