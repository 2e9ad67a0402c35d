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

"""Stacks frames and previous actions into observations."""

from collections.abc import Sequence

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.description.image import Bytes, ImageDescription, pack_pixels, unpack_pixels


class ObservationHistory:
    """Makes observations from frames: numbers, executed actions, then images, the newest first.

    At the start of an episode all frames are its first frame, and all actions are 0.
    """

    def __init__(
        self,
        frame_size: int,
        action_size: int,
        stack: int,
        actions: int,
        images: Sequence[ImageDescription] = (),
    ) -> None:
        """Stack `stack` frames, which end with `images`, and `actions` actions."""
        self._stack, self._count, self._images = stack, actions, tuple(images)
        self._split = frame_size - sum(image.size for image in images)
        self._frames = np.zeros(stack * self._split, np.float32)
        self._actions = np.zeros(actions * action_size, np.float32)
        self._pixels: list[Bytes] = []  # of each image, (height, width, stack * channels)

    def begin(self, frame: Float32Array) -> Float32Array:
        """Return the first observation of an episode, (observation,), from its frame, (frame,)."""
        self._frames = np.tile(frame[: self._split], self._stack)
        self._actions = np.zeros_like(self._actions)
        if self._stack > 1:
            self._pixels = [np.tile(new, (1, 1, self._stack)) for new in self._newest(frame)]
        return self._observation(frame)

    def advance(self, executed: Float32Array, frame: Float32Array) -> Float32Array:
        """Return the next observation.

        Args:
            executed: action of the step, in [-1, 1], (action,).
            frame: observed after the step, (frame,).
        """
        self._frames = _shifted(frame[: self._split], self._frames)
        if self._count:
            self._actions = _shifted(executed, self._actions)
        if self._stack > 1:
            self._pixels = [
                np.concatenate([new, old[:, :, : -new.shape[2]]], axis=2)
                for new, old in zip(self._newest(frame), self._pixels, strict=True)
            ]
        return self._observation(frame)

    def _newest(self, frame: Float32Array) -> list[Bytes]:
        """Return the images of a frame, (height, width, channel) each."""
        start, newest = self._split, []
        for image in self._images:
            pixels = unpack_pixels(frame[start : start + image.size], image.num_bytes)
            newest.append(pixels.reshape(image.shape))
            start += image.size
        return newest

    def _observation(self, frame: Float32Array) -> Float32Array:
        """Return numbers, actions and images as one new vector."""
        images = [frame[self._split :]]
        if self._stack > 1:
            images = [pack_pixels(pixels).astype(np.float32) for pixels in self._pixels]
        return np.concatenate([self._frames, self._actions, *images])


def _shifted(newest: Float32Array, stacked: Float32Array) -> Float32Array:
    """Return the stacked vectors with a new one in front and without the last."""
    if len(newest) == len(stacked):
        return newest
    return np.concatenate([newest, stacked[: len(stacked) - len(newest)]])
