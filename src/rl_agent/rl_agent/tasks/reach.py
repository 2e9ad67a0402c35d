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

"""The task of an arm: bring the hand to a target."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Reach(Parameters):
    """Bring the hand to the target and hold it there with little effort.

    The reward is -(distance_cost * distance + effort_cost * effort^2), with the distance in m
    after the step. It is at most 0. The task never terminates.

    Attributes:
        distance_cost: weight of the distance, 1/m.
        effort_cost: weight of the squared command, 1/(N m)^2.
    """

    fields: ClassVar[tuple[str, ...]] = ('hand', 'target')
    distance_cost: float = 10.0
    effort_cost: float = 0.02

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step, see `Task.outcome`."""
        offset = next_observation['hand'] - next_observation['target']
        parts = {
            'distance': -self.distance_cost * float(np.sqrt(offset @ offset)),
            'effort': -self.effort_cost * float(command @ command),
        }
        return Outcome(parts, terminated=False)
