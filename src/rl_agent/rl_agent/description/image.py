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

"""Images in an observation: their sizes, and their pixels as exact numbers.

An observation is a vector of float32, and so are the transitions that are sent and stored. Three
bytes of an image make one number, the first byte lowest: a whole number below 2^24, which float32
holds exactly. So images pass every check for finite numbers, and reach the learner bit for bit.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.array_types import Float64Array
from rl_agent.description.field_types import Bounds, check_bounds, STRICT
from rl_agent.errors import ConfigurationError
from typing_extensions import Self

HIGHEST_NUMBER = 2**24 - 1
_BYTES_PER_NUMBER = 3
_MOST_BYTES = 224 * 224 * 3

COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CAMERA_TYPES = ('sensor_msgs/msg/Image', COMPRESSED)
_TASK_TYPE = 'rl_msgs/msg/TaskState'  # of a task that plays a robot in the learner's process
TASK_IMAGE = (
    'image: given one of a Gymnasium task; accepted: one of a camera, with encoding, on ROS'
    ' topics; rl_train plays tasks with images in its own process'
)
_OTHER_KEYS = (
    'joints',
    'indices',
    'size',
    'transform',
    'bounds',
    'clip',
    'replace_nan',
    'quaternion_order',
    'rays',
    'once',
    'task_only',
)

Bytes = NDArray[np.uint8]
Side = Annotated[int, Field(ge=1, le=4096)]
DrawnSide = Annotated[int, Field(ge=8, le=1024)]
Offset = Annotated[int, Field(ge=0, le=16384)]
Length = Annotated[int, Field(ge=1, le=16384)]
Seen = Literal['rgb', 'mono', 'depth']
_RGB = 3  # channels


@dataclass(frozen=True, config=STRICT)
class CropDescription:
    """The part of a camera's frames that a policy sees, in pixels of the frame.

    Attributes:
        left: first column, from 0.
        top: first row, from 0.
        width: columns.
        height: rows.
    """

    left: Offset
    top: Offset
    width: Length
    height: Length


@dataclass(frozen=True, config=STRICT)
class RenderedCamera:
    """A camera of a MuJoCo model, drawn off-screen in the process that simulates the robot.

    Attributes:
        camera: its name in the model.
        height: rows of its pictures.
        width: columns.
    """

    camera: str
    height: DrawnSide
    width: DrawnSide


@dataclass(frozen=True, config=STRICT)
class ImageDescription:
    """Size of an image of 8 bits per value, stored row by row, the channels of a pixel together.

    With `encoding`, it is what a policy sees of the frames of a camera, which are larger or equal:
    each pixel is the mean of the area that it covers.

    Attributes:
        height: rows.
        width: pixels of a row.
        channels: values of a pixel, such as 3 for red, green and blue; a camera's follow from
            `encoding`.
        encoding: of a camera only: `rgb`; `mono`, the luminance; or `depth`, the distance.
        crop: the part of a camera's frames that is seen; if not given, the whole frame.
        depth_m: the nearest and the farthest distance that `depth` tells apart, m. They are the
            values 1 and 255, nearer and farther ones too; 0 is a distance that the camera does
            not know.
    """

    height: Side
    width: Side
    channels: Side = _RGB
    encoding: Seen | None = None
    crop: CropDescription | None = None
    depth_m: Bounds | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        self._check_camera()
        if self.num_bytes > _MOST_BYTES:
            raise ValueError(
                f'given {self.height} x {self.width} x {self.channels}, {self.num_bytes} bytes;'
                f' accepted: at most {_MOST_BYTES}, as of 224 x 224 x 3'
            )
        return self

    def _check_camera(self) -> None:
        """Make the channels those of `encoding`; raise ValueError if the keys do not fit it."""
        given = [key for key in ('crop', 'depth_m') if getattr(self, key) is not None]
        if self.encoding is None and given:
            raise ValueError(f'{given[0]}: given without encoding; accepted: with encoding')
        if (self.encoding == 'depth') != (self.depth_m is not None):
            raise ValueError(
                f'depth_m: {"missing" if self.depth_m is None else "given"} with encoding'
                f' {self.encoding!r}; accepted: with encoding depth, such as [0.2, 4.0]'
            )
        check_bounds(self.depth_m)
        if self.depth_m is not None and self.depth_m[0] < 0.0:
            raise ValueError(f'depth_m: given {list(self.depth_m)}; accepted: 0 or more')
        if self.crop and (self.crop.height < self.height or self.crop.width < self.width):
            raise ValueError(
                f'crop: given {self.crop.height} x {self.crop.width}; accepted: at least'
                f' {self.height} x {self.width}, the rows and columns that the policy sees'
            )
        if self.encoding is None:
            return
        channels = _RGB if self.encoding == 'rgb' else 1
        if self.channels not in (_RGB, channels):
            raise ValueError(
                f'channels: given {self.channels} with encoding {self.encoding!r}; accepted:'
                f' {channels}'
            )
        object.__setattr__(self, 'channels', channels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, self.channels

    @property
    def num_bytes(self) -> int:
        """Values of all pixels."""
        return self.height * self.width * self.channels

    @property
    def size(self) -> int:
        """Numbers that the image takes in an observation."""
        return numbers_for(self.num_bytes)


def check_no_image(kind: str, path: str) -> None:
    """Raise ValueError if an observation field without `image` takes the pixels of a camera."""
    if kind in CAMERA_TYPES and path == 'data':
        raise ValueError(
            f'image: missing with type {kind!r}; accepted: what the policy sees of a frame, such'
            ' as {height: 64, width: 64, encoding: rgb}'
        )


def check_image_field(image: ImageDescription, keys: Mapping[str, Any]) -> None:
    """Raise ValueError unless an observation field may have these other keys with its image."""
    kind, path = keys.get('type'), keys.get('field')
    if kind not in (_TASK_TYPE, *CAMERA_TYPES):
        raise ValueError(
            f'given with type {kind!r}; accepted: with {" or ".join(CAMERA_TYPES)}, of a camera'
        )
    if kind in CAMERA_TYPES and (image.encoding is None or path != 'data'):
        given = 'no encoding' if image.encoding is None else f'field {path!r}'
        raise ValueError(
            f'given {given} with type {kind!r}; accepted: encoding rgb, mono or depth, and field:'
            ' data'
        )
    if kind == _TASK_TYPE and image.encoding is not None:
        raise ValueError(
            f'encoding: given {image.encoding!r} with type {kind!r}; accepted: none, an image of'
            ' a Gymnasium task stays as it is'
        )
    others = [key for key in _OTHER_KEYS if keys.get(key) not in (None, False, 'none')]
    if others:
        raise ValueError(f'given together with {others[0]}; accepted: one of the two')


def image_mistakes(images: Sequence[ImageDescription | None], stack: int) -> list[str]:
    """Return what is wrong with the images of a robot, which end an observation.

    Args:
        images: of each field that the policy sees; None: it has none.
        stack: of the robot.
    """
    mistakes = [
        f'stack: given {stack} with an image of {image.height} x {image.width} x {image.channels},'
        f' {stack * image.num_bytes} bytes together; accepted: at most'
        f' {_MOST_BYTES // image.num_bytes}, {_MOST_BYTES} bytes'
        for image in images
        if image is not None and stack * image.num_bytes > _MOST_BYTES
    ]
    is_image = [image is not None for image in images]
    if is_image != sorted(is_image):
        mistakes.append('observation: given an image before other fields; accepted: after them')
    return mistakes


def stacked(image: ImageDescription, stack: int) -> ImageDescription:
    """Return the image that a policy sees of `stack` frames: their channels, the newest first."""
    if stack == 1:
        return image
    return ImageDescription(image.height, image.width, stack * image.channels)


def refuse_images(robot: str, images: Sequence[ImageDescription], user: str) -> None:
    """Raise ConfigurationError if a robot sees images.

    Args:
        robot: its name.
        images: that its policy sees.
        user: what cannot use images.
    """
    if images:
        raise ConfigurationError(
            f'robot {robot!r}: observation: given an image; accepted: none with {user}, which does'
            ' not support images; rl_train, rl_evaluate, rl_export and rl_plot do'
        )


def refuse_task_images(robot: str, images: Sequence[ImageDescription]) -> None:
    """Raise ConfigurationError if a robot on ROS topics sees images of a Gymnasium task.

    Args:
        robot: its name.
        images: that its policy sees.
    """
    if any(image.encoding is None for image in images):
        raise ConfigurationError(f'robot {robot!r}: observation: {TASK_IMAGE}')


def numbers_for(num_bytes: int) -> int:
    """Return how many numbers hold the bytes of an image."""
    return -(-num_bytes // _BYTES_PER_NUMBER)


def pack_pixels(pixels: Bytes) -> Float64Array:
    """Return the numbers of an image, (size,), of its bytes in any shape."""
    count = numbers_for(pixels.size)
    padded = np.zeros(count * _BYTES_PER_NUMBER, np.uint8)
    padded[: pixels.size] = pixels.ravel()
    words = np.zeros((count, 4), np.uint8)
    words[:, :_BYTES_PER_NUMBER] = padded.reshape(count, _BYTES_PER_NUMBER)
    return words.view('<u4')[:, 0].astype(np.float64)


def unpack_pixels(numbers: NDArray[Any], num_bytes: int) -> Bytes:
    """Return the bytes in the numbers of an image, (..., num_bytes).

    Args:
        numbers: (..., size); one that no image has counts as the nearest that one can have.
        num_bytes: of the image.
    """
    possible = np.fmin(np.fmax(numbers, 0), HIGHEST_NUMBER)  # NaN becomes 0
    words = np.ascontiguousarray(possible).astype('<u4').view(np.uint8)
    count = numbers.shape[-1]
    parts = words.reshape(*numbers.shape[:-1], count, 4)[..., :_BYTES_PER_NUMBER]
    return parts.reshape(*numbers.shape[:-1], count * _BYTES_PER_NUMBER)[..., :num_bytes]
