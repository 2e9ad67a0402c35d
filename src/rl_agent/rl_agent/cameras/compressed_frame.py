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

"""Decodes compressed frames of cameras, with Pillow."""

import importlib.util
import io
import struct
from typing import Any, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rl_agent.cameras.frame import check_size, Frame, MOST_PIXELS
from rl_agent.errors import RobotError

if TYPE_CHECKING:
    from PIL.Image import Image

MISSING_PILLOW = (
    'needs the Python package Pillow; accepted: `sudo apt install python3-pil`, or `pip install'
    ' pillow`, or a topic of type sensor_msgs/msg/Image'
)
# of compressed_depth_image_transport: format, then two parameters of an inverse depth
_DEPTH_HEADER = struct.Struct('<iff')
_DEPTH = 'compressedDepth'
_FORMATS = ('JPEG', 'PNG')
_PARTS = (8, 4, 2)  # of its sides, at which a JPEG can be decoded
_16_BITS = ('I', 'I;16', 'I;16B')  # by the version of Pillow
_MODES = {'RGB': 'rgb8', 'RGBA': 'rgba8', 'L': 'mono8', **dict.fromkeys(_16_BITS, 'mono16')}


def has_pillow() -> bool:
    """Return whether Pillow is installed."""
    return importlib.util.find_spec('PIL') is not None


def read_compressed_image(message: Any, most: tuple[int, int] | None = None) -> Frame:
    """Return the frame in a sensor_msgs/msg/CompressedImage.

    Its content says whether it is JPEG or PNG, because drivers fill `format` differently.

    Args:
        message: the message.
        most: rows and columns that are needed of it; a JPEG is decoded at an eighth, a quarter or
            half of its size if that is enough and divides its sides. None: all.

    Raises:
        RobotError: it is damaged, or neither JPEG nor PNG.
    """
    data = bytes(message.data)
    kind, _, transport = message.format.partition(';')
    is_depth = _DEPTH in transport
    header = data[: _DEPTH_HEADER.size] if is_depth else b''
    image = _opened(data[len(header) :], message.format)
    size = check_size(image.height, image.width)
    if most is not None:
        _decode_smaller(image, most)
    pixels = _loaded(image)
    if is_depth or (kind.strip() == '16UC1' and image.mode in _16_BITS):
        return _depth_frame(kind.strip(), header, pixels, image.mode, size)
    return Frame(_MODES[image.mode], pixels.reshape(*pixels.shape[:2], -1), size)


def _opened(data: bytes, given: str) -> 'Image':
    """Return an image whose pixels are not decoded yet; `given` is its format, as it says."""
    from PIL import Image

    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise RobotError(f'size: {error}; accepted: at most {MOST_PIXELS} pixels') from error
    except Exception as error:  # of many types, as its content is anybody's
        raise RobotError(
            f'data: given {len(data)} bytes of format {given[:60]!r} that begin with'
            f' {data[:8].hex() or "nothing"}; accepted: JPEG or PNG'
        ) from error


def _decode_smaller(image: 'Image', most: tuple[int, int]) -> None:
    """Choose the smallest size at which a JPEG has enough rows and columns; see above."""
    for part in _PARTS:
        divides = image.height % part == image.width % part == 0
        if divides and image.height >= part * most[0] and image.width >= part * most[1]:
            image.draft(None, (image.width // part, image.height // part))
            return


def _loaded(image: 'Image') -> NDArray[Any]:
    """Return the pixels of an image."""
    if image.mode not in _MODES:
        raise RobotError(
            f'data: given {image.format} with pixels of {image.mode}; accepted:'
            f' {", ".join(_MODES)}'
        )
    try:
        image.load()
        return np.asarray(image)
    except Exception as error:  # as above
        raise RobotError(
            f'data: given a damaged {image.format}: {error}; accepted: a complete one'
        ) from error


def _depth_frame(
    kind: str, header: bytes, pixels: NDArray[Any], mode: str, size: tuple[int, int]
) -> Frame:
    """Return a frame of depth that is compressed without loss.

    Args:
        kind: encoding before it was compressed.
        header: of compressed_depth_image_transport; empty: none.
        pixels: (height, width).
        mode: of the pixels, as Pillow names it.
        size: rows and columns.
    """
    if kind not in ('16UC1', '32FC1') or mode not in _16_BITS:
        raise RobotError(
            f'format: given {kind[:40]!r} in pixels of {mode}; accepted: 16UC1 or 32FC1 in PNG of'
            ' 16 bits'
        )
    if kind == '16UC1':
        return Frame(kind, pixels[..., None], size)
    _, quotient, offset = _DEPTH_HEADER.unpack(header)
    with np.errstate(divide='ignore', invalid='ignore'):
        metres = quotient / (pixels.astype(np.float32) - np.float32(offset))
    metres[pixels == 0] = np.nan
    return Frame(kind, metres[..., None], size)
