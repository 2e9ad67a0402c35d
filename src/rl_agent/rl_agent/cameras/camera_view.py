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

"""What a policy sees of the frames of a camera: a part, smaller, in one kind of pixels."""

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_agent.cameras.frame import Encoding, ENCODINGS, Frame
from rl_agent.cameras.image_resize import ImageResize
from rl_agent.description.image import Bytes, ImageDescription
from rl_agent.errors import RobotError

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue, ITU-R BT.601
_FROM_YUV = np.array(
    [[1.164, 1.164, 1.164], [0.0, -0.391, 2.018], [1.596, -0.813, 0.0]], np.float32
)
_YUV_ZERO = np.array([16.0, 128.0, 128.0], np.float32)
_KINDS = {'rgb': ('colour', 'yuv'), 'mono': ('mono', 'colour', 'yuv'), 'depth': ('depth',)}
_DEPTH_STEPS = 254  # from 1 to 255; 0 is unknown


class CameraView:
    """Makes frames what a policy sees.

    All frames must have the size of the first: another one would show another part of the world.
    """

    def __init__(self, image: ImageDescription) -> None:
        """Show what a description asks for."""
        self._image = image
        self._size: tuple[int, int] | None = None  # of the frames
        self._resize: dict[tuple[int, int], ImageResize] = {}

    @property
    def needed(self) -> tuple[int, int] | None:
        """Rows and columns that a decoder must give at least; None: the whole frame."""
        return None if self._image.crop else (self._image.height, self._image.width)

    def __call__(self, frame: Frame) -> Bytes:
        """Return the pixels that the policy sees, (height, width, channel).

        Raises:
            RobotError: the frame does not fit the description, or the frames before.
        """
        encoding, image = ENCODINGS[frame.encoding], self._image
        is_depth_of_16_bits = image.encoding == 'depth' and frame.encoding == 'mono16'
        if is_depth_of_16_bits:  # as some drivers name it
            encoding = ENCODINGS['16UC1']
        if encoding.kind not in _KINDS[image.encoding or '']:
            fitting = [name for name in ENCODINGS if self._accepts(ENCODINGS[name])]
            raise RobotError(
                f'encoding: given {frame.encoding} for {image.encoding}; accepted:'
                f' {", ".join(fitting)}'
            )
        self._check_size(frame.size)
        pixels = _with_chroma(frame, encoding) if encoding.kind == 'yuv' else frame.pixels
        if image.crop:
            crop = image.crop
            rows = slice(crop.top, crop.top + crop.height)
            pixels = pixels[rows, crop.left : crop.left + crop.width]
        seen = self._depth(pixels, encoding) if encoding.kind == 'depth' else None
        if seen is None:
            seen = self._colours(self._resized(pixels), encoding)
        self._size = frame.size
        return np.rint(seen).astype(np.uint8)

    def _accepts(self, encoding: Encoding) -> bool:
        """Return whether frames of an encoding can be seen."""
        return encoding.kind in _KINDS[self._image.encoding or '']

    def _check_size(self, size: tuple[int, int]) -> None:
        """Raise RobotError if frames of a size cannot be seen."""
        image, crop = self._image, self._image.crop
        height, width = size
        if self._size is not None and self._size != size:
            raise RobotError(
                f'size: given {width} x {height}; accepted: {self._size[1]} x {self._size[0]}, as'
                ' of the frames before'
            )
        least = (image.height, image.width)
        if crop:
            least = (crop.top + crop.height, crop.left + crop.width)
        if height < least[0] or width < least[1]:
            reason = 'crop' if crop else 'what the policy sees'
            raise RobotError(
                f'size: given {width} x {height}; accepted: at least {least[1]} x {least[0]}, for'
                f' {reason}'
            )

    def _resized(self, pixels: NDArray[np.generic]) -> Float32Array:
        """Return pixels of any size, (row, column, channel), in the size that is seen."""
        size = (pixels.shape[0], pixels.shape[1])
        if size not in self._resize:
            self._resize = {size: ImageResize(size, (self._image.height, self._image.width))}
        return self._resize[size].means(pixels)

    def _colours(self, means: Float32Array, encoding: Encoding) -> Float32Array:
        """Return the wanted channels from 0 to 255 of the means of a frame's channels."""
        if encoding.kind == 'mono':
            return means * np.float32(encoding.scale)
        if encoding.kind == 'yuv':
            colours = ((means - _YUV_ZERO) @ _FROM_YUV).clip(0.0, 255.0)
        else:
            colours = means[..., encoding.order]
        return (colours @ _LUMINANCE)[..., None] if self._image.encoding == 'mono' else colours

    def _depth(self, pixels: NDArray[np.generic], encoding: Encoding) -> Float32Array:
        """Return depth as the values 0 to 255; see `ImageDescription.depth_m`."""
        near_m, far_m = self._image.depth_m or (0.0, 1.0)
        metres = pixels.astype(np.float32) * np.float32(encoding.scale)
        known = metres > 0.0  # not NaN; infinite is far (REP-117)
        share = (np.where(known, metres, near_m).clip(near_m, far_m) - near_m) / (far_m - near_m)
        weight = self._resized(known)
        with np.errstate(invalid='ignore', divide='ignore'):
            mean = self._resized(share * known) / weight
        values: Float32Array = np.where(weight > 0.0, 1.0 + _DEPTH_STEPS * mean, 0.0)
        return values


def _with_chroma(frame: Frame, encoding: Encoding) -> Bytes:
    """Return brightness and both chroma values of each pixel of YUV 4:2:2, (row, column, 3).

    Raises:
        RobotError: the width is odd.
    """
    height, width = frame.pixels.shape[:2]
    if width % 2:
        raise RobotError(
            f'size: given {width} x {height} of {frame.encoding}; accepted: an even width'
        )
    brightness, first, second = encoding.order
    pairs = frame.pixels.reshape(height, width // 2, 4)
    whole = np.empty((height, width, 3), np.uint8)
    whole[..., 0] = frame.pixels[..., brightness]
    for channel, place in ((1, first), (2, second)):
        whole[:, 0::2, channel] = whole[:, 1::2, channel] = pairs[..., place]
    return whole
