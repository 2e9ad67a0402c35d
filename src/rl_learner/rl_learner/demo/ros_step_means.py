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

"""Means of rewards and observations over a robot's newest steps."""

from collections import deque
from collections.abc import Mapping

import numpy as np
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_msgs.msg import Step

_WINDOW_STEPS = 200


class StepMeans:
    """Means over a robot's last 200 steps.

    Attributes:
        reward_parts: name of a part of the reward to its mean.
        observation: label of a shown element of the observation to its mean.
    """

    def __init__(self, shown: Mapping[str, str]) -> None:
        """Average the shown elements of the observation, given as label to name."""
        self._shown = shown
        self._reward_rows: deque[list[float]] = deque(maxlen=_WINDOW_STEPS)
        self._observation_rows: deque[list[float]] = deque(maxlen=_WINDOW_STEPS)
        self.reward_parts: dict[str, float] = {}
        self.observation: dict[str, float] = {}

    def add(self, message: Step) -> None:
        """Add a step; shown elements that its observation lacks are left out."""
        reward_names = list(message.reward_names)
        if reward_names != list(self.reward_parts):  # of another robot with this name
            self._reward_rows.clear()
        self._reward_rows.append(list(message.reward_parts))
        self.reward_parts = _means(reward_names, self._reward_rows)
        names = list(message.observation_names)
        shown = {label: name for label, name in self._shown.items() if name in names}
        if list(shown) != list(self.observation):
            self._observation_rows.clear()
        self._observation_rows.append(
            [message.observation[names.index(name)] for name in shown.values()]
        )
        self.observation = _means(list(shown), self._observation_rows)


def _means(names: list[str], rows: deque[list[float]]) -> dict[str, float]:
    """Return the mean of each column."""
    return dict(zip(names, np.mean(np.array(rows), axis=0).tolist(), strict=True))
