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

"""Compressed frames as drivers and image_transport send them, whole and damaged."""

from array import array
import io
import struct
from typing import Any
import zlib

import numpy as np
import pytest
from rl_agent.cameras.camera_reader import CameraReader
from rl_agent.cameras.compressed_frame import read_compressed_image
from rl_agent.description.image import (
    COMPRESSED,
    CropDescription,
    ImageDescription,
    unpack_pixels,
)
from rl_agent.errors import RobotError
from sensor_msgs.msg import CompressedImage

Picture = pytest.importorskip('PIL.Image', reason='pillow is not installed: pip install pillow')

RGB = ImageDescription(6, 8, encoding='rgb')
MONO = ImageDescription(6, 8, encoding='mono')
DEPTH = ImageDescription(6, 8, encoding='depth', depth_m=(0.0, 2.54))


def gradient(height: int = 60, width: int = 80) -> Any:
    """Return a frame without edges, (row, column, 3), which JPEG hardly changes."""
    down, across = np.meshgrid(
        np.linspace(0, 255, height), np.linspace(0, 255, width), indexing='ij'
    )
    return np.stack([down, across, 255 - down], -1).astype(np.uint8)


def compressed(pixels: np.ndarray[Any, Any], kind: str, text: str) -> CompressedImage:
    """Return a message with pixels as JPEG or PNG, and what `format` says."""
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, kind)
    return CompressedImage(format=text, data=array('B', file.getvalue()))


def seen(given: CompressedImage, image: ImageDescription) -> np.ndarray[Any, Any]:
    """Return what a policy sees of one frame, (row, column, channel)."""
    numbers = CameraReader(image, COMPRESSED)(given)
    return unpack_pixels(numbers, image.num_bytes).reshape(image.shape)


@pytest.mark.parametrize(
    ('kind', 'text', 'tolerance'),
    [
        ('PNG', 'rgb8; png compressed bgr8', 1),
        ('JPEG', 'bgr8; jpeg compressed bgr8', 6),
        ('JPEG', 'jpeg', 6),
        ('JPEG', '', 6),
        ('PNG', 'jpeg', 1),  # the content counts
    ],
)
@pytest.mark.parametrize('crop', [None, CropDescription(left=0, top=0, width=80, height=60)])
def test_jpeg_and_png_are_seen_as_they_were(
    kind: str, text: str, tolerance: int, crop: CropDescription | None
) -> None:
    image = ImageDescription(6, 8, encoding='rgb', crop=crop)
    pixels = seen(compressed(gradient(), kind, text), image).astype(int)
    means = gradient().reshape(6, 10, 8, 10, 3).mean((1, 3))
    assert np.abs(pixels - means).max() <= tolerance


def test_a_jpeg_is_decoded_no_larger_than_needed() -> None:
    given = compressed(gradient(480, 640), 'JPEG', 'jpeg')
    assert read_compressed_image(given, (64, 64)).pixels.shape == (120, 160, 3)
    assert read_compressed_image(given).pixels.shape == (480, 640, 3)
    assert read_compressed_image(given, (64, 64)).size == (480, 640)
    uneven = compressed(gradient(484, 642), 'JPEG', 'jpeg')  # a half, and not a quarter, divides
    assert read_compressed_image(uneven, (64, 64)).pixels.shape == (242, 321, 3)


def test_depth_without_loss_is_read() -> None:
    millimetres = np.full((60, 80), 1270, np.uint16)
    for text in ('16UC1; png compressed ', '16UC1; compressedDepth png', '16UC1; compressedDepth'):
        given = compressed(millimetres, 'PNG', text)
        if 'Depth' in text:
            given.data = array('B', struct.pack('<iff', 0, 0.0, 0.0) + given.data.tobytes())
        assert (seen(given, DEPTH) == 128).all(), text


