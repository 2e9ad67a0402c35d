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

"""The task of a mobile robot: drive to a goal without touching anything."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class ReachGoal(Parameters):
    """Drive to the goal around the obstacles that the laser scanner sees.

    The reward of a step is progress_weight times the decrease of the distance to the goal (m),
    minus time_cost. The episode ends with goal_reward at the goal, or with minus collision_cost
    when the robot is too close to an obstacle; if both apply, the goal counts.

    Attributes:
        goal_x_m: x of the goal, in the frame of `position`.
        goal_y_m: y of the goal.
        goal_radius_m: the goal is reached at a smaller distance.
        collision_m: a shorter laser beam counts as a collision.
        progress_weight: reward per metre, 1/m.
        time_cost: cost of each step.
        goal_reward: reward at the goal.
        collision_cost: cost of a collision.
    """

    fields: ClassVar[tuple[str, ...]] = ('position', 'scan')
    goal_x_m: float = 0.0
    goal_y_m: float = 0.0
    goal_radius_m: float = 0.2
    collision_m: float = 0.14
    progress_weight: float = 10.0
    time_cost: float = 0.05
    goal_reward: float = 20.0
    collision_cost: float = 20.0

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step, see `Task.outcome`."""
        del command  # driving costs only time
        before_m, after_m = self._distance_m(observation), self._distance_m(next_observation)
        reached = after_m < self.goal_radius_m
        collided = not reached and float(np.min(next_observation['scan'])) < self.collision_m
        parts = {
            'progress': self.progress_weight * (before_m - after_m),
            'time': -self.time_cost,
            'goal': self.goal_reward * reached,
            'collision': -self.collision_cost * collided,
        }
        return Outcome(parts, terminated=reached or collided)

    def _distance_m(self, observation: FieldValues) -> float:
        """Return the distance to the goal."""
        x_m, y_m = observation['position'][:2]
        return float(np.hypot(x_m - self.goal_x_m, y_m - self.goal_y_m))
