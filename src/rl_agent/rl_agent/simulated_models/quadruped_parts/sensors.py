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

"""The sensors of the simulated quadruped, and their noise."""

from dataclasses import dataclass, replace
import math

import mujoco
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.quadruped_parts.body import QuadrupedBody

_TILT_NOISE_RAD = 0.01  # standard deviation of the orientation's error at noise factor 1
# Standard deviations of the other sensors at noise factor 1.
_NOISE = {
    'angular_velocity': 0.05,  # rad/s
    'linear_acceleration': 0.2,  # m/s^2
    'linear_velocity': 0.05,  # m/s
    'joint_position': 0.01,  # rad
    'joint_velocity': 0.2,  # rad/s
}


@dataclass(frozen=True, eq=False)
class QuadrupedReading:
    """Values of the quadruped's sensors. REP-103 axes: x forward, y left, z up.

    Attributes:
        orientation: IMU, quaternion x, y, z, w with w >= 0, (4,).
        angular_velocity: IMU, in the trunk's frame, rad/s, (3,).
        linear_acceleration: IMU, in the trunk's frame, including gravity, m/s^2, (3,).
        position: odometry, trunk in the world, m, (3,).
        linear_velocity: odometry, in the trunk's frame, m/s, (3,).
        joint_position: rad, (12,).
        joint_velocity: rad/s, (12,).
        joint_effort: motor torques, N m, (12,).
        foot_force: load on each foot, N, (4,).
    """

    orientation: Float64Array
    angular_velocity: Float64Array
    linear_acceleration: Float64Array
    position: Float64Array
    linear_velocity: Float64Array
    joint_position: Float64Array
    joint_velocity: Float64Array
    joint_effort: Float64Array
    foot_force: Float64Array


def measure(body: QuadrupedBody) -> QuadrupedReading:
    """Return the values of perfect sensors."""
    data = body.data
    w, x, y, z = data.qpos[3:7] * math.copysign(1.0, data.qpos[3])
    to_trunk = np.empty(9)
    mujoco.mju_quat2Mat(to_trunk, np.array([w, -x, -y, -z]))
    return QuadrupedReading(
        orientation=np.array([x, y, z, w]),
        angular_velocity=data.qvel[3:6].copy(),
        linear_acceleration=data.sensor('accelerometer').data.copy(),
        position=data.qpos[:3].copy(),
        linear_velocity=to_trunk.reshape(3, 3) @ data.qvel[:3],
        joint_position=data.qpos[7:].copy(),
        joint_velocity=data.qvel[6:].copy(),
        joint_effort=data.actuator_force.copy(),
        foot_force=data.sensordata[body.foot_sensors],
    )


def add_noise(
    reading: QuadrupedReading, factor: float, rng: np.random.Generator
) -> QuadrupedReading:
    """Return a reading with sensor noise; factor 0 adds none."""
    if factor == 0.0:
        return reading
    noisy = {
        name: getattr(reading, name)
        + rng.normal(0.0, factor * deviation, len(getattr(reading, name)))
        for name, deviation in _NOISE.items()
    }
    error = np.append(rng.normal(0.0, factor * _TILT_NOISE_RAD / 2, 3), 1.0)
    return replace(reading, orientation=_product(reading.orientation, error), **noisy)


def _product(first: Float64Array, second: Float64Array) -> Float64Array:
    """Return the normalised product of two quaternions x, y, z, w, (4,)."""
    result = np.empty(4)
    mujoco.mju_mulQuat(result, np.roll(first, 1), np.roll(second, 1))
    mujoco.mju_normalize4(result)
    return np.roll(result, -1)
