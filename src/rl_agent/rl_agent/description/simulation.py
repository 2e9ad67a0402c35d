# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `simulation` section of a robot's YAML file: the simulated model and how it varies."""

from dataclasses import field

from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import STRICT
from rl_agent.description.randomisation import RandomisationRanges


@dataclass(frozen=True, config=STRICT)
class SimulationDescription:
    """The model that simulates the robot; the agent never reads this section.

    Attributes:
        model: name of a module in `simulated_models/`, or `module:Class` of your own.
        parameters: keyword arguments of the model.
        randomisation: what varies from episode to episode.
    """

    model: str
    parameters: dict[str, bool | float | str] = field(default_factory=dict)
    randomisation: RandomisationRanges = RandomisationRanges()
