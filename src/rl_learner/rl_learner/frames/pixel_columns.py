# Copyright 2026 The rl_learner authors
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

"""Where the images are in a row: frames of the observation and of the next one."""

from typing import NamedTuple

from rl_agent.array_types import Float32Array


class PixelColumns(NamedTuple):
    """Where the images of an observation and of the next one are in a row.

    A frame is what all cameras showed at one step, as words of four bytes. An observation has
    `stack` of them, the newest first.

    Attributes:
        observation: columns of the frames at s.
        next_observation: columns of the frames after the last step of the row.
        stack: frames in an observation.
    """

    observation: slice
    next_observation: slice
    stack: int = 1

    @property
    def num_words(self) -> int:
        """Columns of one frame."""
        width: int = self.observation.stop - self.observation.start
        return width // self.stack

    def split(self, rows: Float32Array) -> list[Float32Array]:
        """Return views of the frames at s and of the next ones, (row, frame, word) each."""
        return [
            rows[:, columns].reshape(len(rows), self.stack, self.num_words)
            for columns in (self.observation, self.next_observation)
        ]
