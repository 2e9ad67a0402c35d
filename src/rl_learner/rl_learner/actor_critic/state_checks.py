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

"""Whether a loaded state has the structure of this program's own, before anything uses it."""

from collections.abc import Mapping
from typing import Any

from rl_agent.errors import TrainingError
import torch
from torch import Tensor


def check_tensors(given: Any, accepted: Mapping[str, Tensor], name: str) -> None:
    """Raise TrainingError unless a state has tensors of these names, shapes and kinds.

    Args:
        given: loaded; it may have others, too.
        accepted: the program's own.
        name: of the state, for the error.
    """
    for key, own in accepted.items():
        tensor = part(given, key, name)
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise TrainingError(
                f'checkpoint: {key}: given {type(tensor).__name__}; accepted: a dense tensor'
            )
        if tensor.shape != own.shape:
            raise TrainingError(
                f'checkpoint: {key}: given {tuple(tensor.shape)} parameters; accepted:'
                f' {tuple(own.shape)}, the shape for this algorithm and robot'
            )
        if tensor.is_floating_point() != own.is_floating_point() or tensor.is_complex():
            raise TrainingError(f'checkpoint: {key}: given {tensor.dtype}; accepted: {own.dtype}')
        if not bool(torch.isfinite(tensor.to(own.dtype)).all()):
            raise TrainingError(f'checkpoint: {key}: not finite; accepted: finite numbers')


def part(given: Any, key: str, name: str = 'state') -> Any:
    """Return a part of a state by its key.

    Raises:
        TrainingError: there is none.
    """
    if not isinstance(given, Mapping) or key not in given:
        raise TrainingError(f'checkpoint: {name}: has no {key!r}; accepted: one with it')
    return given[key]


def count(given: Any, key: str, name: str = 'state') -> int:
    """Return a count in a state by its key.

    Raises:
        TrainingError: there is none, or it is no whole number from 0 to 2**63.
    """
    number = part(given, key, name)
    if type(number) is not int or not 0 <= number < 2**63:
        raise TrainingError(
            f'checkpoint: {key}: given {str(number)[:60]!r}; accepted: a whole number, 0 or more'
        )
    return number
