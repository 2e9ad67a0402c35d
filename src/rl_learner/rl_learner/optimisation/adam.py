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

"""Adam for one flat parameter tensor."""

import torch
from torch import Tensor
from torch.optim.adam import adam

_BETA_2, _EPSILON = 0.999, 1e-8


class Adam:
    """Adam, arXiv:1412.6980, on torch's functional form.

    The learning rate is not part of the state: after a checkpoint is loaded, the configured rate
    applies.
    """

    def __init__(
        self,
        parameter: Tensor,
        learning_rate: float,
        *,
        fused: bool,
        beta_1: float = 0.9,
        varies: bool = False,
    ) -> None:
        """Start with zero moments.

        Args:
            parameter: updated in place.
            learning_rate: of each step.
            fused: use torch's fused kernel (one pass over memory) instead of its plain loop.
            beta_1: decay of the first moment.
            varies: the learning rate changes; then captured CUDA graphs read it from the device.
        """
        self._parameter = parameter
        self._beta_1 = beta_1
        self._learning_rate: float | Tensor = learning_rate
        if varies and parameter.is_cuda:
            self._learning_rate = torch.tensor(learning_rate, device=parameter.device)
        self._fused = fused
        self._step = torch.zeros((), device=parameter.device)
        self._exp_avg = torch.zeros_like(parameter, requires_grad=False)
        self._exp_avg_sq = torch.zeros_like(parameter, requires_grad=False)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate of the next steps; only if it varies."""
        if isinstance(self._learning_rate, Tensor):
            self._learning_rate.fill_(learning_rate)
        else:
            self._learning_rate = learning_rate

    def step(self, gradient: Tensor) -> None:
        """Update the parameter with its gradient, of the same shape.

        The fused path calls torch's kernel directly: torch's functional form first groups its
        arguments by device and type, which costs more than the step of a small network.
        """
        if not self._fused:
            self._plain_step(gradient)
            return
        self._step += 1
        torch._fused_adam_(
            [self._parameter],
            [gradient],
            [self._exp_avg],
            [self._exp_avg_sq],
            [],
            [self._step],
            lr=self._learning_rate,
            beta1=self._beta_1,
            beta2=_BETA_2,
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    @torch.no_grad()
    def _plain_step(self, gradient: Tensor) -> None:
        """Update the parameter with torch's plain loop."""
        adam(
            [self._parameter],
            [gradient],
            [self._exp_avg],
            [self._exp_avg_sq],
            [],
            [self._step],
            foreach=False,
            capturable=self._parameter.is_cuda,
            amsgrad=False,
            beta1=self._beta_1,
            beta2=_BETA_2,
            lr=self._learning_rate,
            weight_decay=0.0,
            eps=_EPSILON,
            maximize=False,
        )

    def reset(self) -> None:
        """Set step count and moments back to zero."""
        for tensor in self._tensors().values():
            tensor.zero_()

    def _tensors(self) -> dict[str, Tensor]:
        """Return the state tensors by their names in a checkpoint."""
        return {'step': self._step, 'exp_avg': self._exp_avg, 'exp_avg_sq': self._exp_avg_sq}

    def state_dict(self) -> dict[str, Tensor]:
        """Return a copy of step count and moments by name."""
        return {name: tensor.clone() for name, tensor in self._tensors().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore a `state_dict`."""
        for name, tensor in self._tensors().items():
            tensor.copy_(state[name])
