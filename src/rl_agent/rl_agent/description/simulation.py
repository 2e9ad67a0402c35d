# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Which simulated model stands in for a robot, and how it varies."""

from dataclasses import field

from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import STRICT
from rl_agent.description.randomisation import RandomisationRanges


@dataclass(frozen=True, config=STRICT)
class SimulationDescription:
    """Which simulated model stands in for the robot; the agent never reads this.

    Attributes:
        model: of a module in `simulated_models/`, or `module:Class` of one's own.
        parameters: keyword arguments of the model.
        randomisation: what varies from episode to episode.
    """

    model: str
    parameters: dict[str, bool | float | str] = field(default_factory=dict)
    randomisation: RandomisationRanges = RandomisationRanges()
