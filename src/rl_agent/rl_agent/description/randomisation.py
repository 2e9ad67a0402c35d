# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Domain randomisation: ranges from the robot description, one draw for each episode."""

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, ConfigDict, model_validator
from pydantic.dataclasses import dataclass


@dataclasses.dataclass(frozen=True)
class _Within:
    """Accepts ranges [low, high] that lie between two numbers."""

    least: float
    most: float

    def __call__(self, given: tuple[float, float]) -> tuple[float, float]:
        """Return the range; ValueError if it is none."""
        low, high = given
        if not self.least <= low <= high <= self.most:
            raise ValueError(
                f'given [{low:g}, {high:g}]; accepted: [low, high] with low not above high, both'
                f' from {self.least:g} to {self.most:g}'
            )
        return given


Range = tuple[float, float]
Factor = Annotated[Range, AfterValidator(_Within(0.1, 10.0))]
Delay = Annotated[Range, AfterValidator(_Within(0.0, 0.5))]


@dataclass(frozen=True, config=ConfigDict(extra='forbid', allow_inf_nan=False))
class RandomisationRanges:
    """What varies from episode to episode, each as [low, high]; None: it does not vary.

    Factors multiply what the simulated model has by itself, so that 1 changes nothing. Values are
    drawn uniformly.

    Attributes:
        mass: factor, for each kind of link by itself; inertias follow.
        link_size: factor, for the length of each kind of limb by itself.
        friction: sliding coefficient between feet and ground.
        joint_damping: factor, of all joints together.
        joint_armature: factor, of all joints together.
        motor_p_gain: factor, of all motors together.
        motor_d_gain: factor, of all motors together.
        action_delay_s: from command to motor.
        observation_delay_s: from sensor to message.
        observation_noise: factor on the noise of the model's sensors; 0: none.
        terrain_height_m: of the highest point of the ground above its lowest.
        push_speed_m_s: change of the trunk's velocity by one push, in a random direction.
        push_interval_s: from one push to the next.
    """

    mass: Factor | None = None
    link_size: Annotated[Range, AfterValidator(_Within(0.8, 1.25))] | None = None
    friction: Annotated[Range, AfterValidator(_Within(0.05, 5.0))] | None = None
    joint_damping: Factor | None = None
    joint_armature: Factor | None = None
    motor_p_gain: Factor | None = None
    motor_d_gain: Factor | None = None
    action_delay_s: Delay | None = None
    observation_delay_s: Delay | None = None
    observation_noise: Annotated[Range, AfterValidator(_Within(0.0, 10.0))] | None = None
    terrain_height_m: Annotated[Range, AfterValidator(_Within(0.0, 0.3))] | None = None
    push_speed_m_s: Annotated[Range, AfterValidator(_Within(0.0, 5.0))] | None = None
    push_interval_s: Annotated[Range, AfterValidator(_Within(0.1, 1000.0))] | None = None

    @model_validator(mode='after')
    def _check_pushes(self) -> 'RandomisationRanges':
        """Refuse pushes that never come, or that push nobody."""
        if (self.push_speed_m_s is None) != (self.push_interval_s is None):
            raise ValueError(
                'push_speed_m_s, push_interval_s: given one of them; accepted: both or neither'
            )
        return self


@dataclasses.dataclass(frozen=True)
class Draw:
    """What was drawn for one episode.

    Attributes:
        seed: the same seed, ranges and parts give the same values.
        values: `friction`, `mass/trunk` and so on to factors, or SI units as named.
    """

    seed: int
    values: Mapping[str, float]

    def value(self, name: str, nominal: float) -> float:
        """Return what was drawn, or the nominal value of what does not vary."""
        return self.values.get(name, nominal)


NOTHING_DRAWN = Draw(0, {})


def draw(
    ranges: RandomisationRanges, seed: int, parts: Mapping[str, Sequence[str]] | None = None
) -> Draw:
    """Return an episode's values, uniform within the ranges.

    Args:
        ranges: what varies.
        seed: of this draw.
        parts: for a range that is drawn once for each of several parts, the parts' names:
            `{'mass': ['trunk', 'hip']}` gives `mass/trunk` and `mass/hip`.
    """
    rng = np.random.default_rng(seed)
    values = {}
    for item in dataclasses.fields(ranges):
        given: Range | None = getattr(ranges, item.name)
        if given is None:
            continue
        names = [f'{item.name}/{part}' for part in (parts or {}).get(item.name, ())]
        for name in names or [item.name]:
            values[name] = float(rng.uniform(*given))
    return Draw(seed, values)
