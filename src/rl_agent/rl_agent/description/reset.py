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

"""The `reset` section of a robot's YAML file: how an episode begins."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import Name, Numbers, ResetDuration, STRICT, Topic
from typing_extensions import Self


@dataclass(frozen=True, config=STRICT)
class PoseDescription:
    """A pose that the robot moves to, with commands interpolated from its current pose.

    Attributes:
        field: observation field, without transform, that measures the joints of the action, in
            the unit of the commands.
        pose: one number per joint of the action; the action's `default` if not given.
        seconds: how long the motion takes.
        tolerance: largest final error of each joint, in the unit of the field.
    """

    field: Name
    pose: Numbers | None = None
    seconds: ResetDuration = 3.0
    tolerance: Annotated[float, Field(gt=0)] = 0.05


@dataclass(frozen=True, config=STRICT)
class ResetDescription:
    """How an episode begins: at least one of `move_to_pose`, `service`, `person`, in this order.

    Attributes:
        service: service that brings the robot, or its simulator, to a starting state.
        timeout_s: longest time for the service, and for reaching the pose after its `seconds`.
        move_to_pose: pose to which commands move the robot.
        person: wait, without limit, until a person calls `~/confirm_reset`
            (std_srvs/srv/Trigger) because everything is in place.
        service_type: type of the service.
    """

    service: Topic | None = None
    timeout_s: ResetDuration = 10.0
    move_to_pose: PoseDescription | None = None
    person: bool = False
    service_type: Literal['std_srvs/srv/Trigger', 'std_srvs/srv/Empty'] = 'std_srvs/srv/Trigger'

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.service is None and self.move_to_pose is None and not self.person:
            raise ValueError('given none; accepted: service, move_to_pose or person: true')
        return self
