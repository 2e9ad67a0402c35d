# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Bodies in a running Gazebo 11, for the `simulated_robot` node.

The node offers the robot's own topics; only the world behind them is another one. A description
names a body here by `gazebo_models:GazeboPendulum` as its simulation's model, and gives it the
plugin's socket as parameter.
"""

import math
from pathlib import Path

from lockstep_client import LockstepClient
import numpy as np
from rl_agent.simulated_models.model import Joints

_ITERATION_S = 0.001  # of the worlds' physics


class GazeboPendulum:
    """The pendulum of `config/worlds/models/pendulum`, see `SimulatedModel`."""

    def __init__(self, *, socket: str) -> None:
        """Connect to the plugin's socket."""
        self._gazebo = LockstepClient(Path(socket))
        self.joint_names: tuple[str, ...] = ('pivot',)
        self._read()

    def reset(self, rng: np.random.Generator) -> None:
        """Draw an angle in [-pi, pi] and a velocity in [-1, 1] rad/s, as Pendulum-v1 does."""
        angle, velocity = rng.uniform(-math.pi, math.pi), rng.uniform(-1.0, 1.0)
        self._gazebo.ask('effort', 'pendulum', 'pivot', 0.0)
        self._gazebo.ask('place', 'pendulum', 'pivot', angle, velocity)
        self._read()

    def step(self, command: Joints, period_s: float) -> None:
        """Apply an effort, N m, (1,), for one period."""
        self._gazebo.ask('effort', 'pendulum', 'pivot', float(command[0]))
        self._gazebo.ask('step', round(period_s / _ITERATION_S))
        self._read()

    def _read(self) -> None:
        """Read the joint."""
        values = self._gazebo.ask('joints', 'pendulum', 'pivot')
        self.position, self.velocity, self.effort = (np.array([value]) for value in values)
