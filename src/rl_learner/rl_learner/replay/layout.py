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

"""A transition as one flat row of float32, the form used in replay and training.

The images at the end of an observation are there as they are in memory: four of their bytes take
the place of one number, which means nothing as a number, and may even be NaN.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rl_agent.array_types import BooleanArray, Float32Array
from rl_agent.description.image import ImageDescription, unpack_pixels
from rl_learner.frames.pixel_columns import PixelColumns
from typing_extensions import NamedTuple  # of Python 3.10, too, one may be generic

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
        observation_size: length of an observation; of one with images, as robots send it.
        action_size: length of an action.
        images: at the end of an observation, one frame each.
        stack: frames of each image in a row, the newest first; robots send only that.
        vector_size: numbers of an observation before its images.
        encoded: columns of an observation that an encoder computed, None without one.
        pixels: columns of the images, None without images.
        width: length of a row.
        slices: the columns of each field by name, in the order of `Batch`.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        images: Sequence[ImageDescription] = (),
        *,
        stack: int = 1,
        encoded: int = 0,
    ) -> None:
        """Assign the columns.

        Args:
            observation_size: see there.
            action_size: see there.
            images: see there.
            stack: see there; of images.
            encoded: numbers at the end of an observation that an encoder computed.

        Raises:
            ValueError: a size is not positive.
        """
        if min(observation_size, action_size) < 1:
            raise ValueError(
                f'observation_size, action_size: given {observation_size}, {action_size};'
                ' accepted: 1 or more'
            )
        self.observation_size, self.action_size = observation_size, action_size
        self.images, self.stack = tuple(images), stack if images else 1
        self.vector_size = observation_size - sum(image.size for image in images)
        stored = self.vector_size + self.stack * self._num_words
        self.encoded = slice(stored - encoded, stored) if encoded else None
        # `observation_and_action` relies on observation and action coming first
        widths = (stored, action_size, 1, stored, 1, 1)
        self.slices: dict[str, slice] = {}
        self.width = 0
        for name, width in zip(Batch._fields, widths, strict=True):
            self.slices[name] = slice(self.width, self.width + width)
            self.width += width
        self.pixels: PixelColumns | None = None
        if images:
            first, last = (self.slices[name].stop for name in ('observation', 'next_observation'))
            size = stack * self._num_words
            self.pixels = PixelColumns(slice(first - size, first), slice(last - size, last), stack)

    @property
    def _num_words(self) -> int:
        """Columns that hold one frame of all images."""
        num_bytes = sum(image.num_bytes for image in self.images)
        return -(-num_bytes // np.dtype(np.float32).itemsize)

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

        Images are given as robots send them, see `rl_agent.description.image`; earlier frames are
        0 until `FrameStacks` completes them.

        Raises:
            ValueError: a field has the wrong shape.
        """
        if self.images:
            observation, next_observation = map(self._stored, (observation, next_observation))
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

    def _stored(self, observation: ArrayLike) -> Float32Array:
        """Return observations with images as in rows, (count, stored)."""
        given = np.asarray(observation, np.float32)
        if given.ndim != 2 or given.shape[1] != self.observation_size:
            raise ValueError(
                f'observation: given shape {given.shape}; accepted: (count,'
                f' {self.observation_size})'
            )
        pixels = np.zeros((len(given), self.stack * self._num_words * 4), np.uint8)
        start, done = self.vector_size, 0
        for image in self.images:
            numbers = given[:, start : start + image.size]
            pixels[:, done : done + image.num_bytes] = unpack_pixels(numbers, image.num_bytes)
            start, done = start + image.size, done + image.num_bytes
        return np.concatenate([given[:, : self.vector_size], pixels.view(np.float32)], axis=1)

    def is_continued(self, rows: Float32Array) -> BooleanArray:
        """Return whether each row but the last leads to the observation of the one after it."""
        fields = self.unpack(rows)
        split = self.vector_size
        after, before = fields.next_observation[:-1], fields.observation[1:]
        continues = np.all(after[:, :split] == before[:, :split], axis=1)
        if self.images:  # bit by bit
            continues &= np.all(
                after[:, split:].view(np.uint32) == before[:, split:].view(np.uint32), axis=1
            )
        return np.asarray(continues)

    def numbers(self, rows: Array) -> Batch[Array]:
        """Return views of the fields of rows as `unpack`, without images."""
        fields = self.unpack(rows)
        if not self.images:
            return fields
        observation, after = (
            part[..., : self.vector_size]  # type: ignore[index]
            for part in (fields.observation, fields.next_observation)
        )
        return fields._replace(observation=observation, next_observation=after)

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
