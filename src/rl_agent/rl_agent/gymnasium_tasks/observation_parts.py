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

"""The parts of a task's observations: numbers, and images of 8 bits per value."""

from dataclasses import dataclass
import re
from typing import Any

from gymnasium.spaces import Box, Dict, Space
from gymnasium.spaces.utils import flatten
import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.cameras.image_resize import ImageResize
from rl_agent.description.image import ImageDescription, pack_pixels, unpack_pixels
from rl_agent.errors import ConfigurationError
from rl_agent.gymnasium_tasks.make_env import flat_observation_space, is_image

_MOST_CHANNELS = 12
_FORMS = (
    'uint8 from 0 to 255, height x width, height x width x channels, channels x height x width or'
    f' frames x height x width x channels, with at most {_MOST_CHANNELS} channels in all'
)


@dataclass(frozen=True)
class ImagePart:
    """One image of an observation.

    Attributes:
        name: of its field.
        key: in a Dict; None: it is the whole observation.
        shape: as the task returns it.
        axes: in the order height, width and those of its values.
        image: its size as height x width x channels, after `resize`.
        resize: makes it smaller; None: it stays as it is.
    """

    name: str
    key: str | None
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    image: ImageDescription
    resize: ImageResize | None = None

    def numbers(self, observation: Any) -> Float64Array:
        """Return the packed image in an observation, (image.size,).

        Raises:
            ValueError: it has another type or shape than its space.
        """
        whole = observation if self.key is None else observation[self.key]
        pixels: NDArray[Any] = np.asarray(whole)
        if pixels.dtype != np.uint8 or pixels.shape != self.shape:
            raise ValueError(
                f'image {self.name}: given {pixels.dtype} of {pixels.shape}; accepted: uint8 of'
                f' {self.shape}'
            )
        turned = pixels.transpose(self.axes)
        if self.resize is not None:
            turned = self.resize(turned.reshape(*turned.shape[:2], -1))
        return pack_pixels(turned)


class ObservationParts:
    """Makes one vector of an observation: its numbers first, then its images.

    Attributes:
        vector_size: how many numbers.
        images: the images.
    """

    def __init__(self, task: str, space: Space[Any], image_size: int = 0) -> None:
        """Find the parts of a space.

        Args:
            task: its id, for errors.
            space: of its observations.
            image_size: rows and columns to which larger images shrink; 0: they do not.

        Raises:
            ConfigurationError: they are neither numbers nor images of a known form.
        """
        self.images = _image_parts(task, space, image_size)
        keys = {part.key for part in self.images}
        self._rest: Space[Any] | None = space
        if self.images and isinstance(space, Dict):
            rest = {key: part for key, part in space.spaces.items() if key not in keys}
            self._rest = Dict(rest) if rest else None
        elif self.images:
            self._rest = None
        self.vector_size = 0
        if self._rest is not None:
            self.vector_size = int(np.prod(flat_observation_space(task, self._rest).shape))
        self._is_flat = isinstance(self._rest, Box)

    @property
    def size(self) -> int:
        """Numbers of a whole observation."""
        return self.vector_size + sum(part.image.size for part in self.images)

    def flat(self, observation: Any) -> Float64Array:
        """Return an observation as one vector, (size,); raise errors of many types if unfit."""
        parts: list[Float64Array] = []
        if self._rest is not None:
            whole = observation
            if self.images:  # the keys of the others
                whole = {key: observation[key] for key in self._rest.spaces}  # type: ignore[attr-defined]
            whole = whole if self._is_flat else flatten(self._rest, whole)
            parts.append(np.asarray(whole, np.float64).ravel())
        parts += [part.numbers(observation) for part in self.images]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def blank(self, flat: Float64Array) -> list[bool]:
        """Return whether all values of an image are the same, for each in an observation."""
        start, found = self.vector_size, []
        for part in self.images:
            numbers = flat[start : start + part.image.size]
            pixels = unpack_pixels(numbers, part.image.num_bytes)
            found.append(bool((pixels == pixels[0]).all()))
            start += part.image.size
        return found


def _image_parts(task: str, space: Space[Any], image_size: int) -> tuple[ImagePart, ...]:
    """Return the images of a space, which is one or a Dict with some."""
    if is_image(space):
        return (_image_part(task, 'image', None, space, image_size),)
    if not isinstance(space, Dict):
        return ()
    found = [(key, part) for key, part in space.spaces.items() if is_image(part)]
    names = [re.sub(r'[^A-Za-z0-9]+', '_', str(key)) for key, _ in found]
    return tuple(
        _image_part(task, name if name[:1].isalpha() else f'image_{number}', key, part, image_size)
        for number, (name, (key, part)) in enumerate(zip(names, found, strict=True))
    )


def _image_part(
    task: str, name: str, key: str | None, space: Space[Any], image_size: int
) -> ImagePart:
    """Return an image.

    Raises:
        ConfigurationError: its space has an unknown form.
    """
    shape = space.shape or ()
    axes = _axes(shape)
    if space.dtype != np.uint8 or axes is None:
        raise ConfigurationError(
            f'task {task!r}: observations: given {space}; accepted: images of {_FORMS}'
        )
    height, width = (shape[axis] for axis in axes[:2])
    channels = int(np.prod(shape)) // (height * width)
    resize = None
    if 0 < image_size < max(height, width):
        resize = ImageResize((height, width), (min(height, image_size), min(width, image_size)))
        height, width = resize.height, resize.width
    try:
        image = ImageDescription(height, width, channels)
    except ValueError as error:
        raise ConfigurationError(
            f'task {task!r}: observations: given {space}; accepted: images of at most 224 x 224 x'
            ' 3; --image-size 64 makes them smaller'
        ) from error
    return ImagePart(name, key, shape, axes, image, resize)


def _axes(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axes of an image: height, width, values of a pixel; None: of no known form."""
    if len(shape) == 2:
        return 0, 1
    if len(shape) == 3 and shape[2] <= _MOST_CHANNELS:
        return 0, 1, 2
    if len(shape) == 3 and shape[0] <= _MOST_CHANNELS:
        return 1, 2, 0
    if len(shape) == 4 and shape[0] * shape[3] <= _MOST_CHANNELS:
        return 1, 2, 0, 3
    return None
