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

"""Running mean and standard deviation of the observations used in training."""

import torch
from torch import Tensor

# keeps a sensor that has been constant so far from being amplified without limit once it moves
_SMALLEST_STD = 1e-3


class ObservationStatistics:
    """Mean and standard deviation of all observations given to `update`, on the device.

    Attributes:
        mean: (observation,) float32.
        std: (observation,) float32, positive.
    """

    def __init__(self, observation_size: int, device: torch.device | str = 'cpu') -> None:
        """Start with mean 0 and standard deviation 1."""
        self._count = torch.zeros((), dtype=torch.float64, device=device)
        self._mean = torch.zeros(observation_size, dtype=torch.float64, device=device)
        self._squares = torch.zeros(observation_size, dtype=torch.float64, device=device)
        self.mean = torch.zeros(observation_size, device=device)
        self.std = torch.ones(observation_size, device=device)

    def update(self, observation: Tensor) -> None:
        """Include more observations.

        Merges means and sums of squares in float64, after Chan, Golub and LeVeque (1979).

        Args:
            observation: (..., observation).
        """
        rows = observation.reshape(-1, observation.shape[-1]).double()
        mean = rows.mean(dim=0)
        squares = (rows - mean).square().sum(dim=0)
        total = self._count + len(rows)
        shift = mean - self._mean
        self._squares += squares + shift.square() * (self._count * len(rows) / total)
        self._mean += shift * (len(rows) / total)
        self._count.copy_(total)
        self.mean.copy_(self._mean)
        self.std.copy_((self._squares / total).sqrt().clamp_(min=_SMALLEST_STD))

    def normalise(self, observation: Tensor, clip: float) -> Tensor:
        """Return (observation - mean) / std clamped to +-clip, (..., observation)."""
        return ((observation - self.mean) / self.std).clamp_(-clip, clip)

    def state_dict(self) -> dict[str, Tensor]:
        """Return a copy of all tensors by name."""
        return {name: tensor.clone() for name, tensor in self._tensors().items()}

    def _tensors(self) -> dict[str, Tensor]:
        """Return all tensors by their names in a checkpoint."""
        return {
            'count': self._count,
            'mean': self._mean,
            'squares': self._squares,
            'float_mean': self.mean,
            'float_std': self.std,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore a `state_dict`."""
        for name, tensor in self._tensors().items():
            tensor.copy_(state[name])
