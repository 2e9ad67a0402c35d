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

from dataclasses import field, replace
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.configuration import find_file, load
from typing_extensions import Self


@dataclass(frozen=True, config=ConfigDict(extra='forbid', allow_inf_nan=False))
class PersonDescription:
    """The scripted person of a demo, see the node `scripted_person`.

    Attributes:
        demonstrations: successful episodes that the person drives before the run.
        takes_over: the person also watches the run, and takes over where the robot is stuck.
    """

    demonstrations: Annotated[int, Field(ge=0)] = 0
    takes_over: bool = False


@dataclass(frozen=True, config=ConfigDict(extra='forbid', allow_inf_nan=False))
class DemoDescription:
    """What a demo trains, and when its robot has learned.

    Attributes:
        robot: name of the robot's description, or its file, beside the demo's.
        algorithm: name of the algorithm; the command line may choose another.
        max_steps: control steps of all robots together, evaluations included.
        warmup: transitions before training; -1 for the algorithm's own number.
        updates_to_data: critic updates per transition; 0 for the algorithm's own value. It does
            not apply to an algorithm from the command line.
        target_return: the robot has learned when the mean return of an evaluation reaches this;
            None: the run ends with an evaluation after its steps.
        highest_return: upper bound of an episode's return; an evaluation that can no longer
            reach the target is cut short; None: unknown.
        evaluation_episodes: deterministic episodes of one evaluation.
        max_steps_ahead: transitions that simulated time may be ahead of training.
        shown: elements of the observation in the display, label to name.
        film: make a film of the policy at the end of the run.
        checkpoint_period_s: time between two checkpoints, and between two `policy.npz`.
        person: teaches the robot; None: nobody does.
    """

    robot: str
    algorithm: str
    max_steps: Annotated[int, Field(ge=1)]
    warmup: Annotated[int, Field(ge=-1)] = -1
    target_return: float | None = None
    highest_return: float | None = None
    evaluation_episodes: Annotated[int, Field(ge=1)] = 10
    max_steps_ahead: Annotated[int, Field(ge=1)] = 64
    updates_to_data: Annotated[float, Field(ge=0, le=1000)] = 0.0
    shown: dict[str, str] = field(default_factory=dict)
    film: bool = False
    checkpoint_period_s: Annotated[float, Field(ge=1, le=86400)] = 60.0
    person: PersonDescription | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        target, highest = self.target_return, self.highest_return
        if target is not None and highest is not None and highest < target:
            raise ValueError(
                f'highest_return: given {highest}; accepted: at least the target_return, {target}'
            )
        return self


def load_demo(name_or_path: str) -> DemoDescription:
    """Return the description of a demo.

    Raises:
        ConfigurationError: the demo does not exist, or its file has errors (one line each).
    """
    path = find_file('demos', name_or_path)
    description = load(DemoDescription, path)
    beside = path.parent / description.robot
    is_file = beside.suffix in ('.yaml', '.yml') and beside.is_file()
    return replace(description, robot=str(beside)) if is_file else description
