# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Adam for one flat parameter tensor."""

import torch
from torch import Tensor
from torch.optim.adam import adam

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam, arXiv:1412.6980, by torch's functional form; the state holds no settings.

    A checkpoint that is loaded with another learning rate takes the new one.
    """

    def __init__(self, parameter: Tensor, learning_rate: float, *, fused: bool) -> None:
        """Prepare.

        Args:
            parameter: to be changed in place.
            learning_rate: of each step.
            fused: one pass over memory; False: torch's plain loop.
        """
        self._parameter = parameter
        self._learning_rate = learning_rate
        self._fused = fused
        self._step = torch.zeros((), device=parameter.device)
        self._moment = torch.zeros_like(parameter, requires_grad=False)
        self._square = torch.zeros_like(parameter, requires_grad=False)

    def step(self, gradient: Tensor) -> None:
        """Change the parameter by its gradient, of the same shape.

        Fused, it calls torch's kernel itself: torch's functional form sorts its arguments by
        device and type first, which costs more than the step of a small network.
        """
        if not self._fused:
            self._plain_step(gradient)
            return
        self._step += 1
        torch._fused_adam_(
            [self._parameter],
            [gradient],
            [self._moment],
            [self._square],
            [],
            [self._step],
            lr=self._learning_rate,
            beta1=_BETA_1,
            beta2=_BETA_2,
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    @torch.no_grad()
    def _plain_step(self, gradient: Tensor) -> None:
        """Step by torch's plain loop."""
        adam(
            [self._parameter],
            [gradient],
            [self._moment],
            [self._square],
            [],
            [self._step],
            foreach=False,
            capturable=self._parameter.is_cuda,
            amsgrad=False,
            beta1=_BETA_1,
            beta2=_BETA_2,
            lr=self._learning_rate,
            weight_decay=0.0,
            eps=_EPSILON,
            maximize=False,
        )

    def forget(self) -> None:
        """Begin anew, as without a step so far."""
        for tensor in self._tensors().values():
            tensor.zero_()

    def _tensors(self) -> dict[str, Tensor]:
        """Return the state by name."""
        return {'step': self._step, 'exp_avg': self._moment, 'exp_avg_sq': self._square}

    def state_dict(self) -> dict[str, Tensor]:
        """Return a copy of step and moments by name."""
        return {name: tensor.clone() for name, tensor in self._tensors().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take what `state_dict` returned."""
        for name, tensor in self._tensors().items():
            tensor.copy_(state[name])
