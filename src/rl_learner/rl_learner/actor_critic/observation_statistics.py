# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Running mean and deviation of the observations that training has seen."""

import torch
from torch import Tensor

# a sensor that never moves must not become infinite noise when it does
_SMALLEST_STD = 1e-3


class ObservationStatistics:
    """Mean and deviation over all observations given to `update`, on the device.

    Attributes:
        mean: (observation,) float32.
        std: (observation,) float32, positive.
    """

    def __init__(self, observation_size: int, device: torch.device | str = 'cpu') -> None:
        """Begin with mean 0 and deviation 1, as if nothing were known."""
        self._count = torch.zeros((), dtype=torch.float64, device=device)
        self._mean = torch.zeros(observation_size, dtype=torch.float64, device=device)
        self._squares = torch.zeros(observation_size, dtype=torch.float64, device=device)
        self.mean = torch.zeros(observation_size, device=device)
        self.std = torch.ones(observation_size, device=device)

    def update(self, observation: Tensor) -> None:
        """Take observations in.

        Merges means and sums of squares as Chan, Golub and LeVeque (1979) do, in float64.

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
        """Return (observation - mean) / std within +-clip, (..., observation)."""
        return ((observation - self.mean) / self.std).clamp_(-clip, clip)

    def state_dict(self) -> dict[str, Tensor]:
        """Return a copy of all numbers, by name."""
        return {name: tensor.clone() for name, tensor in self._tensors().items()}

    def _tensors(self) -> dict[str, Tensor]:
        """Return all numbers, by name."""
        return {
            'count': self._count,
            'mean': self._mean,
            'squares': self._squares,
            'float_mean': self.mean,
            'float_std': self.std,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take the numbers of `state_dict`."""
        for name, tensor in self._tensors().items():
            tensor.copy_(state[name])
