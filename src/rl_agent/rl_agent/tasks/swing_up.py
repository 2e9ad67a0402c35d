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

"""The task of a pendulum: swing up."""

from dataclasses import dataclass
import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class SwingUp(Parameters):
    """Bring a pendulum upright and keep it there with little effort (Gymnasium's Pendulum-v1).

    The reward is -(angle^2 + velocity_cost * velocity^2 + effort_cost * effort^2), with the angle
    in [-pi, pi] from upright, before the step. It lies in [-16.3, 0] for |velocity| <= 8 rad/s and
    |effort| <= 2 N m. The task never terminates.

    Attributes:
        velocity_cost: weight of the squared velocity, s^2/rad^2.
        effort_cost: weight of the squared effort, 1/(N m)^2.
    """

    fields: ClassVar[tuple[str, ...]] = ('cos_angle', 'sin_angle', 'velocity')
    velocity_cost: float = 0.1
    effort_cost: float = 0.001

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step, see `Task.outcome`."""
        del next_observation  # as in Pendulum-v1, the reward is that of the state before the step
        angle = math.atan2(observation['sin_angle'][0], observation['cos_angle'][0])
        velocity = float(observation['velocity'][0])
        parts = {
            'angle': -(angle**2),
            'velocity': -self.velocity_cost * velocity**2,
            'effort': -self.effort_cost * float(command @ command),
        }
        return Outcome(parts, terminated=False)
