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

"""The linear map between actions in [-1, 1] and commands from low to high."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Command, Float32Array

Bounds = Sequence[float] | NDArray[Any]


class ActionScale:
    """Maps action -1 to `low`, action +1 to `high`, and back."""

    def __init__(self, low: Bounds, high: Bounds) -> None:
        """Map to commands between `low` and `high`, (action,) each, `low` below `high`."""
        self._low = np.array(low, np.float64)
        self._half_span = (np.array(high, np.float64) - self._low) / 2
        # arrays, because NumPy converts a scalar operand at each use
        self._ones = np.ones_like(self._low)
        self._highest = np.ones(len(self._low), np.float32)
        self._lowest = -self._highest

    def command(self, action: Float32Array) -> Command:
        """Return the command for an action, (..., action) each; beyond [-1, 1] it continues."""
        command: Command = self._low + (action.astype(np.float64) + self._ones) * self._half_span
        return command

    def action(self, command: Command) -> Float32Array:
        """Return the action for a command, (..., action) each; clipped to [-1, 1]."""
        return self.clip(((command - self._low) / self._half_span - self._ones).astype(np.float32))

    def clip(self, action: Float32Array) -> Float32Array:
        """Return an action, (..., action), clipped to [-1, 1]."""
        return np.minimum(np.maximum(action, self._lowest), self._highest)