def test_depth_as_inverse_numbers_is_read() -> None:
    """As compressed_depth_image_transport stores 32FC1: quotient / depth + offset; 0: unknown."""
    stored = np.full((60, 80), round(100.0 / 1.27 + 3.0), np.uint16)
    stored[:, 40:] = 0
    given = compressed(stored, 'PNG', '32FC1; compressedDepth png')
    given.data = array('B', struct.pack('<iff', 0, 100.0, 3.0) + given.data.tobytes())
    pixels = seen(given, DEPTH)
    assert abs(int(pixels[0, 0, 0]) - 128) <= 2
    assert (pixels[:, 4:] == 0).all()


@pytest.mark.parametrize(
    ('given', 'image', 'reason'),
    [
        # what the driver took for colours was compressed as gray
        (
            compressed(gradient()[..., 0], 'JPEG', 'yuv422_yuy2; jpeg compressed mono8'),
            RGB,
            'encoding: given mono8 for rgb',
        ),
        # depth as JPEG has lost all but 8 bits
        (
            compressed(gradient()[..., 0], 'JPEG', '16UC1; jpeg compressed '),
            DEPTH,
            'encoding: given mono8 for depth; accepted: 16UC1, 32FC1',
        ),
        (CompressedImage(format='h264', data=array('B', b'\0\0\0\1')), RGB, "'h264' that begin"),
        (CompressedImage(format='jpeg'), RGB, 'given 0 bytes of format .*begin with nothing'),
        (
            compressed(np.zeros((60, 80), np.uint8), 'PNG', '16UC1; compressedDepth png'),
            DEPTH,
            'accepted: JPEG or PNG',
        ),
        (
            compressed(gradient(4, 4), 'PNG', 'png'),
            RGB,
            'size: given 4 x 4; accepted: at least 8 x 6',
        ),
    ],
)
def test_what_does_not_fit_is_named(
    given: CompressedImage, image: ImageDescription, reason: str
) -> None:
    with pytest.raises(RobotError, match=reason):
        seen(given, image)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG'])
def test_a_frame_that_ends_early_is_named(kind: str) -> None:
    """A cable or hub that loses data: `premature end of data segment`."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    given = compressed(noise, kind, kind.lower())
    for part in (0.2, 0.5, 0.9):
        cut = CompressedImage(format='jpeg', data=given.data[: int(part * len(given.data))])
        with pytest.raises(RobotError, match=r'data: given (a damaged|[0-9]+ bytes)'):
            seen(cut, RGB)


def is_seen_or_named(given: CompressedImage, image: ImageDescription) -> bool:
    """Return whether a frame gives pixels, or an error that says what is accepted."""
    try:
        return seen(given, image).shape == image.shape
    except RobotError as error:
        return 'accepted: ' in str(error)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG'])
def test_any_damage_gives_pixels_or_one_error(kind: str) -> None:
    rng, given = np.random.default_rng(0), compressed(gradient(), kind, kind.lower())
    for _ in range(200):
        data = np.array(given.data, np.uint8)
        data[rng.integers(0, len(data), 8)] = rng.integers(0, 256, 8)
        damaged = CompressedImage(format='16UC1; png', data=array('B', data.tobytes()))
        for image in (RGB, MONO, DEPTH):
            assert is_seen_or_named(damaged, image)


def test_a_picture_of_impossible_size_is_refused_before_it_is_decoded() -> None:
    head = struct.pack('>IIBBBBB', 60_000, 60_000, 8, 2, 0, 0, 0)
    file = io.BytesIO()
    Picture.fromarray(gradient()).save(file, 'PNG')
    data = bytearray(file.getvalue())
    data[16:29] = head
    data[29:33] = struct.pack('>I', zlib.crc32(bytes(data[12:29])))
    with pytest.raises(RobotError, match=r'size: .*3600000000 pixels.*; accepted: at most'):
        seen(CompressedImage(format='png', data=array('B', bytes(data))), RGB)
