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

"""Domain randomisation: ranges from the robot description, one draw per episode."""

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import Bounds, STRICT
from typing_extensions import Self


@dataclasses.dataclass(frozen=True)
class _Within:
    """Accepts ranges [low, high] between two numbers."""

    lowest: float
    highest: float

    def __call__(self, given: Bounds) -> Bounds:
        """Return the range; raise ValueError if it is not accepted."""
        low, high = given
        if not self.lowest <= low <= high <= self.highest:
            raise ValueError(
                f'given [{low:g}, {high:g}]; accepted: [low, high] with low not above high, both'
                f' from {self.lowest:g} to {self.highest:g}'
            )
        return given


Factor = Annotated[Bounds, AfterValidator(_Within(0.1, 10.0))]
Delay = Annotated[Bounds, AfterValidator(_Within(0.0, 0.5))]
Shift = Annotated[Bounds, AfterValidator(_Within(-0.5, 0.5))]


@dataclass(frozen=True, config=STRICT)
class RandomisationRanges:
    """What varies from episode to episode, each as a range [low, high]; none: does not vary.

    A factor multiplies the nominal value of the simulated model, so 1 changes nothing. Values are
    drawn uniformly.

    Attributes:
        mass: factor, drawn separately for each kind of link; inertias scale with it.
        link_size: factor on the length, drawn separately for each kind of limb.
        friction: sliding coefficient between feet and ground.
        joint_damping: factor, the same for all joints.
        joint_armature: factor, the same for all joints.
        motor_p_gain: factor, the same for all motors.
        motor_d_gain: factor, the same for all motors.
        action_delay_s: delay from command to motor.
        observation_delay_s: delay from sensor to message.
        observation_noise: factor on the noise of the model's sensors; 0: no noise.
        terrain_height_m: height of the highest point of the ground above the lowest.
        push_speed_m_s: change of the trunk's velocity by one push, in a random direction.
        push_interval_s: time from one push to the next.
        light: factor on the brightness of a drawn camera's pictures.
        colour_shift: change of a colour, as a share of the brightest one, drawn separately for
            each thing in the picture and each of red, green and blue.
        camera_position_m: shift of a drawn camera, separately along x, y and z.
        camera_angle_rad: turn of it, separately about x, y and z.
    """

    mass: Factor | None = None
    link_size: Annotated[Bounds, AfterValidator(_Within(0.8, 1.25))] | None = None
    friction: Annotated[Bounds, AfterValidator(_Within(0.05, 5.0))] | None = None
    joint_damping: Factor | None = None
    joint_armature: Factor | None = None
    motor_p_gain: Factor | None = None
    motor_d_gain: Factor | None = None
    action_delay_s: Delay | None = None
    observation_delay_s: Delay | None = None
    observation_noise: Annotated[Bounds, AfterValidator(_Within(0.0, 10.0))] | None = None
    terrain_height_m: Annotated[Bounds, AfterValidator(_Within(0.0, 0.3))] | None = None
    push_speed_m_s: Annotated[Bounds, AfterValidator(_Within(0.0, 5.0))] | None = None
    push_interval_s: Annotated[Bounds, AfterValidator(_Within(0.1, 1000.0))] | None = None
    light: Annotated[Bounds, AfterValidator(_Within(0.1, 2.0))] | None = None
    colour_shift: Shift | None = None
    camera_position_m: Shift | None = None
    camera_angle_rad: Shift | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the ranges that are given."""
        names = [item.name for item in dataclasses.fields(self)]
        return tuple(name for name in names if getattr(self, name) is not None)

    @model_validator(mode='after')
    def _check_pushes(self) -> Self:
        if (self.push_speed_m_s is None) != (self.push_interval_s is None):
            raise ValueError(
                'push_speed_m_s, push_interval_s: given one of them; accepted: both or neither'
            )
        return self


@dataclasses.dataclass(frozen=True)
class Draw:
    """The values drawn for one episode.

    Attributes:
        seed: the same seed, ranges and parts give the same values.
        values: by name, such as `friction` or `mass/trunk`: factors, or SI units.
    """

    seed: int
    values: Mapping[str, float]

    def value(self, name: str, nominal: float) -> float:
        """Return the drawn value, or the nominal one if it does not vary."""
        return self.values.get(name, nominal)


NOTHING_DRAWN = Draw(0, {})


def draw(
    ranges: RandomisationRanges, seed: int, parts: Mapping[str, Sequence[str]] | None = None
) -> Draw:
    """Return an episode's values, uniform within the ranges.

    Args:
        ranges: the ranges to draw from.
        seed: seed of this draw.
        parts: names of the parts, for ranges that are drawn separately for each part:
            `{'mass': ['trunk', 'hip']}` gives `mass/trunk` and `mass/hip`.
    """
    rng = np.random.default_rng(seed)
    values = {}
    for range_name in ranges.given:
        bounds: Bounds = getattr(ranges, range_name)
        names = [f'{range_name}/{part}' for part in (parts or {}).get(range_name, ())]
        for name in names or [range_name]:
            values[name] = float(rng.uniform(*bounds))
    return Draw(seed, values)
