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

"""Frames of cameras in every encoding, with padding, damage and changing sizes."""

from array import array
from typing import Any

import numpy as np
import pytest
from rl_agent.cameras.camera_reader import CameraReader
from rl_agent.cameras.frame import ENCODINGS
from rl_agent.description.image import CropDescription, ImageDescription, unpack_pixels
from rl_agent.errors import RobotError
from sensor_msgs.msg import Image

RGB = ImageDescription(2, 2, encoding='rgb')
MONO = ImageDescription(2, 2, encoding='mono')
DEPTH = ImageDescription(1, 3, encoding='depth', depth_m=(1.0, 3.0))
# red, green; blue, white
COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)


def message(
    pixels: np.ndarray[Any, Any],
    encoding: str,
    padding: int = 0,
    *,
    is_bigendian: bool = False,
) -> Image:
    """Return a frame, (row, column, channel), with bytes after each row."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return Image(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=padded.shape[1],
        data=array('B', padded.tobytes()),
    )


def seen(given: Image, image: ImageDescription) -> np.ndarray[Any, Any]:
    """Return what a policy sees of one frame, (row, column, channel)."""
    numbers = CameraReader(image, 'sensor_msgs/msg/Image')(given)
    assert numbers.shape == (image.size,)
    return unpack_pixels(numbers, image.num_bytes).reshape(image.shape)


@pytest.mark.parametrize('padding', [0, 1, 26])
@pytest.mark.parametrize(
    ('encoding', 'order'),
    [('rgb8', [0, 1, 2]), ('bgr8', [2, 1, 0]), ('rgba8', [0, 1, 2, 0]), ('bgra8', [2, 1, 0, 0])],
)
def test_colours_are_red_green_blue_whatever_their_order_and_padding(
    encoding: str, order: list[int], padding: int
) -> None:
    """Cameras of V4L2 pad rows: their step is longer than the pixels."""
    given = message(COLOURS[..., order], encoding, padding)
    assert np.array_equal(seen(given, RGB), COLOURS)


def test_luminance_weighs_the_colours() -> None:
    expected = [[round(0.299 * 255), round(0.587 * 255)], [round(0.114 * 255), 255]]
    assert seen(message(COLOURS, 'rgb8'), MONO)[..., 0].tolist() == expected


@pytest.mark.parametrize('is_bigendian', [False, True])
def test_16_bits_become_8(is_bigendian: bool) -> None:
    values = np.array([[[0], [65535]], [[32896], [257]]], '>u2' if is_bigendian else '<u2')
    given = message(values, 'mono16', padding=3, is_bigendian=is_bigendian)
    assert seen(given, MONO)[..., 0].tolist() == [[0, 255], [128, 1]]


@pytest.mark.parametrize(
    ('encodings', 'order'), [(('yuv422_yuy2', 'yuyv'), (0, 1)), (('yuv422', 'uyvy'), (1, 0))]
)
def test_both_names_of_yuv_are_read(encodings: tuple[str, str], order: tuple[int, int]) -> None:
    """The names changed after Humble. Two pixels share their chroma; limited range of BT.601."""
    # brightness and chroma: white and black; then the red of (81, 90, 240) twice
    pairs = np.array([[[235, 128], [16, 128]], [[81, 90], [81, 240]]], np.uint8)
    for encoding in encodings:
        pixels = seen(message(pairs[..., order], encoding, padding=4), RGB).astype(int)
        expected = [[[255] * 3, [0] * 3], [[254, 0, 0]] * 2]
        assert np.abs(pixels - expected).max() <= 1, encoding


@pytest.mark.parametrize('is_bigendian', [False, True])
def test_depth_in_millimetres_and_in_metres_is_the_same(is_bigendian: bool) -> None:
    """Real cameras send 16UC1 in mm, simulated ones 32FC1 in m (REP-118)."""
    order = '>' if is_bigendian else '<'
    metres = np.array([[[2.0], [1.0], [np.nan]]])
    millimetres = np.nan_to_num(1000 * metres).astype(f'{order}u2')
    for pixels, encoding in ((metres.astype(f'{order}f4'), '32FC1'), (millimetres, '16UC1')):
        given = message(pixels, encoding, padding=2, is_bigendian=is_bigendian)
        assert seen(given, DEPTH).ravel().tolist() == [128, 1, 0], encoding


def test_depth_out_of_range_is_the_nearest_in_range_and_unknown_is_left_out_of_means() -> None:
    pixels = np.array([[[0.2], [0.2], [np.inf], [9.0], [np.nan], [2.0]]], np.float32)
    assert seen(message(pixels, '32FC1'), DEPTH).ravel().tolist() == [1, 255, 128]


def test_a_frame_shrinks_to_means_of_the_part_that_is_seen() -> None:
    frame = np.zeros((4, 7, 1), np.uint8)
    frame[:, 1:3] = 100  # the left half of the part
    frame[0, 3] = 80
    image = ImageDescription(
        2, 2, encoding='mono', crop=CropDescription(left=1, top=0, width=4, height=4)
    )
    assert seen(message(frame, 'mono8'), image)[..., 0].tolist() == [[100, 20], [100, 0]]


def test_sizes_that_do_not_divide_share_pixels_by_area() -> None:
    image = ImageDescription(1, 2, encoding='mono')
    frame = np.array([[[0], [30], [90]]], np.uint8)
    assert seen(message(frame, 'mono8'), image).ravel().tolist() == [10, 70]


def changed(**changes: Any) -> Image:
    """Return a frame of 2 x 2 pixels with other fields than it should have."""
    given = message(COLOURS, 'rgb8')
    for name, value in changes.items():
        setattr(given, name, value)
    return given


@pytest.mark.parametrize(
    ('given', 'image', 'reason'),
    [
        (changed(data=array('B', bytes(9))), RGB, 'data: given 9 bytes with step 6 for 2 x 2'),
        (changed(data=array('B', bytes(40))), RGB, 'data: given 40 bytes'),
        (changed(data=array('B')), RGB, 'data: given 0 bytes'),
        (changed(step=5), RGB, 'with step 5 for 2 x 2 pixels of rgb8; accepted: step of 6 or'),
        (changed(height=0), RGB, 'size: given 2 x 0'),
        (changed(width=2**32 - 1, height=2**32 - 1), RGB, 'size: given 4294967295 x 4294967295'),
        (changed(encoding=''), RGB, "encoding: given ''; accepted: rgb8, bgr8"),
        (changed(encoding='bayer_rggb8'), RGB, r'bayer_rggb8.*debayer it first.*; accepted'),
        (changed(encoding='x' * 999), RGB, f"given '{'x' * 40}'; accepted"),
        (message(COLOURS[..., :1], 'mono8'), RGB, 'given mono8 for rgb; accepted: rgb8, .*yuyv$'),
        (message(COLOURS, 'rgb8'), DEPTH, 'given rgb8 for depth; accepted: 16UC1, 32FC1$'),
        (message(COLOURS[:1], 'rgb8'), RGB, 'given 2 x 1; accepted: at least 2 x 2, for what'),
        (message(np.zeros((2, 3, 2), np.uint8), 'yuyv'), RGB, 'given 3 x 2 of yuyv; .*even width'),
    ],
)
def test_what_does_not_fit_is_named(given: Image, image: ImageDescription, reason: str) -> None:
    with pytest.raises(RobotError, match=reason):
        seen(given, image)


def test_a_crop_beyond_the_frame_is_named() -> None:
    crop = CropDescription(left=1, top=0, width=2, height=2)
    image = ImageDescription(2, 2, encoding='rgb', crop=crop)
    with pytest.raises(RobotError, match='given 2 x 2; accepted: at least 3 x 2, for crop'):
        seen(message(COLOURS, 'rgb8'), image)


def test_another_size_than_before_is_refused_until_the_first_comes_back() -> None:
    read = CameraReader(MONO, 'sensor_msgs/msg/Image')
    small, large = (message(np.zeros((side, 4, 1), np.uint8), 'mono8') for side in (3, 4))
    read(small)
    with pytest.raises(RobotError, match='size: given 4 x 4; accepted: 4 x 3, as of the frames'):
        read(large)
    read(small)


def test_a_frame_that_is_refused_does_not_choose_the_size() -> None:
    read = CameraReader(RGB, 'sensor_msgs/msg/Image')
    with pytest.raises(RobotError, match='encoding'):
        read(message(np.zeros((3, 3, 1), np.uint8), 'mono8'))
    read(message(COLOURS, 'rgb8'))


def test_the_last_row_may_lack_its_padding_and_no_step_means_no_padding() -> None:
    padded = message(COLOURS, 'rgb8', padding=2)
    padded.data = padded.data[:-2]
    assert np.array_equal(seen(padded, RGB), COLOURS)
    assert np.array_equal(seen(changed(step=0), RGB), COLOURS)


def is_seen_or_named(given: Image, image: ImageDescription) -> bool:
    """Return whether a frame gives pixels, or an error that says what is accepted."""
    try:
        return seen(given, image).shape == image.shape
    except RobotError as error:
        return 'accepted: ' in str(error)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_any_bytes_give_pixels_or_one_error(encoding: str) -> None:
    """Whatever a driver sends, the reader answers with pixels or with a RobotError."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        given = Image(
            height=int(rng.integers(0, 6)),
            width=int(rng.integers(0, 6)),
            encoding=encoding,
            is_bigendian=int(rng.integers(2)),
            step=int(rng.integers(0, 50)),
            data=array('B', rng.bytes(int(rng.integers(0, 120)))),
        )
        for image in (RGB, MONO, DEPTH):
            assert is_seen_or_named(given, image)
