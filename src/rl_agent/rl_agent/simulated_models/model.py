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

"""The interface of simulated models."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array

# numbers, or joint names, by topic and field path: {'imu': {'orientation': [0, 0, 0, 1]}}
SensorValues = Mapping[str, Mapping[str, NDArray[Any]]]


class SimulatedModel(Protocol):
    """A simulated body with joints.

    `simulated_robot` publishes the joints on the description's topics of type
    sensor_msgs/msg/JointState. Optional attributes:

    - `command_names`: names of the command's numbers, if those are not one for each joint.
    - `sensors() -> SensorValues`: values of other sensors, by topic of the description; of a
      camera `{'data': picture}`, (height, width, 1 or 3) uint8.
    - `randomise(RandomisationRanges)` and `draw`: the model varies from episode to episode; the
      `Draw` of the episode is published. `variations`: the names of the ranges that it obeys; all
      without.
    - `fault` and `faults`: what went wrong in the last step or reset, or None, and a count.
    - `scene`: MuJoCo's model and data, with a camera `track`, for films.
    - `frame()`: a picture, (height, width, 3) uint8, of a model that draws itself, for films.

    Attributes:
        joint_names: names in the order of every array here, (joint,).
        position: rad, (joint,).
        velocity: rad/s, (joint,).
        effort: last applied effort, after the actuator's limits, N m, (joint,).
    """

    joint_names: tuple[str, ...]
    position: Float64Array
    velocity: Float64Array
    effort: Float64Array

    def reset(self, rng: np.random.Generator) -> None:
        """Draw a starting state."""
        ...

    def step(self, command: Float64Array, period_s: float) -> None:
        """Execute a command, in the unit of the description, for one control period.

        Args:
            command: one number for each of `command_names`, else for each joint.
            period_s: the control period.
        """
        ...


def command_names(model: SimulatedModel) -> tuple[str, ...]:
    """Return a name for each number of a model's command: its joints, unless it has others."""
    names: tuple[str, ...] = getattr(model, 'command_names', model.joint_names)
    return names


def sensors_of(model: SimulatedModel) -> SensorValues:
    """Return the values of a model's sensors other than its joints."""
    sensors = getattr(model, 'sensors', None)
    values: SensorValues = sensors() if sensors else {}
    return values


def joint_states(model: SimulatedModel) -> Mapping[str, NDArray[Any]]:
    """Return a model's joints by field of a sensor_msgs/msg/JointState."""
    return {
        'name': np.array(model.joint_names),
        'position': model.position,
        'velocity': model.velocity,
        'effort': model.effort,
    }
