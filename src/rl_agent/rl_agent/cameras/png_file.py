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

"""Writes images as PNG, with the standard library only."""

from collections.abc import Sequence
from pathlib import Path
import struct
import zlib

import numpy as np
from rl_agent.description.image import Bytes

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_RGB, _BITS, _GAP = 2, 8, 4  # pixels between two images


def side_by_side(images: Sequence[Bytes]) -> Bytes:
    """Return images, (height, width, 1 or 3) each, in one picture, (height, width, 3)."""
    height = max(len(image) for image in images)
    parts = []
    for image in images:
        coloured = np.broadcast_to(image, (*image.shape[:2], 3))
        below = height - len(image)
        parts.append(np.pad(coloured, ((0, below), (0, _GAP), (0, 0)), constant_values=255))
    return np.concatenate(parts, 1)[:, :-_GAP]


def write_png(path: Path, picture: Bytes, scale: int = 1) -> None:
    """Write a picture, (height, width, 3), each pixel as a square.

    Args:
        path: of the file.
        picture: to write.
        scale: rows and columns of a square.

    Raises:
        OSError: it cannot be written.
    """
    large = picture.repeat(scale, 0).repeat(scale, 1)
    height, width = large.shape[:2]
    header = struct.pack('>IIBBBBB', width, height, _BITS, _RGB, 0, 0, 0)
    lines = b''.join(b'\0' + line.tobytes() for line in large)  # 0: not filtered
    chunks = ((b'IHDR', header), (b'IDAT', zlib.compress(lines)), (b'IEND', b''))
    path.write_bytes(_SIGNATURE + b''.join(_chunk(kind, data) for kind, data in chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    checksum = zlib.crc32(kind + data)
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', checksum)
