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

"""Rows as Reverb stores them: numbers, and each frame once.

The next frame of a row is nearly always the frame of the next row, earlier frames are those of the
rows before, and a camera that is slower than control repeats its frame. So a row has the numbers
of its frames instead of them, before its other numbers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_learner.frames.pixel_columns import PixelColumns


class FrameItem(NamedTuple):
    """The content of one item.

    Attributes:
        rows: (row, `stored_width`); an item's row of padding is zero.
        frames: each frame of these rows, (frame, word).
    """

    rows: Float32Array
    frames: list[Float32Array]


def stored_width(width: int, pixels: PixelColumns) -> int:
    """Return the length of a row without its frames, of `width` with them."""
    return width - 2 * pixels.stack * pixels.num_words + 2 * pixels.stack


def most_frames(num_rows: int, pixels: PixelColumns) -> int:
    """Return how many frames some rows have at most."""
    return num_rows * 2 * pixels.stack


def to_frame_items(items: Float32Array, pixels: PixelColumns) -> Iterator[FrameItem]:
    """Yield the content of each item, (item, row, width), padded with zeros."""
    for rows in items:
        numbers = np.zeros((len(rows), stored_width(rows.shape[1], pixels)), np.float32)
        numbers[:, 2 * pixels.stack :] = np.delete(rows, _all_pixels(pixels), axis=1)
        known: dict[bytes, int] = {}
        frames: list[Float32Array] = []
        (real,) = np.nonzero(rows[:, -1])
        for row in real:
            row_frames = np.concatenate(pixels.split(rows[row : row + 1]), axis=1)[0]
            for place, frame in enumerate(row_frames):
                number = known.setdefault(frame.tobytes(), len(frames))
                if number == len(frames):
                    frames.append(frame)
                numbers[row, place] = number
        if not frames:  # nothing to train on
            frames.append(np.zeros(pixels.num_words, np.float32))
        yield FrameItem(numbers, frames)


def to_whole_rows(
    stored: Float32Array, frames: Float32Array, pixels: PixelColumns
) -> Float32Array:
    """Return the rows of items with their frames, without padding, (row, width).

    Args:
        stored: rows of items, (item, row, `stored_width`).
        frames: of each item, (item, frame, word).
        pixels: columns of the frames in a whole row.
    """
    stack, num_words = pixels.stack, pixels.num_words
    item, place = np.nonzero(stored[:, :, -1])
    rows = stored[item, place]
    width = rows.shape[1] - 2 * stack + 2 * stack * num_words
    whole = np.empty((len(rows), width), np.float32)
    is_number = np.ones(width, np.bool_)
    is_number[_all_pixels(pixels)] = False
    whole[:, is_number] = rows[:, 2 * stack :]
    index = rows[:, : 2 * stack].astype(np.intp)
    for number, part in enumerate(pixels.split(whole)):
        part[...] = frames[item[:, None], index[:, number * stack : (number + 1) * stack]]
    return whole


def _all_pixels(pixels: PixelColumns) -> NDArray[np.intp]:
    """Return the columns of all frames."""
    columns = (pixels.observation, pixels.next_observation)
    return np.concatenate([np.arange(part.start, part.stop) for part in columns])
