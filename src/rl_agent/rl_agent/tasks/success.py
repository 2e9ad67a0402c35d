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

"""The sparse task: succeed, as a sensor, a person or another node says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters

_FIELD = 'success'
_SUCCEEDED = 0.5


@dataclass(frozen=True)
class Success(Parameters):
    """Reward the end of an episode that succeeded, and nothing else.

    Where the description has the field `success`, which should be `task_only`, values from 0.5 on
    end the episode: a switch, a scale, a classifier. Without it, only the words of a person or
    another node end an episode before its time; see `words` in the description.

    Attributes:
        reward: of a step in which the field says that the robot has succeeded.
        step_cost: subtracted in every step.
    """

    fields: ClassVar[tuple[str, ...]] = ()
    tells_success: ClassVar[bool] = True
    reward: float = 1.0
    step_cost: float = 0.0

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and end of one step, see `Task.outcome`."""
        del observation, command
        said = next_observation.get(_FIELD)
        succeeded = said is not None and float(said[0]) >= _SUCCEEDED
        parts = {'success': self.reward if succeeded else 0.0}
        if self.step_cost:
            parts['step_cost'] = -self.step_cost
        return Outcome(parts, terminated=succeeded, succeeded=succeeded)
