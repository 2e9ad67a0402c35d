# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A simulated model as a robot in this process: what ROS would bring, without ROS.

For films, benchmarks and evaluations: `RobotEnv` drives it as it drives a robot behind topics.
"""

from collections.abc import Callable

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import ConfigurationError
from rl_agent.simulated_models import make_model
from rl_agent.simulated_models.model import sensors_of
from rl_agent.simulation.simulated_robot import SimulatedRobot


class InProcessRobot:
    """A described robot's model, stepped by function calls; a `Robot`.

    Attributes:
        simulated: the model with its clock.
    """

    def __init__(self, description: RobotDescription, seed: int) -> None:
        """Stand in a random starting state.

        Args:
            description: of the robot, with a `simulation`.
            seed: of the starting states.

        Raises:
            ConfigurationError: it has no simulation, or the model does not sense what it names.
        """
        simulation = description.simulation
        if simulation is None:
            raise ConfigurationError(
                f'robot {description.name!r}: simulation: missing; this key is required to'
                ' simulate it'
            )
        self._fields = description.observation
        model = make_model(simulation.model, simulation.parameters, simulation.randomisation)
        given = description.action.joints or model.joint_names
        if set(given) != set(model.joint_names):
            raise ConfigurationError(
                f'robot {description.name!r}: action.joints: given {", ".join(given)};'
                f' accepted: {", ".join(model.joint_names)}, the joints of the model'
            )
        self._order = [given.index(joint) for joint in model.joint_names]
        self.simulated = SimulatedRobot(model, description.rate_hz, seed)
        self._read()

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Begin an episode; return what is sensed then; no command moves it there."""
        self.simulated.reset()
        return self._read()

    def apply(self, command: Float64Array) -> Reading:
        """Execute a command, (action,), for one control period; return what is sensed then."""
        self.simulated.step(command[self._order])
        return self._read()

    def _read(self) -> Reading:
        """Return the numbers of every field."""
        return Reading(
            {item.name: self._field(item) for item in self._fields}, self.simulated.stamp_ns
        )

    def _field(self, item: ObservationField) -> Float64Array:
        """Return one field's numbers, (raw,)."""
        model = self.simulated.model
        joints = {
            'name': model.joint_names,
            'position': model.position,
            'velocity': model.velocity,
            'effort': model.effort,
        }
        topic = sensors_of(model).get(item.topic, joints)
        if item.field not in topic:
            raise ConfigurationError(
                f'observation field {item.name!r}: the model does not sense {item.field!r} of'
                f' {item.topic!r}; accepted: {", ".join(topic)}'
            )
        numbers = np.asarray(topic[item.field], np.float64)
        if item.joints:
            names = list(topic['name'])
            return numbers[[names.index(joint) for joint in item.joints]]
        return numbers[list(item.indices)] if item.indices else numbers[: item.raw_size]
