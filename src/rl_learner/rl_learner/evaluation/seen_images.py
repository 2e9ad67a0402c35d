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

"""What a policy saw in an episode, as one picture: to find swapped colours and black cameras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rl_agent.array_types import Float32Array, Float64Array, Frame
from rl_agent.description.image import Bytes, ImageDescription, unpack_pixels

SEEN, SALIENCY = 'seen.png', 'saliency.png'
_COLUMNS = 8
_LEAST_HEIGHT, _GAP = 96, 4  # pixels
_BACKGROUND = 255


class SeenImages:
    """Keeps the images of about eight steps, evenly spread over an episode of any length."""

    def __init__(self, images: Sequence[ImageDescription]) -> None:
        """Keep none yet.

        Args:
            images: at the end of an observation.
        """
        self._images = tuple(images)
        self._kept: list[Float32Array | Float64Array] = []
        self._every, self._steps = 1, 0

    def add(self, observation: Float32Array | Float64Array) -> None:
        """Take the observation of the next step, (observation,)."""
        if self._images and self._steps % self._every == 0:
            self._kept.append(observation)
            if len(self._kept) == 2 * _COLUMNS:
                self._kept, self._every = self._kept[::2], 2 * self._every
        self._steps += 1

    @property
    def kept(self) -> Float32Array:
        """The observations of the steps that are shown, (step, observation)."""
        return np.asarray(self._kept[:_COLUMNS], np.float32)

    def write_saliency(self, folder: Path, maps: Sequence[Float32Array]) -> list[Path]:
        """Write `saliency.png`: the images of `seen.png` in gray, and in red what changes Q.

        Args:
            folder: to write into.
            maps: how much each pixel does, (step, height, width) for each image.
        """
        rows, start = [], self._start
        for image, pixels in zip(self._images, maps, strict=True):
            numbers = self.kept[:, start : start + image.size]
            seen = unpack_pixels(numbers, image.num_bytes).reshape(-1, *image.shape)
            rows.append([_with_red(*pair) for pair in zip(seen, pixels, strict=True)])
            start += image.size
        Image.fromarray(_sheet(rows)).save(folder / SALIENCY)
        return [folder / SALIENCY]

    @property
    def _start(self) -> int:
        """Numbers of an observation before its images."""
        return len(self._kept[0]) - sum(image.size for image in self._images)

    def write(self, folder: Path) -> list[Path]:
        """Write `seen.png`, a row for each image, a column for each step; nothing without any."""
        if not self._kept:
            return []
        rows, start = [], self._start
        for image in self._images:
            numbers = [kept[start : start + image.size] for kept in self._kept[:_COLUMNS]]
            rows.append([_picture(image, unpack_pixels(row, image.num_bytes)) for row in numbers])
            start += image.size
        Image.fromarray(_sheet(rows)).save(folder / SEEN)
        return [folder / SEEN]


def _with_red(pixels: Bytes, weights: Float32Array) -> Frame:
    """Return the newest frame of an image, (height, width, channel), in gray, weights in red."""
    group = 3 if pixels.shape[2] % 3 == 0 else 1
    gray = pixels[:, :, :group].mean(axis=2)[:, :, None] * np.full(3, 0.5)
    gray[:, :, 0] += 127.5 * weights / (float(weights.max()) or 1.0)
    return _large(gray.astype(np.uint8))


def _large(picture: Frame) -> Frame:
    """Return a picture with each pixel repeated until it is large enough to see."""
    factor = -(-_LEAST_HEIGHT // len(picture))
    large: Frame = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    return large


def _picture(image: ImageDescription, pixels: Bytes) -> Frame:
    """Return an image in colour or gray, large enough to see, (height, width, 3).

    Of more than three channels, threes are frames one after another, else each is one.
    """
    values = pixels.reshape(image.shape)
    group = 3 if image.channels % 3 == 0 else 1
    frames = [values[:, :, first : first + group] for first in range(0, image.channels, group)]
    wide = np.concatenate(frames, axis=1)
    large = _large(wide)
    if group == 1:
        large = large.repeat(3, axis=2)
    return large


def _sheet(rows: Sequence[Sequence[Frame]]) -> Frame:
    """Return pictures below and beside each other, with gaps, (height, width, 3)."""
    height = sum(row[0].shape[0] + _GAP for row in rows) - _GAP
    width = max(len(row) * (row[0].shape[1] + _GAP) for row in rows) - _GAP
    sheet = np.full((height, width, 3), _BACKGROUND, np.uint8)
    top = 0
    for row in rows:
        for number, picture in enumerate(row):
            left = number * (picture.shape[1] + _GAP)
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        top += row[0].shape[0] + _GAP
    return sheet
