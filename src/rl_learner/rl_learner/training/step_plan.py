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

"""What one update does, decided on the host in advance, and the metrics that updates record."""

from typing import NamedTuple

import torch
from torch import Tensor


class StepPlan(NamedTuple):
    """What one update does in addition to updating the critics.

    Attributes:
        update_actor: update actor and temperature.
        update_targets: move the targets towards their networks.
        record_critics: record the critics' metrics.
        record_actor: record the actor's and the temperature's metrics.
    """

    update_actor: bool
    update_targets: bool
    record_critics: bool
    record_actor: bool


class StepMetrics(NamedTuple):
    """Scalars of one update by name; empty if not recorded."""

    critics: dict[str, Tensor]
    actor: dict[str, Tensor]


class MeanMetrics:
    """Means of named scalars."""

    def __init__(self) -> None:
        """Start with no values."""
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def add(self, **values: Tensor) -> None:
        """Add one value for each name; names added together share a count."""
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
