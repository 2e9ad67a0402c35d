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
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.array_types import Float64Array
from rl_agent.description.field_types import STRICT
from rl_agent.errors import ConfigurationError
from typing_extensions import Self

HIGHEST_NUMBER = 2**24 - 1
_BYTES_PER_NUMBER = 3
_MOST_BYTES = 224 * 224 * 3

_IMAGE_TYPE = 'rl_msgs/msg/TaskState'  # of a task that plays a robot in the learner's process
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


@dataclass(frozen=True, config=STRICT)
class ImageDescription:
    """Size of an image of 8 bits per value, stored row by row, the channels of a pixel together.

    Attributes:
        height: rows.
        width: pixels of a row.
        channels: values of a pixel, such as 3 for red, green and blue.
    """

    height: Side
    width: Side
    channels: Side = 3

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.num_bytes > _MOST_BYTES:
            raise ValueError(
                f'given {self.height} x {self.width} x {self.channels}, {self.num_bytes} bytes;'
                f' accepted: at most {_MOST_BYTES}, as of 224 x 224 x 3'
            )
        return self

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


def check_image_field(keys: Mapping[str, Any]) -> None:
    """Raise ValueError unless an observation field with these other keys may be an image."""
    given = keys.get('type')
    if given != _IMAGE_TYPE:
        raise ValueError(
            f'given with type {given!r}; accepted: without image. Images come from Gymnasium tasks'
            ' of rl_train only; cameras on ROS topics are not supported yet'
        )
    others = [key for key in _OTHER_KEYS if keys.get(key) not in (None, False, 'none')]
    if others:
        raise ValueError(f'given together with {others[0]}; accepted: one of the two')


def image_mistakes(is_image: list[bool], stack: int, previous_actions: int) -> list[str]:
    """Return what cannot be combined with images, which end an observation.

    Args:
        is_image: whether it is an image, for each field that the policy sees.
        stack: of the robot.
        previous_actions: of the robot.
    """
    if not any(is_image):
        return []
    mistakes = [
        f'{key}: given {given} with an image; accepted: {least}, more is not supported yet'
        for key, given, least in (('stack', stack, 1), ('previous_actions', previous_actions, 0))
        if given != least
    ]
    if is_image != sorted(is_image):
        mistakes.append('observation: given an image before other fields; accepted: after them')
    return mistakes


def refuse_images(robot: str, images: Sequence[ImageDescription], user: str) -> None:
    """Raise ConfigurationError if a robot sees images.

    Args:
        robot: its name.
        images: that its policy sees.
        user: what cannot use images yet.
    """
    if images:
        raise ConfigurationError(
            f'robot {robot!r}: observation: given an image; accepted: none with {user}, which does'
            ' not support images yet; rl_train, rl_evaluate, rl_export and rl_plot do'
        )


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
