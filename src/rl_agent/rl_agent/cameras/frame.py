# Copyright 2026 The rl_agent authors
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

"""A frame of a camera, in one of the encodings that policies can see."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import RobotError

MOST_PIXELS = 4096 * 4096
_MOST_SIDE = 16384  # rows or columns


@dataclass(frozen=True)
class Encoding:
    """How a camera stores a pixel.

    Attributes:
        kind: `colour`, `mono`, `yuv` or `depth`.
        type: of a value, as NumPy names it.
        channels: values of a pixel.
        order: places of red, green and blue in a pixel; of brightness and chroma where they
            alternate.
        scale: of a value, to 0 to 255, or to m.
    """

    kind: str
    type: str
    channels: int
    order: tuple[int, ...] = (0,)
    scale: float = 1.0


# by the names of sensor_msgs/image_encodings.hpp; those of YUV 4:2:2 changed after Humble
ENCODINGS = {
    'rgb8': Encoding('colour', 'u1', 3, (0, 1, 2)),
    'bgr8': Encoding('colour', 'u1', 3, (2, 1, 0)),
    'rgba8': Encoding('colour', 'u1', 4, (0, 1, 2)),
    'bgra8': Encoding('colour', 'u1', 4, (2, 1, 0)),
    'mono8': Encoding('mono', 'u1', 1),
    '8UC1': Encoding('mono', 'u1', 1),
    'mono16': Encoding('mono', 'u2', 1, scale=255 / 65535),
    'yuv422': Encoding('yuv', 'u1', 2, (1, 0, 2)),
    'uyvy': Encoding('yuv', 'u1', 2, (1, 0, 2)),
    'yuv422_yuy2': Encoding('yuv', 'u1', 2, (0, 1, 3)),
    'yuyv': Encoding('yuv', 'u1', 2, (0, 1, 3)),
    '16UC1': Encoding('depth', 'u2', 1, scale=0.001),  # REP-118
    '32FC1': Encoding('depth', 'f4', 1),
}


PICTURES = {1: 'mono8', 3: 'rgb8'}  # encoding of simulated cameras, by channels


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame.

    Attributes:
        encoding: its name.
        pixels: (height, width, channel) of the encoding's type.
        size: rows and columns that the camera sent; more than those of `pixels` where a decoder
            has made it smaller.
    """

    encoding: str
    pixels: NDArray[Any]
    size: tuple[int, int]


def picture_frame(picture: NDArray[np.uint8]) -> Frame:
    """Return the frame of a simulated camera, (height, width, 1 or 3)."""
    height, width, channels = picture.shape
    return Frame(PICTURES[channels], picture, (height, width))


def read_image(message: Any) -> Frame:
    """Return the frame in a sensor_msgs/msg/Image; its pixels are a view of the message.

    Raises:
        RobotError: its encoding is unknown, or its sizes do not fit its data.
    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise RobotError(
            f'encoding: given {message.encoding[:40]!r}{_hint(message.encoding)}; accepted:'
            f' {", ".join(ENCODINGS)}'
        )
    height, width = check_size(message.height, message.width)
    value = np.dtype(encoding.type)
    pixel = encoding.channels * value.itemsize
    row, step = width * pixel, message.step or width * pixel
    data = np.frombuffer(message.data, np.uint8)
    least, whole = (height - 1) * step + row, height * step
    if step < row or not least <= len(data) <= whole:
        raise RobotError(
            f'data: given {len(data)} bytes with step {message.step} for {width} x {height} pixels'
            f' of {message.encoding}; accepted: step of {row} or more, and {height} times as many'
            ' bytes'
        )
    pixels: NDArray[Any] = np.ndarray(
        (height, width, encoding.channels),
        value.newbyteorder('>' if message.is_bigendian else '<'),
        data,
        strides=(step, pixel, value.itemsize),
    )
    return Frame(message.encoding, pixels, (height, width))


def check_size(height: int, width: int) -> tuple[int, int]:
    """Return the size of a frame.

    Raises:
        RobotError: it has no pixels, or more than any camera.
    """
    fits = 1 <= height <= _MOST_SIDE and 1 <= width <= _MOST_SIDE
    if not fits or height * width > MOST_PIXELS:
        raise RobotError(
            f'size: given {width} x {height}; accepted: 1 to {_MOST_SIDE} each, at most'
            f' {MOST_PIXELS} pixels'
        )
    return height, width


def _hint(encoding: str) -> str:
    """Return what to do about an unknown encoding; empty: nothing is known."""
    return ' (debayer it first, with image_proc)' if encoding.startswith('bayer_') else ''
