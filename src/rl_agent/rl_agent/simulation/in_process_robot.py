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

"""A simulated model as a robot in this process, without ROS.

For films, benchmarks and evaluations: `RobotEnv` drives it like a robot behind topics.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.cameras.camera_view import CameraView
from rl_agent.cameras.frame import picture_frame
from rl_agent.description.image import pack_pixels
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models.model import command_names, joint_states
from rl_agent.simulation.rendered_cameras import all_sensors, make_described_model
from rl_agent.simulation.simulated_robot import SimulatedRobot


class InProcessRobot:
    """The model of a described robot, stepped by function calls; implements `Robot`.

    Attributes:
        simulated: the model with its clock.
    """

    def __init__(self, description: RobotDescription, seed: int) -> None:
        """Begin in a random starting state.

        Args:
            description: description of the robot, with a `simulation` section.
            seed: seed of the starting states.

        Raises:
            ConfigurationError: there is no such section, or the model lacks a joint or a sensor.
        """
        model, self._cameras = make_described_model(description)
        self._fields = description.observation
        self._views = {
            item.name: CameraView(item.image)
            for item in self._fields
            if item.image and item.image.encoding
        }
        names = command_names(model)
        given = description.action.joints or names
        if set(given) != set(names):
            raise ConfigurationError(
                f'robot {description.name!r}: action.joints: given {", ".join(given)};'
                f' accepted: {", ".join(names)}, the joints of the model'
            )
        self._order = [given.index(joint) for joint in names]
        self.simulated = SimulatedRobot(model, description.rate_hz, seed)
        self._read()

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Begin an episode, without commands; return the sensor values."""
        self.simulated.reset()
        return self._read()

    def apply(self, command: Float64Array) -> Reading:
        """Execute a command, (action,), for one control period; return the sensor values."""
        self.simulated.step(command[self._order])
        return self._read()

    def _read(self) -> Reading:
        """Return the values of every field."""
        model = self.simulated.model
        sensors, joints = all_sensors(model, self._cameras), joint_states(model)
        return Reading(
            {
                item.name: self._field(item, sensors.get(item.topic) or joints)
                for item in self._fields
            },
            self.simulated.stamp_ns,
        )

    def _field(self, item: ObservationField, topic: Mapping[str, NDArray[Any]]) -> Float64Array:
        """Return the values of one field, (raw,).

        Args:
            item: the field.
            topic: path to the values of its topic.
        """
        if item.field not in topic:
            raise ConfigurationError(
                f'observation field {item.name!r}: the model does not sense {item.field!r} of'
                f' {item.topic!r}; accepted: {", ".join(topic)}'
            )
        if item.name in self._views:
            return pack_pixels(self._views[item.name](picture_frame(topic[item.field])))
        numbers = np.asarray(topic[item.field], np.float64)
        if item.joints:
            names = list(topic['name'])
            return numbers[[names.index(joint) for joint in item.joints]]
        return numbers[list(item.indices)] if item.indices else numbers[: item.raw_size]
