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

"""The limits on measured values in a robot's YAML file."""

import math
from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import Name, per_joint, PerJoint, STRICT
from typing_extensions import Self


@dataclass(frozen=True, config=STRICT)
class LimitDescription:
    """Bounds of measured values; outside them the robot makes a latched stop.

    Attributes:
        name: name in logs and status.
        observation: observation field; its untransformed numbers are compared with the bounds.
        low: lower bound; none: unbounded.
        high: upper bound; none: unbounded.
    """

    name: Name
    observation: str
    low: PerJoint | None = None
    high: PerJoint | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError('given neither low nor high; accepted: one or both')
        size = max(len(self.low or ()), len(self.high or ()))
        lows, highs = (
            per_joint(self.low, [-math.inf] * size),
            per_joint(self.high, [math.inf] * size),
        )
        for low, high in zip(lows, highs, strict=False):  # their lengths are checked later
            if not low < high:
                raise ValueError(f'given low {low:g}, high {high:g}; accepted: low before high')
        return self


@dataclass(frozen=True, config=STRICT)
class TiltDescription:
    """Bounds of roll and pitch (REP-103); outside them the robot makes a latched stop.

    Attributes:
        observation: observation field with an orientation, a quaternion x, y, z, w.
        max_roll_rad: largest roll to either side.
        max_pitch_rad: largest pitch up or down.
    """

    observation: str
    max_roll_rad: Annotated[float, Field(gt=0, le=math.pi)]
    max_pitch_rad: Annotated[float, Field(gt=0, lt=math.pi / 2)]
