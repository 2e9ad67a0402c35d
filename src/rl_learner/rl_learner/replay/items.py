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

"""Blocks of rows of a fixed size: the content of one Reverb item.

Reverb's cost is per item, hardly per byte. Measured with rows of 107 numbers: with one row per
item, a row takes 6 to 8 us of processor time to sample and 30 to 50 us to insert; with 16 rows per
item, 0.5 us and 1.5 us.

With images, an item has its rows without them, and a second column with each frame of these rows,
see `frame_items`.
"""

import numpy as np
from rl_agent.array_types import Float32Array
from rl_learner.frames.frame_items import stored_width
from rl_learner.frames.pixel_columns import PixelColumns

ROWS_PER_ITEM = 16
ROWS, FRAMES = 'rows', 'frames'  # columns of an item


def item_shapes(width: int, pixels: PixelColumns | None) -> dict[str, tuple[int | None, int]]:
    """Return the shape of each column of an item; None: it varies.

    Args:
        width: length of a row.
        pixels: columns of images in it, None without any.
    """
    if pixels is None:
        return {ROWS: (ROWS_PER_ITEM, width)}
    return {
        FRAMES: (None, pixels.num_words),
        ROWS: (ROWS_PER_ITEM, stored_width(width, pixels)),
    }


def to_items(rows: Float32Array) -> Float32Array:
    """Return rows, (row, width), as items, (item, ROWS_PER_ITEM, width), the last one padded.

    Args:
        rows: see there.

    Padding is zero. It is recognised by a row's last number, `num_steps` of `ReplayLayout`, which
    is never 0 in a real row. A row that must not be trained on is zero, too.
    """
    count, width = rows.shape
    num_items = items_for(count)
    padded = rows
    if num_items * ROWS_PER_ITEM != count:
        padded = np.zeros((num_items * ROWS_PER_ITEM, width), np.float32)
        padded[:count] = rows
    return padded.reshape(num_items, ROWS_PER_ITEM, width)


def to_rows(items: Float32Array) -> Float32Array:
    """Return the rows, (row, width), of items, (item, ROWS_PER_ITEM, width), without padding."""
    rows = items.reshape(-1, items.shape[-1])
    is_real = rows[:, -1] != 0.0
    return rows if is_real.all() else rows[is_real]


def items_for(rows: int) -> int:
    """Return the number of items that hold the given number of rows."""
    return -(-rows // ROWS_PER_ITEM)
