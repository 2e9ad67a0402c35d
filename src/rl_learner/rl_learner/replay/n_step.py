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

"""Combine one-step transitions of a robot into rows that sum up to n rewards."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.transition_arrays import TransitionArrays


class NStep:
    """Sums rewards forward; every transition becomes exactly one row.

    A row starts at its transition and ends n steps later, or earlier at the last step before a
    break: `terminated`, `truncated`, or a next transition that does not continue this one (a new
    episode without an end of the old one, or lost transitions). All rows except `terminated` ones
    bootstrap from their `next_observation`.

    Up to n - 1 transitions wait until their n steps are complete.
    """

    def __init__(self, layout: ReplayLayout, n_step: int, gamma: float) -> None:
        """Start without waiting transitions.

        Args:
            layout: of the rows.
            n_step: maximum number of rewards in a row, 1 or more.
            gamma: discount of one step.
        """
        self._layout, self._n_step, self._gamma = layout, n_step, gamma
        self._waiting: Float32Array = np.empty((0, layout.width), np.float32)
        self._ends: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._episodes: NDArray[np.uint32] = np.empty(0, np.uint32)

    @property
    def waiting(self) -> int:
        """Number of transitions that are not rows yet."""
        return len(self._waiting)

    def push(
        self,
        transitions: TransitionArrays,
        complete_frames: Callable[[Float32Array], None] = lambda rows: None,
    ) -> Float32Array:
        """Return the rows that are now complete, in order, (count, width).

        Args:
            transitions: the next ones after those of the last call.
            complete_frames: completes their one-step rows in place, see `FrameStacks`.
        """
        new_rows = self._layout.pack(
            transitions.observation,
            transitions.action,
            transitions.reward,
            transitions.next_observation,
            transitions.terminated,
        )
        complete_frames(new_rows)
        rows = np.concatenate([self._waiting, new_rows])
        ends = np.concatenate([self._ends, transitions.terminated | transitions.truncated])
        episodes = np.concatenate([self._episodes, transitions.episode])
        last = self._last_steps(rows, ends, episodes)
        complete = int(np.count_nonzero(last >= 0))  # unknown last steps are all at the end
        self._waiting = rows[complete:]
        self._ends, self._episodes = ends[complete:], episodes[complete:]
        return self._sum(rows, last[:complete])

    def flush(self) -> Float32Array:
        """Return the waiting transitions as shorter rows that bootstrap, (count, width)."""
        rows, count = self._waiting, len(self._waiting)
        last = np.full(count, count - 1)
        self._waiting, self._ends, self._episodes = rows[:0], self._ends[:0], self._episodes[:0]
        return self._sum(rows, last)

    def _last_steps(
        self, rows: Float32Array, ends: NDArray[np.bool_], episodes: NDArray[np.uint32]
    ) -> NDArray[np.intp]:
        """Return the index of each row's last step, -1 while unknown, (count,)."""
        continues = self._layout.is_continued(rows)
        continues &= episodes[:-1] == episodes[1:]
        breaks = ends.copy()
        breaks[:-1] |= ~continues
        index, count = np.arange(len(rows)), len(rows)
        break_at = np.where(breaks, index, count)
        next_break = np.minimum.accumulate(break_at[::-1])[::-1]
        last = np.minimum(next_break, index + self._n_step - 1)
        return np.where(last < count, last, -1)

    def _sum(self, rows: Float32Array, last: NDArray[np.intp]) -> Float32Array:
        """Return rows that sum the rewards from each step to its last step."""
        first = np.arange(len(last))
        columns, rewards = self._layout.slices, self._layout.unpack(rows).reward
        reward = np.zeros(len(last))
        for step in range(self._n_step):
            is_inside = first + step <= last
            index = np.minimum(first + step, last)
            reward += np.where(is_inside, self._gamma**step * rewards[index], 0.0)
        summed = rows[: len(last)].copy()
        summed[:, columns['reward'].start] = reward
        for name in ('next_observation', 'terminated'):
            summed[:, columns[name]] = rows[:, columns[name]][last]
        summed[:, columns['num_steps'].start] *= last - first + 1  # 0 if it misses earlier frames
        return summed
