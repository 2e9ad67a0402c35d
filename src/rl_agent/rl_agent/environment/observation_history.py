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

import numpy as np
from rl_agent.array_types import Float32Array


class ObservationHistory:
    """Makes observations from frames: the newest frames, then the newest executed actions.

    At the start of an episode all frames are its first frame, and all actions are 0.
    """

    def __init__(self, frame_size: int, action_size: int, stack: int, actions: int) -> None:
        """Stack `stack` frames and `actions` actions."""
        self._stack, self._count = stack, actions
        self._frames = np.zeros(stack * frame_size, np.float32)
        self._actions = np.zeros(actions * action_size, np.float32)

    def begin(self, frame: Float32Array) -> Float32Array:
        """Return the first observation of an episode, (observation,), from its frame, (frame,)."""
        self._frames = np.tile(frame, self._stack)
        self._actions = np.zeros_like(self._actions)
        return self._observation()

    def advance(self, executed: Float32Array, frame: Float32Array) -> Float32Array:
        """Return the next observation.

        Args:
            executed: action of the step, in [-1, 1], (action,).
            frame: observed after the step, (frame,).
        """
        self._frames = _shifted(frame, self._frames)
        if self._count:
            self._actions = _shifted(executed, self._actions)
        return self._observation()

    def _observation(self) -> Float32Array:
        """Return frames and actions as one new vector."""
        return np.concatenate([self._frames, self._actions])


def _shifted(newest: Float32Array, stacked: Float32Array) -> Float32Array:
    """Return the stacked vectors with a new one in front and without the last."""
    if len(newest) == len(stacked):
        return newest
    return np.concatenate([newest, stacked[: -len(newest)]])
