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

"""An arm that puts a peg into a hole: its tool takes velocities, as MoveIt Servo takes them."""

import math
from pathlib import Path

import mujoco
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.simulated_models.model import SensorValues
from rl_agent.simulated_models.peg_arm_parts.tool_servo import ToolServo

MODEL_FILE = Path(__file__).with_name('peg_arm_parts') / 'peg_arm.xml'
JOINTS = ('base_yaw', 'shoulder', 'elbow', 'wrist_pitch', 'wrist_roll')
MAX_SPEED = 0.1  # m/s, of the tool along each axis
DEPTH_M = 0.03  # of the hole
CLEARANCE_M = 0.0025  # on each side of the centred peg
START_LOW_M, START_HIGH_M = (-0.06, -0.06, 0.04), (0.06, 0.06, 0.10)  # from the hole's mouth
REACH_LOW_M, REACH_HIGH_M = (-0.08, -0.08, -0.04), (0.08, 0.08, 0.12)  # where the tool may go

_UPPER_ARM_M, _FOREARM_M, _WRIST_M = 0.28, 0.26, 0.18  # between the joints, and to the peg's tip
_SHOULDER_HEIGHT_M = 0.2
_SWITCH_TRAVEL_M = 0.002  # the switch at the bottom closes so far above it
_SERVO_PERIOD_S = 0.02
_LAMP_OFF, _LAMP_ON = (0.35, 0.08, 0.06, 1.0), (0.20, 1.0, 0.30, 1.0)


class PegArm:
    """Five joints, a peg in the gripper, and a block with a hole in front of the arm.

    Takes the velocity of the tool along x, y and z of its base, m/s. The peg stays upright; drives
    of limited stiffness let it slide along the block. Each episode begins with the peg somewhere
    above the block. Lengths in `sensors` are from the centre of the hole's mouth: the frame of a
    fixture whose place is known.

    Attributes:
        joint_names: names in the order of joint values, (5,).
        command_names: names of the command's numbers, (3,).
        position: rad, (5,).
        velocity: rad/s, (5,).
        effort: torque of the drives, N m, (5,).
    """

    def __init__(self) -> None:
        """Hold the peg above the hole."""
        self.joint_names: tuple[str, ...] = JOINTS
        self.command_names: tuple[str, ...] = ('x', 'y', 'z')
        self.model = mujoco.MjModel.from_xml_path(str(MODEL_FILE))
        self.data = mujoco.MjData(self.model)
        self._hole = np.array(self.model.body('block').pos)
        self._tip_site = self.model.site('tip').id
        self._lamp = self.model.geom('lamp').id
        self._derivative_s = -self.model.actuator_biasprm[:, 2] / self.model.actuator_gainprm[:, 0]
        self._servo = ToolServo(
            self.model,
            'tip',
            low=self._hole + REACH_LOW_M,
            high=self._hole + REACH_HIGH_M,
        )
        self.place(np.array([0.0, 0.0, START_HIGH_M[2]]))

    @property
    def position(self) -> Float64Array:
        """Joint positions, rad, (5,)."""
        return np.array(self.data.qpos)

    @property
    def velocity(self) -> Float64Array:
        """Joint velocities, rad/s, (5,)."""
        return np.array(self.data.qvel)

    @property
    def effort(self) -> Float64Array:
        """Torque of the drives, N m, (5,)."""
        return np.array(self.data.actuator_force)

    @property
    def tip(self) -> Float64Array:
        """Centre of the peg's lower end, from the hole's mouth, m, (3,)."""
        tip: Float64Array = self.data.site_xpos[self._tip_site] - self._hole
        return tip

    @property
    def is_seated(self) -> bool:
        """Whether the peg presses the switch at the bottom of the hole."""
        return bool(self.tip[2] <= _SWITCH_TRAVEL_M - DEPTH_M)

    @property
    def scene(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """Model and data to render; the lamp on the block shows the switch."""
        return self.model, self.data

    def sensors(self) -> SensorValues:
        """Return the pose of the tool, from the hole, and the switch."""
        orientation = np.zeros(4)
        mujoco.mju_mat2Quat(orientation, self.data.site_xmat[self._tip_site])
        return {
            'tool_pose': {
                'pose.position': self.tip,
                'pose.orientation': orientation[[1, 2, 3, 0]],
            },
            'peg_seated': {'data': np.array([float(self.is_seated)])},
        }

    def reset(self, rng: np.random.Generator) -> None:
        """Hold the peg at rest at a random point above the block."""
        self.place(rng.uniform(START_LOW_M, START_HIGH_M))

    def place(self, tip: Float64Array) -> None:
        """Hold the peg at rest with its tip at a point, from the hole's mouth, m, (3,)."""
        mujoco.mj_resetData(self.model, self.data)
        position = joint_angles(tip + self._hole)
        self.data.qpos[:] = self.data.ctrl[:] = position
        mujoco.mj_forward(self.model, self.data)
        self._servo.begin(position)
        self._light()

    def step(self, command: Float64Array, period_s: float) -> None:
        """Move the tool with a velocity, m/s, (3,), for one control period."""
        velocity = np.clip(command, -MAX_SPEED, MAX_SPEED)
        ticks = max(1, round(period_s / _SERVO_PERIOD_S))
        substeps = max(1, round(period_s / ticks / self.model.opt.timestep))
        self.model.opt.timestep = period_s / ticks / substeps
        data, servo = self.data, self._servo
        for _ in range(ticks):
            servo.advance(velocity, period_s / ticks, data.qpos, self.tip + self._hole)
            data.ctrl[:] = servo.target + self._derivative_s * servo.target_velocity
            mujoco.mj_step(self.model, data, substeps)
        mujoco.mj_forward(self.model, data)
        self._light()

    def _light(self) -> None:
        """Let the lamp show the switch."""
        self.model.geom_rgba[self._lamp] = _LAMP_ON if self.is_seated else _LAMP_OFF


def joint_angles(tip: Float64Array) -> Float64Array:
    """Return the joint positions, rad, (5,), that hold the peg upright at a point, world, m, (3,).

    The elbow is up: two links in a vertical plane; Craig, Introduction to Robotics, section 4.4.
    """
    radius, height = math.hypot(tip[0], tip[1]), tip[2] + _WRIST_M - _SHOULDER_HEIGHT_M
    cosine = (radius**2 + height**2 - _UPPER_ARM_M**2 - _FOREARM_M**2) / (
        2.0 * _UPPER_ARM_M * _FOREARM_M
    )
    elbow = math.acos(cosine)
    shoulder = math.atan2(radius, height) - math.atan2(
        _FOREARM_M * math.sin(elbow), _UPPER_ARM_M + _FOREARM_M * cosine
    )
    yaw = math.atan2(tip[1], tip[0])
    return np.array([yaw, shoulder, elbow, math.pi - shoulder - elbow, yaw])
