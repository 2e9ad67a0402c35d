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

"""The task of a mobile robot: drive to a goal that a sensor tells the task."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class ReachSeenGoal(Parameters):
    """Drive to a goal that may be elsewhere in every episode, such as one that a camera shows.

    The reward of a step is progress_weight times the decrease of the distance to the goal (m),
    minus time_cost. The episode ends with goal_reward at the goal. `position` and `goal` are in
    the same frame; both may be `task_only`, so that the policy does not see them.

    Attributes:
        goal_radius_m: the goal is reached at a smaller distance.
        progress_weight: reward per metre, 1/m.
        time_cost: cost of each step.
        goal_reward: reward at the goal.
    """

    fields: ClassVar[tuple[str, ...]] = ('position', 'goal')
    tells_success: ClassVar[bool] = True
    goal_radius_m: float = 0.25
    progress_weight: float = 10.0
    time_cost: float = 0.05
    goal_reward: float = 5.0

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and end of one step, see `Task.outcome`."""
        del command  # driving costs only time
        before_m, after_m = _distance_m(observation), _distance_m(next_observation)
        reached = after_m < self.goal_radius_m
        parts = {
            'progress': self.progress_weight * (before_m - after_m),
            'time': -self.time_cost,
            'goal': self.goal_reward * reached,
        }
        return Outcome(parts, terminated=reached, succeeded=reached)


def _distance_m(observation: FieldValues) -> float:
    """Return the distance to the goal."""
    return float(np.linalg.norm(observation['position'][:2] - observation['goal'][:2]))
