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

"""The interface of a task: reward and termination as a pure function of one step."""

import dataclasses
from dataclasses import dataclass
import math
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues


@dataclass(frozen=True)
class Outcome:
    """Reward and end of one step.

    Attributes:
        parts: named parts that add up to the reward.
        terminated: whether the task ended, other than by a time limit.
        truncated: whether the episode ends although the task did not.
        succeeded: whether the task has succeeded in this step; None: the task does not tell.
    """

    parts: dict[str, float]
    terminated: bool
    truncated: bool = False
    succeeded: bool | None = None

    @property
    def reward(self) -> float:
        """Sum of the parts."""
        return math.fsum(self.parts.values())


class Task(Protocol):
    """A reward and a termination.

    Attributes:
        fields: names of the observation fields that it needs.
        tells_success: whether a rewarded end of the task is a success, and no other is.
    """

    fields: ClassVar[tuple[str, ...]]
    tells_success: ClassVar[bool]

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step.

        Args:
            observation: each field's values before the step.
            command: executed command, in the robot's units, (action,).
            next_observation: each field's values after the step.
        """
        ...

    @classmethod
    def parameter_names(cls) -> frozenset[str]:
        """Return the parameters that a description may set."""
        ...


class Parameters:
    """Base of tasks that are dataclasses: their fields are the parameters."""

    tells_success: ClassVar[bool] = False

    @classmethod
    def parameter_names(cls) -> frozenset[str]:
        """Return the names of the dataclass fields."""
        return frozenset(item.name for item in dataclasses.fields(cls))  # type: ignore[arg-type]
