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

"""The arm on a table, seen by a camera above it."""

import numpy as np
from rl_agent.array_types import Frame
from rl_agent.description.image import Bytes
from rl_agent.description.randomisation import NOTHING_DRAWN, RandomisationRanges
from rl_agent.simulated_models.arm import Arm, LENGTH_M
from rl_agent.simulated_models.drawing.appearance import (
    Colour,
    draw_look,
    drawn_colours,
    drawn_pose,
    VISUAL_RANGES,
)
from rl_agent.simulated_models.drawing.table_canvas import TableCanvas
from rl_agent.simulated_models.model import SensorValues

TOPIC = 'camera/image_raw'
COLOURS: dict[str, Colour] = {
    'table': (235, 232, 224),
    'link': (70, 80, 100),
    'hand': (230, 150, 30),
    'target': (200, 30, 40),
}
_HALF_LINK_M, _HAND_M, _TARGET_M = 0.05, 0.08, 0.08
_VIEW_M = 1.1  # from the middle of the picture to its edges
_FILM_PIXELS = 240


class ArmCamera(Arm):
    """An `Arm` with a camera: x points up in its pictures, y to the left.

    The picture has links, hand and target as filled shapes with soft edges.

    Attributes:
        variations: what may vary from episode to episode.
        draw: draw of the episode.
    """

    variations = VISUAL_RANGES

    def __init__(self, pixels: float = 96.0) -> None:
        """Start as an `Arm`.

        Args:
            pixels: rows and columns of the camera.
        """
        super().__init__()
        self._camera, self._film = (
            TableCanvas(size, _VIEW_M) for size in (round(pixels), _FILM_PIXELS)
        )
        self._ranges: RandomisationRanges | None = None
        self.draw = NOTHING_DRAWN
        self._colours = drawn_colours(COLOURS, self.draw)

    def sensors(self) -> SensorValues:
        """Return the positions of hand and target, and the picture."""
        return {**super().sensors(), TOPIC: {'data': self._picture(self._camera)}}

    def frame(self) -> Frame:
        """Return a picture for people, (height, width, 3)."""
        return self._picture(self._film)

    def randomise(self, ranges: RandomisationRanges) -> None:
        """Vary colours, light and camera from the next reset on."""
        self._ranges = ranges

    def reset(self, rng: np.random.Generator) -> None:
        """Start as an `Arm`; draw how the episode looks, if that varies."""
        super().reset(rng)
        if self._ranges is None:
            return
        self.draw = draw_look(self._ranges, rng, list(COLOURS))
        self._colours = drawn_colours(COLOURS, self.draw)
        pose = drawn_pose(self.draw)
        for canvas in (self._camera, self._film):
            canvas.look(pose)

    def _picture(self, canvas: TableCanvas) -> Bytes:
        """Return what a camera of this size sees, (height, width, 3)."""
        shoulder, hand, target = np.zeros(2), self.hand[:2], self.target[:2]
        angle = float(self.position[0])
        elbow = LENGTH_M * np.array([np.cos(angle), np.sin(angle)])
        colours = self._colours
        canvas.clear(colours['table'])
        canvas.line(target, target, _TARGET_M, colours['target'])
        canvas.line(shoulder, elbow, _HALF_LINK_M, colours['link'])
        canvas.line(elbow, hand, _HALF_LINK_M, colours['link'])
        canvas.line(hand, hand, _HAND_M, colours['hand'])
        return canvas.picture()
