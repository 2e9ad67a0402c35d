# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One-step transitions of one robot into rows that sum up to n rewards."""

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_learner.replay.layout import Batch, ReplayLayout
from rl_learner.replay.transition_arrays import TransitionArrays


class NStep:
    """Sums rewards forward; every transition becomes exactly one row.

    A row begins at its transition and ends n steps later, or earlier at the last step before a
    break: `terminated`, `truncated`, or a next transition that does not continue this one (a
    new episode that began without an end, or numbers that were lost). All but `terminated`
    bootstrap from the row's `next_observation`.

    Transitions whose n steps are not complete wait, n - 1 at most.
    """

    def __init__(self, layout: ReplayLayout, n_step: int, gamma: float) -> None:
        """Begin without history.

        Args:
            layout: of the rows.
            n_step: rewards in a row, at most; 1 or more.
            gamma: discount of one step.
        """
        self._layout, self._n_step, self._gamma = layout, n_step, gamma
        self._waiting: Float32Array = np.empty((0, layout.width), np.float32)
        self._ends: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._episodes: NDArray[np.uint32] = np.empty(0, np.uint32)

    @property
    def waiting(self) -> int:
        """Transitions that have not become rows yet."""
        return len(self._waiting)

    def push(self, transitions: TransitionArrays) -> Float32Array:
        """Return the rows that are now complete, in order, (count, width).

        Args:
            transitions: those that follow the ones of the last call.
        """
        fresh = self._layout.pack(
            transitions.observation,
            transitions.action,
            transitions.reward,
            transitions.next_observation,
            transitions.terminated,
        )
        rows = np.concatenate([self._waiting, fresh])
        ends = np.concatenate([self._ends, transitions.terminated | transitions.truncated])
        episodes = np.concatenate([self._episodes, transitions.episode])
        last = self._last_steps(rows, ends, episodes)
        complete = int(np.count_nonzero(last >= 0))  # unknown ones all come after the known
        self._waiting = rows[complete:]
        self._ends, self._episodes = ends[complete:], episodes[complete:]
        return self._sum(rows, last[:complete])

    def flush(self) -> Float32Array:
        """Return what waits as shorter rows that bootstrap, (count, width)."""
        rows, count = self._waiting, len(self._waiting)
        last = np.full(count, count - 1)
        self._waiting, self._ends, self._episodes = rows[:0], self._ends[:0], self._episodes[:0]
        return self._sum(rows, last)

    def _last_steps(
        self, rows: Float32Array, ends: NDArray[np.bool_], episodes: NDArray[np.uint32]
    ) -> NDArray[np.intp]:
        """Return each row's last step, or -1 while it is not known, (count,)."""
        fields = self._layout.unpack(rows)
        continues = np.all(fields.next_observation[:-1] == fields.observation[1:], axis=1)
        continues &= episodes[:-1] == episodes[1:]
        breaks = ends.copy()
        breaks[:-1] |= ~continues
        index, count = np.arange(len(rows)), len(rows)
        break_at = np.where(breaks, index, count)
        next_break = np.minimum.accumulate(break_at[::-1])[::-1]
        last = np.minimum(next_break, index + self._n_step - 1)
        return np.where(last < count, last, -1)

    def _sum(self, rows: Float32Array, last: NDArray[np.intp]) -> Float32Array:
        """Return the rows from each step to its last one."""
        first = np.arange(len(last))
        fields = self._layout.unpack(rows)
        reward = np.zeros(len(last))
        for step in range(self._n_step):
            inside = first + step <= last
            index = np.minimum(first + step, last)
            reward += np.where(inside, self._gamma**step * fields.reward[index], 0.0)
        return self._layout.pack(
            *Batch(
                fields.observation[first],
                fields.action[first],
                reward,
                fields.next_observation[last],
                fields.terminated[last],
                last - first + 1,
            )
        )
