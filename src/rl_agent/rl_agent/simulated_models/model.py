# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a simulated body must offer."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array

# topic to field path to the numbers there, as {'imu': {'orientation': [0, 0, 0, 1]}}; or to names,
# where a message says whose the numbers are
SensorValues = Mapping[str, Mapping[str, NDArray[Any]]]


class SimulatedModel(Protocol):
    """A body with joints.

    `simulated_robot` publishes its joints as sensor_msgs/msg/JointState on the topics of that type
    in the description. A model with other sensors has a method `sensors() -> SensorValues` too:
    topic and message type are those of the description.

    A model that varies from episode to episode has `randomise(RandomisationRanges)`, and `draw`,
    the `Draw` of the episode, which is published. A model in which something can go wrong has
    `fault`, None or what went wrong in the last step or reset, in words, and `faults`, a count.
    A model that can be filmed has `scene`, MuJoCo's model and data with a camera `track`.

    Attributes:
        joint_names: in the order of every array here, (joint,).
        position: rad, (joint,).
        velocity: rad/s, (joint,).
        effort: last applied, after the actuator's limits, N m, (joint,).
    """

    joint_names: tuple[str, ...]
    position: Float64Array
    velocity: Float64Array
    effort: Float64Array

    def reset(self, rng: np.random.Generator) -> None:
        """Draw a starting state."""
        ...

    def step(self, command: Float64Array, period_s: float) -> None:
        """Execute a command, (joint,), in the unit of the description, for a control period."""
        ...


def sensors_of(model: SimulatedModel) -> SensorValues:
    """Return what a model senses besides its joints."""
    sensors = getattr(model, 'sensors', None)
    values: SensorValues = sensors() if sensors else {}
    return values
