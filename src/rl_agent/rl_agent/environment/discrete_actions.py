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

"""A finite set of actions for learners that choose among some, such as DQN and QR-DQN."""

from collections.abc import Sequence
import math
from typing import Any

import gymnasium
from gymnasium.spaces import Box, Discrete
import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import ConfigurationError

MOST_ACTIONS = 1000


class DiscreteActions(
    gymnasium.ActionWrapper[Any, np.int64, NDArray[Any]],
    gymnasium.utils.RecordConstructorArgs,
):
    """An environment whose actions are numbers from 0: places in a table of the box's actions.

    By default the table has all combinations of evenly spaced levels of each axis, with both ends;
    the last axis changes fastest. An odd count of levels includes the middle.

    Attributes:
        table: the actions of the box, (count, *shape).
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        levels: int | Sequence[int] = 3,
        *,
        actions: Sequence[Sequence[float]] | NDArray[Any] | None = None,
    ) -> None:
        """Wrap an environment, such as `RosEnv`.

        Args:
            env: its actions are a bounded box.
            levels: how many values each axis of the box takes, 2 or more; one number for all axes
                or one for each. Three axes of 5 levels make 125 actions.
            actions: the table itself, instead of `levels`: a row for each action.

        Raises:
            ConfigurationError: the box has no bounds, there are too many combinations, or an
                action of the table is not in the box.
        """
        gymnasium.utils.RecordConstructorArgs.__init__(self, levels=levels, actions=actions)
        super().__init__(env)
        box = env.action_space
        if not isinstance(box, Box) or not box.is_bounded():
            raise ConfigurationError(f'env: given actions {box}; accepted: a box with bounds')
        rows = _combinations(box, levels) if actions is None else np.asarray(actions, np.float64)
        if actions is not None and (not rows.size or rows.shape[1:] != (math.prod(box.shape),)):
            raise ConfigurationError(
                f'actions: given a table of shape {rows.shape}; accepted: rows of'
                f' {math.prod(box.shape)} numbers'
            )
        self.table: NDArray[Any] = rows.reshape(-1, *box.shape).astype(box.dtype)
        for number, action in enumerate(self.table):
            if not box.contains(action):
                raise ConfigurationError(
                    f'actions.{number}: given {action.tolist()}; accepted: in {box}'
                )
        self.table.setflags(write=False)
        self.action_space = Discrete(len(self.table))

    def action(self, action: np.int64) -> NDArray[Any]:
        """Return the box's action for a number."""
        if not self.action_space.contains(action):
            raise ConfigurationError(
                f'action: given {action!r}; accepted: 0 to {len(self.table) - 1}'
            )
        chosen: NDArray[Any] = self.table[int(action)].copy()
        return chosen


def _combinations(box: Box, levels: int | Sequence[int]) -> NDArray[np.float64]:
    """Return all combinations of the levels of a box's axes, (count, axis)."""
    lows, highs = box.low.ravel().astype(np.float64), box.high.ravel().astype(np.float64)
    counts = [levels] * len(lows) if isinstance(levels, int) else list(levels)
    if len(counts) != len(lows) or min(counts, default=0) < 2:
        raise ConfigurationError(
            f'levels: given {levels}; accepted: 2 or more, one number or one for each of the'
            f' {len(lows)} axes'
        )
    count = math.prod(counts)
    if count > MOST_ACTIONS:
        raise ConfigurationError(
            f'levels: given {levels}, which makes {count} actions; accepted: up to {MOST_ACTIONS};'
            ' choose fewer levels, or give a table of actions'
        )
    axes = [
        np.linspace(low, high, size) for low, high, size in zip(lows, highs, counts, strict=True)
    ]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing='ij')], axis=1)
