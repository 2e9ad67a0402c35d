# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a simulated body must offer."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float64]


class SimulatedModel(Protocol):
    """A body with effort-driven joints.

    Attributes:
        joint_names: in the order of every array here, (joint,).
        position: rad, (joint,).
        velocity: rad/s, (joint,).
        effort: last applied, after the actuator's limits, N m, (joint,).
    """

    joint_names: tuple[str, ...]
    position: Joints
    velocity: Joints
    effort: Joints

    def reset(self, rng: np.random.Generator) -> None:
        """Draw a starting state."""
        ...

    def step(self, effort: Joints, period_s: float) -> None:
        """Apply efforts, N m, (joint,), for a control period."""
        ...
