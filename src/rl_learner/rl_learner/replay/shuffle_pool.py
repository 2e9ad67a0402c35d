# Copyright 2026 The rl_learner authors
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

"""A pool that shuffles rows, so that rows of one item do not end up in the same update."""

import numpy as np
from rl_agent.array_types import Float32Array


class ShufflePool:
    """Exchanges rows for randomly drawn rows of the pool."""

    def __init__(self, width: int, capacity: int, random: np.random.Generator) -> None:
        """Start empty.

        Args:
            width: length of a row.
            capacity: maximum number of rows.
            random: random source of the draws.
        """
        self._rows = np.empty((capacity, width), np.float32)  # unused pages cost no memory
        self._count = 0
        self._random = random

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    def add(self, rows: Float32Array) -> None:
        """Add rows, (count, width); the capacity must not be exceeded."""
        self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def exchange(self, rows: Float32Array) -> Float32Array:
        """Replace randomly drawn rows with the given ones, (count, width); return the drawn.

        Args:
            rows: at most as many as the pool has.
        """
        indices = self._random.choice(self._count, len(rows), replace=False)
        drawn = self._rows.take(indices, axis=0)
        self._rows[indices] = rows
        return drawn
