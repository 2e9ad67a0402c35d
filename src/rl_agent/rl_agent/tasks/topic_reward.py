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

"""The task that another node judges: reward and end come from a topic."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters

_ENDS = ('terminated', 'truncated')


@dataclass(frozen=True)
class TopicReward(Parameters):
    """Take reward and end from observation fields that only the task reads (`task_only`).

    The field `reward` is the reward of the step; a simulator, a scale or a classifier publishes
    it. Where the description has the fields `terminated` and `truncated`, values from 0.5 on end
    the episode, as in Gymnasium.

    Attributes:
        weight: factor on the reward.
    """

    fields: ClassVar[tuple[str, ...]] = ('reward',)
    weight: float = 1.0

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and ends of one step, see `Task.outcome`."""
        del observation, command
        reward = self.weight * float(next_observation['reward'][0])
        terminated, truncated = (
            name in next_observation and float(next_observation[name][0]) >= 0.5 for name in _ENDS
        )
        return Outcome({'reward': reward}, terminated=terminated, truncated=truncated)
