# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Simulated models in a running Gazebo 11, for the `simulated_robot` node.

A description selects one by `gazebo_models:GazeboPendulum` as the model of its simulation, with
the plugin's socket as parameter.
"""

import math
from pathlib import Path

from lockstep_client import LockstepClient
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.model import SensorValues

_ITERATION_S = 0.001  # physics step of the worlds
# parameters of the model's diff-drive plugin, which Gazebo 11 does not have
_TRACK_M = 0.16
_WHEEL_RADIUS_M = 0.033
_MAX_WHEEL_TORQUE = 1.0  # N m


class GazeboPendulum:
    """The pendulum of `config/worlds/models/pendulum`, see `SimulatedModel`."""

    def __init__(self, *, socket: str = 'socket') -> None:
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

    def step(self, command: Float64Array, period_s: float) -> None:
        """Apply an effort, N m, (1,), for one period."""
        self._gazebo.ask('effort', 'pendulum', 'pivot', float(command[0]))
        self._gazebo.ask('step', round(period_s / _ITERATION_S))
        self._read()

    def _read(self) -> None:
        """Read the joint."""
        values = self._gazebo.ask('joints', 'pendulum', 'pivot')
        self.position, self.velocity, self.effort = (np.array([value]) for value in values)


class GazeboDiffDrive:
    """The robot of `config/worlds/models/diff_drive`, see `SimulatedModel`.

    The command is the velocity of the base: m/s forward and rad/s to the left. The wheels hold the
    corresponding speeds, as with a real driver. Odometry is the true pose.
    """

    def __init__(self, *, socket: str = 'socket') -> None:
        """Connect to the plugin's socket."""
        self._gazebo = LockstepClient(Path(socket))
        self.joint_names: tuple[str, ...] = ('wheel_left_joint', 'wheel_right_joint')
        self._settle()

    def reset(self, rng: np.random.Generator) -> None:
        """Draw a position near (-1.5, -1.5) and a heading."""
        x, y = rng.uniform(-1.8, -1.2, 2)
        self.stand(x, y, rng.uniform(-math.pi, math.pi))

    def stand(self, x: float, y: float, yaw: float) -> None:
        """Stand at a position, m, with a heading, rad."""
        self._gazebo.ask('stand', 'diff_drive', x, y, 0.0, yaw)
        self._settle()

    def step(self, command: Float64Array, period_s: float) -> None:
        """Drive for one period with a speed, m/s, and a yaw rate, rad/s, (2,)."""
        forward, turning = command
        for joint, side in zip(self.joint_names, (-1.0, 1.0), strict=True):
            speed = (forward + side * turning * _TRACK_M / 2.0) / _WHEEL_RADIUS_M
            self._gazebo.ask('speed', 'diff_drive', joint, speed, _MAX_WHEEL_TORQUE)
        self._gazebo.ask('step', round(period_s / _ITERATION_S))
        self._read()

    def sensors(self) -> SensorValues:
        """Return scan and odometry."""
        return {'scan': self._scan, 'odom': self._odometry}

    def _settle(self) -> None:
        """Stand still on the ground."""
        self.step(np.zeros(2), 0.1)

    def _read(self) -> None:
        """Read joints, pose and scan."""
        joints = self._gazebo.ask('joints', 'diff_drive', *self.joint_names)
        self.position, self.velocity, self.effort = np.array(joints).reshape(2, 3).T.copy()
        pose = np.array(self._gazebo.ask('pose', 'diff_drive'))
        yaw = float(pose[5])
        forward = pose[6] * math.cos(yaw) + pose[7] * math.sin(yaw)
        left = pose[7] * math.cos(yaw) - pose[6] * math.sin(yaw)
        self._odometry = {
            'pose.pose.position': pose[:3],
            'pose.pose.orientation': np.array([0, 0, math.sin(yaw / 2), math.cos(yaw / 2)]),
            'twist.twist.linear': np.array([forward, left, pose[8]]),
            'twist.twist.angular': pose[9:],
        }
        ranges = np.array(self._gazebo.ask('scan', 'lidar'))
        self._scan = {
            'ranges': ranges,
            'angle_min': np.zeros(1),
            'angle_max': np.array([2.0 * math.pi * (1.0 - 1.0 / len(ranges))]),
            'angle_increment': np.array([2.0 * math.pi / len(ranges)]),
            'range_min': np.array([0.12]),
            'range_max': np.array([3.5]),
        }
