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

"""Earlier frames of rows, from the rows before them: each frame travels once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_learner.frames.pixel_columns import PixelColumns


@dataclass
class _Newest:
    """The newest row of a robot.

    Attributes:
        place: session, episode and step.
        frames: of its observation, the newest first, (frame, word).
        known: how many of them were seen.
    """

    place: tuple[str, int, int]
    frames: Float32Array
    known: int


class FrameStacks:
    """Completes rows that have only their newest frames.

    | row                                   | earlier frames                                  |
    |---------------------------------------|-------------------------------------------------|
    | step 0, the first of an episode       | the same frame, as `ObservationHistory.begin`   |
    | the step after that of the row before | the frames of the row before                    |
    | after lost transitions                | unknown: the row has no `num_steps`, so that it |
    |                                       | is not trained on, until enough followed        |
    """

    def __init__(self, pixels: PixelColumns) -> None:
        """Begin without rows."""
        self._pixels = pixels
        self._newest: dict[str, _Newest] = {}  # by robot

    def complete(
        self,
        rows: Float32Array,
        sender: tuple[str, str],
        episode: NDArray[np.uint32],
        step: NDArray[np.uint32],
    ) -> None:
        """Complete rows in place.

        Args:
            rows: the next ones of a robot, (row, width).
            sender: robot and session.
            episode: number of each, (row,).
            step: number within the episode, (row,).
        """
        if self._pixels.stack == 1:
            return
        robot, session = sender
        frames, after = self._pixels.split(rows)
        newest = self._newest.get(robot)
        for row, place in enumerate(zip(episode.tolist(), step.tolist(), strict=True)):
            newest = self._advance(newest, (session, *place), frames[row])
            after[row, 1:] = frames[row, :-1]
            if newest.known < self._pixels.stack:
                rows[row, -1] = 0.0
        if newest is not None:
            newest.frames = newest.frames.copy()  # not a view of all rows
            self._newest[robot] = newest

    def _advance(
        self, before: _Newest | None, place: tuple[str, int, int], frames: Float32Array
    ) -> _Newest:
        """Write the earlier frames, (frame, word), of a row; return it as the newest."""
        session, episode, step = place
        known = self._pixels.stack if step == 0 else 1
        if before is not None and step and before.place == (session, episode, step - 1):
            known = min(before.known + 1, self._pixels.stack)
            frames[1:] = before.frames[:-1]
        else:
            frames[1:] = frames[0]
        return _Newest(place, frames, known)
