# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""How an episode begins: a service, a way to a pose, a person, or several of them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import Name, Numbers, STRICT, Topic
from typing_extensions import Self


@dataclass(frozen=True, config=STRICT)
class PoseDescription:
    """A pose that the robot moves to, by commands interpolated from where it is.

    Attributes:
        field: observation field, without transform, that tells where the joints of the action
            are; commands must be in its unit.
        pose: one number per joint of the action; without it the action's `default`.
        seconds: how long the way takes.
        tolerance: how far each joint may be off in the end, in the unit of the field.
    """

    field: Name
    pose: Numbers | None = None
    seconds: Annotated[float, Field(gt=0, le=600)] = 3.0
    tolerance: Annotated[float, Field(gt=0)] = 0.05


@dataclass(frozen=True, config=STRICT)
class ResetDescription:
    """How an episode begins: `move_to_pose`, `service`, `person`, at least one, in this order.

    Attributes:
        service: that brings the robot, or its simulator, to a starting state.
        timeout_s: how long the service, or reaching the pose after its `seconds`, may take.
        move_to_pose: commands bring the robot to a pose.
        person: a person calls `~/confirm_reset` (std_srvs/srv/Trigger) when all is in place;
            the agent waits for that without limit.
        service_type: of the service.
    """

    service: Topic | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    move_to_pose: PoseDescription | None = None
    person: bool = False
    service_type: Literal['std_srvs/srv/Trigger', 'std_srvs/srv/Empty'] = 'std_srvs/srv/Trigger'

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.service is None and self.move_to_pose is None and not self.person:
            raise ValueError('given none; accepted: service, move_to_pose, person: true')
        return self
