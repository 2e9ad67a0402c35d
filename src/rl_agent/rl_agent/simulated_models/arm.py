# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An arm of two links on a table, and a target ahead of it, elsewhere after each reset.

Two uniform rods turn in the horizontal plane, so there is no gravity. With the angles q1 (of the
first link) and q2 (of the second against the first), M(q) a + c(q, v) = effort - damping v, the
manipulator equation as in Spong, Robot Modeling and Control, section 7.4.
"""

import math

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.model import SensorValues

LENGTH_M = 0.5  # of each link
MASS_KG = 1.0  # of each link
DAMPING = 2.0  # N m s/rad
MAX_EFFORT = np.array([6.0, 3.0])  # N m
MAX_VELOCITY = 10.0  # rad/s
HOME = np.array([-0.75, 1.5])  # rad: the hand is ahead of the shoulder, the elbow bent
SPREAD = 0.3  # rad, of the starting pose about it
NEAREST_M, FARTHEST_M = 0.4, 0.9  # of the target from the shoulder
WIDEST = 1.2  # rad, of the target to either side of the x axis
_SUBSTEP_S = 0.005

_INERTIA = MASS_KG * LENGTH_M**2 / 12.0  # of a link about its centre
_HALF_M = LENGTH_M / 2.0


class Arm:
    """Joints `shoulder` and `elbow`; 0 stretches the arm along x, positive is counter-clockwise.

    It senses where its hand is and where the target is, in the frame of its base.
    Semi-implicit Euler with steps of at most 5 ms.
    """

    def __init__(self) -> None:
        """Rest stretched out."""
        self.joint_names: tuple[str, ...] = ('shoulder', 'elbow')
        self.position: Float64Array = np.zeros(2)
        self.velocity: Float64Array = np.zeros(2)
        self.effort: Float64Array = np.zeros(2)
        self.target = np.array([NEAREST_M, 0.0, 0.0])

    @property
    def hand(self) -> NDArray[np.float64]:
        """Where the hand is: x, y, z, m, (3,)."""
        first, second = float(self.position[0]), float(self.position.sum())
        return np.array(
            [
                LENGTH_M * (math.cos(first) + math.cos(second)),
                LENGTH_M * (math.sin(first) + math.sin(second)),
                0.0,
            ]
        )

    def sensors(self) -> SensorValues:
        """Return hand and target."""
        return {'hand': {'point': self.hand}, 'target': {'point': self.target}}

    def reset(self, rng: np.random.Generator) -> None:
        """Rest near the home pose; draw a target evenly from a part of a ring ahead."""
        self.position = HOME + rng.uniform(-SPREAD, SPREAD, 2)
        self.velocity, self.effort = np.zeros(2), np.zeros(2)
        radius = math.sqrt(rng.uniform(NEAREST_M**2, FARTHEST_M**2))
        angle = rng.uniform(-WIDEST, WIDEST)
        self.target = np.array([radius * math.cos(angle), radius * math.sin(angle), 0.0])

    def step(self, command: Float64Array, period_s: float) -> None:
        """Apply efforts, N m, (2,), for one period."""
        self.effort = np.clip(command, -MAX_EFFORT, MAX_EFFORT)
        steps = math.ceil(period_s / _SUBSTEP_S)
        for _ in range(steps):
            acceleration = self._acceleration()
            velocity = self.velocity + acceleration * (period_s / steps)
            self.velocity = np.clip(velocity, -MAX_VELOCITY, MAX_VELOCITY)
            self.position = self.position + self.velocity * (period_s / steps)

    def _acceleration(self) -> Float64Array:
        """Return the joints' acceleration, rad/s^2, (2,)."""
        elbow = float(self.position[1])
        v1, v2 = self.velocity.tolist()
        coupling = MASS_KG * LENGTH_M * _HALF_M * math.cos(elbow)
        second = MASS_KG * _HALF_M**2 + _INERTIA
        mixed = second + coupling
        first = mixed + coupling + MASS_KG * (_HALF_M**2 + LENGTH_M**2) + _INERTIA
        swing = MASS_KG * LENGTH_M * _HALF_M * math.sin(elbow)
        torque1, torque2 = (self.effort - DAMPING * self.velocity).tolist()
        torque1 += swing * (2.0 * v1 + v2) * v2
        torque2 -= swing * v1 * v1
        determinant = first * second - mixed * mixed
        return np.array(
            [
                (second * torque1 - mixed * torque2) / determinant,
                (first * torque2 - mixed * torque1) / determinant,
            ]
        )
