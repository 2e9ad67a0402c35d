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

"""Description of a demo, read from `config/demos/`."""

from dataclasses import field
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.configuration import find_file, load
from typing_extensions import Self


@dataclass(frozen=True, config=ConfigDict(extra='forbid', allow_inf_nan=False))
class DemoDescription:
    """What a demo trains, and when its robot has learned.

    Attributes:
        robot: name of the robot's description.
        algorithm: name of the algorithm; the command line may choose another.
        warmup: transitions before training.
        updates_to_data: critic updates per transition; 0 for the algorithm's own value. It does
            not apply to an algorithm from the command line.
        max_steps: control steps of all robots together, evaluations included.
        target_return: the robot has learned when the mean return of an evaluation reaches this.
        highest_return: upper bound of an episode's return; an evaluation that can no longer
            reach the target is cut short.
        evaluation_episodes: deterministic episodes of one evaluation.
        max_steps_ahead: transitions that simulated time may be ahead of training.
        shown: elements of the observation in the display, label to name.
        film: make a film of the policy at the end of the run.
    """

    robot: str
    algorithm: str
    warmup: Annotated[int, Field(ge=1)]
    max_steps: Annotated[int, Field(ge=1)]
    target_return: float
    highest_return: float
    evaluation_episodes: Annotated[int, Field(ge=1)] = 10
    max_steps_ahead: Annotated[int, Field(ge=1)] = 64
    updates_to_data: Annotated[float, Field(ge=0, le=1000)] = 0.0
    shown: dict[str, str] = field(default_factory=dict)
    film: bool = False

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.highest_return < self.target_return:
            raise ValueError(
                f'highest_return: given {self.highest_return}; accepted: at least the'
                f' target_return, {self.target_return}'
            )
        return self


def load_demo(name_or_path: str) -> DemoDescription:
    """Return the description of a demo.

    Raises:
        ConfigurationError: the demo does not exist, or its file has errors (one line each).
    """
    return load(DemoDescription, find_file('demos', name_or_path))
