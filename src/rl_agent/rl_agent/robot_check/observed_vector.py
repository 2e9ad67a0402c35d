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

"""The observation as a policy would see it, sampled at the control rate."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.cameras.png_file import side_by_side, write_png
from rl_agent.description.image import unpack_pixels
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.environment.spaces import Spaces
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.transport.spool_sizes import image_load, spool_sizes
from rl_agent.transport.transition_record import RecordLayout

_SCALE = 4  # of pixels in a file for people


class ObservedVector:
    """Makes observations of the newest values, once in a control period, with actions of 0.

    It needs no timer, which would delay messages: before a message is recorded, the steps of the
    control loop since the last one are made up for, with the values that were there.

    Attributes:
        names: of each number, (observation,).
        samples: how many observations were made.
        newest: the newest observation, (observation,); None: some field has no value yet.
        image_load: what images ask of link and disk; empty: there are none.
    """

    def __init__(self, description: RobotDescription, watches: Sequence[FieldWatch]) -> None:
        """Observe these fields, in the order of the description."""
        spaces = Spaces(description)
        self._spaces, self._watches = spaces, tuple(watches)
        self._period_s, self._stack = 1.0 / description.rate_hz, description.stack
        self._still = np.zeros(spaces.action_size, np.float32)
        self._history: ObservationHistory | None = None
        self._next_s: float | None = None  # the next step; None: not begun
        self.names = spaces.observation_names
        self.samples = 0
        self.image_load = _image_load(spaces, description.rate_hz) if spaces.images else ''
        self.newest: Float32Array | None = None

    def advance(self, now_s: float) -> None:
        """Make the observations up to a time of `time.monotonic`, of the values recorded so far.

        The first step is as soon as every field has a value.
        """
        if self._next_s is None:
            if any(item.values is None for item in self._watches):
                return
            self._next_s = now_s
        steps = int((now_s - self._next_s) / self._period_s) + 1 if now_s >= self._next_s else 0
        for _ in range(min(steps, self._stack)):  # more would repeat the same frame
            self._sample()
        self.samples += steps
        self._next_s += steps * self._period_s

    def write_images(self, path: Path) -> bool:
        """Write the newest images as PNG, side by side; return whether there are any.

        Raises:
            OSError: it cannot be written.
        """
        images = [
            unpack_pixels(item.values, item.field.image.num_bytes).reshape(item.field.image.shape)
            for item in self._watches
            if item.field.image and item.values is not None
        ]
        if images:
            write_png(path, side_by_side(images), _SCALE)
        return bool(images)

    def _sample(self) -> None:
        """Make the next observation."""
        values = {
            item.field.name: item.values for item in self._watches if item.values is not None
        }
        frame = self._spaces.frame(values)
        if self._history is None:
            self._history = self._spaces.history()
            self.newest = self._history.begin(frame)
        else:
            self.newest = self._history.advance(self._still, frame)


def _image_load(spaces: Spaces, rate_hz: float) -> str:
    """Return what images ask of link and disk."""
    size = RecordLayout(spaces.sent_size, spaces.action_size).size
    sizes = spool_sizes(size, rate_hz, has_images=True, has_folder=True)
    return image_load(size, rate_hz, sizes)
