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

"""Tasks that can only be solved by looking: `image_tasks:Dot-v0` and its like."""

from typing import Any

import gymnasium
from gymnasium.spaces import Box, Dict
import numpy as np

SIDE, DOT = 40, 5
STEPS = 25
SPEED = 0.2  # of the way across the image, per step


class Dot(gymnasium.Env[Any, Any]):
    """A red dot is to be moved onto a green one; the image alone shows where they are."""

    metadata = {'render_modes': ['rgb_array'], 'render_fps': 10}  # noqa: RUF012 (as in Env)
    observation_space: Any = Box(0, 255, (SIDE, SIDE, 3), np.uint8)
    action_space = Box(-1.0, 1.0, (2,), np.float32)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.place = self.goal = np.zeros(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.place, self.goal = self.np_random.random((2, 2))
        return self.observation(), {}

    def step(self, action: Any) -> Any:
        self.place = np.clip(self.place + SPEED * np.asarray(action), 0.0, 1.0)
        reward = -float(np.linalg.norm(self.place - self.goal))
        return self.observation(), reward, False, False, {}

    def observation(self) -> Any:
        return self.picture()

    def picture(self) -> Any:
        """Return the image, (SIDE, SIDE, 3)."""
        picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        for channel, point in ((1, self.goal), (0, self.place)):
            row, column = np.round(point * (SIDE - DOT)).astype(int)
            picture[row : row + DOT, column : column + DOT, channel] = 255
        return picture

    def render(self) -> Any:
        return self.picture()


class DotAndPlace(Dot):
    """The same with the red dot's place as numbers, and the image with its channels first."""

    observation_space = Dict(
        {
            'camera': Box(0, 255, (3, SIDE, SIDE), np.uint8),
            'place': Box(0.0, 1.0, (2,), np.float64),
        }
    )

    def observation(self) -> Any:
        return {'camera': self.picture().transpose(2, 0, 1), 'place': self.place}


for kind in (Dot, DotAndPlace):
    gymnasium.register(
        f'{kind.__name__}-v0', entry_point=f'image_tasks:{kind.__name__}', max_episode_steps=STEPS
    )
