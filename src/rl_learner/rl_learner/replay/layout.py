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

"""A transition as one flat row of float32, the form used in replay and training."""

from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = TypeVar('Array')

_SCALARS = ('reward', 'terminated', 'num_steps')


class Batch(NamedTuple, Generic[Array]):
    """Transitions by field.

    Attributes:
        observation: (..., observation).
        action: executed action, in [-1, 1], (..., action).
        reward: discounted sum over `num_steps` steps, (...).
        next_observation: after the last of these steps, (..., observation).
        terminated: 1 if the task ended there, else 0, (...); 0 at a time limit.
        num_steps: 1 or more, (...).
    """

    observation: Array
    action: Array
    reward: Array
    next_observation: Array
    terminated: Array
    num_steps: Array


class ReplayLayout:
    """The columns of each field in a row.

    Attributes:
        observation_size: length of an observation.
        action_size: length of an action.
        width: length of a row.
        slices: the columns of each field by name, in the order of `Batch`.
    """

    def __init__(self, observation_size: int, action_size: int) -> None:
        """Assign the columns.

        Raises:
            ValueError: a size is not positive.
        """
        if min(observation_size, action_size) < 1:
            raise ValueError(
                f'observation_size, action_size: given {observation_size}, {action_size};'
                ' accepted: 1 or more'
            )
        self.observation_size, self.action_size = observation_size, action_size
        # `observation_and_action` relies on observation and action coming first
        widths = (observation_size, action_size, 1, observation_size, 1, 1)
        self.slices: dict[str, slice] = {}
        self.width = 0
        for name, width in zip(Batch._fields, widths, strict=True):
            self.slices[name] = slice(self.width, self.width + width)
            self.width += width

    def pack(
        self,
        observation: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_observation: ArrayLike,
        terminated: ArrayLike,
        num_steps: ArrayLike = 1,
    ) -> NDArray[np.float32]:
        """Return rows, (count, width) float32; arguments as in `Batch`, with one leading axis.

        Raises:
            ValueError: a field has the wrong shape.
        """
        fields = Batch(observation, action, reward, next_observation, terminated, num_steps)
        rows = np.empty((np.size(reward), self.width), np.float32)
        for name, values in fields._asdict().items():
            columns = rows[:, self.slices[name]]
            array = np.asarray(values, np.float32)
            if name in _SCALARS:
                array = np.broadcast_to(array, len(rows))[:, None]
            if array.shape != columns.shape:
                raise ValueError(
                    f'{name}: given shape {np.shape(values)}; accepted: {columns.shape}'
                )
            columns[...] = array
        return rows

    def observation_and_action(self, rows: Array) -> Array:
        """Return a view of a critic's inputs, (..., observation + action)."""
        width = self.observation_size + self.action_size
        inputs: Array = rows[..., :width]  # type: ignore[index]
        return inputs

    def unpack(self, rows: Array) -> Batch[Array]:
        """Return views of the fields of rows, (..., width), NumPy or torch.

        Raises:
            ValueError: the rows have the wrong width.
        """
        shape = tuple(rows.shape)  # type: ignore[attr-defined]
        if shape[-1] != self.width:
            raise ValueError(f'rows: given shape {shape}; accepted: (..., {self.width})')
        columns = (span.start if name in _SCALARS else span for name, span in self.slices.items())
        return Batch(*(rows[..., column] for column in columns))  # type: ignore[index]
