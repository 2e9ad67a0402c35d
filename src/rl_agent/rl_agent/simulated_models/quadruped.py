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

"""The quadruped as a simulated robot: takes position commands, returns sensor values."""

from collections import deque
import math

import mujoco
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.randomisation import Draw, draw, NOTHING_DRAWN, RandomisationRanges
from rl_agent.simulated_models.model import SensorValues
from rl_agent.simulated_models.quadruped_parts.body import (
    BODY_RANGES,
    FEET,
    FOLDED,
    JOINTS,
    PARTS,
    QuadrupedBody,
    STANDING,
)
from rl_agent.simulated_models.quadruped_parts.sensors import add_noise, measure, QuadrupedReading
from rl_agent.simulated_models.quadruped_parts.standing import stand_up

_MAX_JOINT_SPEED = 200.0  # rad/s; motors of this size stay below 30
_MAX_TRUNK_SPEED = 50.0  # m/s and rad/s
_POSE_SPREAD_RAD = 0.05  # of the joints when the robot is placed on its feet
_SETTLE_S = 0.5  # from being placed on its feet to standing still
_MIN_STANDING_HEIGHT_M = 0.15  # of the trunk
_MAX_STANDING_TILT_RAD = math.radians(20.0)
_PLACE_ATTEMPTS = 3
_HISTORY_PERIODS = 512  # more than the longest delay at the highest rate


class Quadruped:
    """The body with its motors and sensors, randomised by the episode's draw.

    Motors hold the last commanded joint angles by PD control at the rate of the physics, 500 Hz,
    like the firmware of such robots. Delays, noise and pushes come from the draw.

    Attributes:
        variations: what may vary from episode to episode.
        joint_names: names in the order of commands and sensors, (12,).
        draw: draw of the episode.
        reading: newest sensor values.
        fault: what went wrong in the last step or reset, in words; None if nothing did.
        faults: number of faults so far.
    """

    variations = BODY_RANGES

    def __init__(self, *, stand_up_by_motion: bool = False) -> None:
        """Stand on flat ground.

        Args:
            stand_up_by_motion: True: a reset lets the robot stand up from where it lies, as
                hardware must; False: a reset places it on its feet.
        """
        self.joint_names: tuple[str, ...] = JOINTS
        self.body = QuadrupedBody()
        self._ranges = RandomisationRanges()
        self._stand_up_by_motion = stand_up_by_motion
        self._rng = np.random.default_rng(0)
        joints = [self.body.model.joint(name).range for name in JOINTS]
        self._lowest, self._highest = np.array(joints).T
        self.draw = NOTHING_DRAWN
        self.fault: str | None = None
        self.faults = 0
        self._place(np.random.default_rng(0))
        self._begin_episode()

    @property
    def position(self) -> Float64Array:
        """Measured joint positions, rad, (12,)."""
        return self.reading.joint_position

    @property
    def velocity(self) -> Float64Array:
        """Measured joint velocities, rad/s, (12,)."""
        return self.reading.joint_velocity

    @property
    def effort(self) -> Float64Array:
        """Motor torques, N m, (12,)."""
        return self.reading.joint_effort

    @property
    def scene(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """Model and data to render."""
        return self.body.model, self.body.data

    def sensors(self) -> SensorValues:
        """Return the values of IMU, odometry and foot contacts."""
        reading = self.reading
        return {
            'imu': {
                'orientation': reading.orientation,
                'angular_velocity': reading.angular_velocity,
                'linear_acceleration': reading.linear_acceleration,
            },
            'odometry': {
                'pose.pose.position': reading.position,
                'pose.pose.orientation': reading.orientation,
                'twist.twist.linear': reading.linear_velocity,
                'twist.twist.angular': reading.angular_velocity,
            },
            'foot_contacts': {'name': np.array(FEET), 'effort': reading.foot_force},
        }

    def randomise(self, ranges: RandomisationRanges) -> None:
        """Randomise the body from the next reset on."""
        self._ranges = ranges

    def reset(self, rng: np.random.Generator) -> None:
        """Draw the episode's body and ground; let the robot stand up."""
        self.fault = None
        self.body.model.opt.timestep = self.body.step_s  # the same start after any control rate
        self.draw = draw(self._ranges, int(rng.integers(2**63)), PARTS)
        self.body.vary(self.draw)
        self._rng = np.random.default_rng([self.draw.seed, 2])
        self._stand_up(rng)
        self._begin_episode()

    def step(self, command: Float64Array, period_s: float) -> None:
        """Let the motors pull towards joint angles, rad, (12,), for one control period.

        If the simulation explodes (numbers not finite, or too large), the robot is laid on its
        back and `fault` says so; to the agent it has fallen.
        """
        self.fault = None
        self._push(period_s)
        self._targets.appendleft(np.clip(command, self._lowest, self._highest))
        count = self._fit_substeps(period_s)
        late, rest = divmod(self._substeps(self.draw.value('action_delay_s', 0.0)), count)
        old, unseen = divmod(self._substeps(self.draw.value('observation_delay_s', 0.0)), count)
        done = 0
        for substep in sorted({rest, count - unseen, count} - {0}):
            self._advance(self._targets[late + (done < rest)], substep - done)
            done = substep
            if substep == count - unseen:
                self._measured.appendleft(measure(self.body))
        self.reading = self._with_noise(self._measured[old])

    def _fit_substeps(self, period_s: float) -> int:
        """Return the number of physics steps in a control period; adjust their length to it."""
        options = self.body.model.opt
        count = max(1, self._substeps(period_s))
        if not math.isclose(count * options.timestep, period_s, rel_tol=1e-9):
            count = max(1, round(period_s / self.body.step_s))
            options.timestep = period_s / count
        return count

    def _substeps(self, seconds: float) -> int:
        """Return the number of physics steps closest to a duration."""
        return round(seconds / float(self.body.model.opt.timestep))

    def _begin_episode(self) -> None:
        """Forget earlier commands and sensor values."""
        self._targets = deque([STANDING] * _HISTORY_PERIODS, _HISTORY_PERIODS)
        self._measured = deque([measure(self.body)] * _HISTORY_PERIODS, _HISTORY_PERIODS)
        self._until_push_s = self.draw.value('push_interval_s', math.inf)
        self.reading = self._with_noise(self._measured[0])

    def _advance(self, target: Float64Array, substeps: int) -> None:
        """Advance the physics; lay the robot on its back if the simulation explodes."""
        data = self.body.data
        data.ctrl[:] = target
        mujoco.mj_step(self.body.model, data, substeps)
        explosion = self._explosion()
        if explosion:
            self._report(f'the simulation exploded: {explosion}; the robot now lies on its back')
            self._lie_down()

    def _explosion(self) -> str | None:
        """Return why the state is impossible; None if it is possible."""
        data = self.body.data
        if not (np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all()):
            return 'positions or velocities that are not finite'
        fastest = int(np.abs(data.qvel[6:]).argmax())
        if abs(data.qvel[6 + fastest]) > _MAX_JOINT_SPEED:
            return f'{JOINTS[fastest]} at {data.qvel[6 + fastest]:.0f} rad/s'
        if np.abs(data.qvel[:6]).max() > _MAX_TRUNK_SPEED:
            return f'the trunk at {np.abs(data.qvel[:6]).max():.0f} m/s or rad/s'
        return None

    def _report(self, fault: str) -> None:
        """Record a fault."""
        self.fault = fault
        self.faults += 1

    def _push(self, period_s: float) -> None:
        """Push the trunk if a push is due."""
        self._until_push_s -= period_s
        if self._until_push_s > 1e-9:
            return
        self._until_push_s += self.draw.value('push_interval_s', math.inf)
        speed, direction = self.draw.value('push_speed_m_s', 0.0), self._rng.uniform(0, math.tau)
        self.body.data.qvel[:2] += speed * np.array([math.cos(direction), math.sin(direction)])

    def _stand_up(self, rng: np.random.Generator) -> None:
        """Stand up. A robot that falls is placed on its feet, in the end with its nominal body."""
        if self._stand_up_by_motion:
            self._move_to_origin()
            stand_up(self.body.data.qpos[7:].copy(), self._is_level, self._hold)
            if self._stands():
                return
            self._report('the robot fell while it stood up; it is placed on its feet')
        for _ in range(_PLACE_ATTEMPTS):
            self._place(rng)
            if self._stands():
                return
            self._report('the robot fell while it was placed on its feet; it is placed again')
        self.draw = Draw(self.draw.seed, {})
        self.body.vary()
        self._place(rng)

    def _move_to_origin(self) -> None:
        """Move the robot, as it lies, to the origin of the world, just above the new ground."""
        data = self.body.data
        data.qpos[:2] = 0.0
        data.qvel[:] = 0.0
        data.qpos[2] += self.body.highest_ground_m - self.body.lowest_point_m()

    def _hold(self, target: Float64Array, seconds: float) -> None:
        """Let the motors pull towards joint angles for a time, without delay."""
        self._advance(target, self._substeps(seconds))

    def _is_level(self) -> bool:
        """Return whether the trunk is level and its top is up."""
        return bool(self.body.data.body('trunk').xmat[8] > math.cos(_MAX_STANDING_TILT_RAD))

    def _stands(self) -> bool:
        """Return whether the trunk is level and off the ground."""
        trunk = self.body.data.body('trunk')
        return self._is_level() and bool(trunk.xpos[2] > _MIN_STANDING_HEIGHT_M)

    def _place(self, rng: np.random.Generator) -> None:
        """Place the robot on its feet at the origin of the world, and let it come to rest."""
        data = self.body.data
        mujoco.mj_resetData(self.body.model, data)
        data.qpos[:7] = 0, 0, 0, 1, 0, 0, 0
        data.qpos[7:] = STANDING + rng.uniform(-_POSE_SPREAD_RAD, _POSE_SPREAD_RAD, len(JOINTS))
        data.qpos[2] += self.body.highest_ground_m - self.body.lowest_point_m()
        self._hold(STANDING, _SETTLE_S)

    def _lie_down(self) -> None:
        """Lay the robot on its back with folded legs."""
        mujoco.mj_resetData(self.body.model, self.body.data)
        self.body.data.qpos[:7] = 0, 0, self.body.highest_ground_m + 0.08, 0, 1, 0, 0
        self.body.data.qpos[7:] = FOLDED
        mujoco.mj_forward(self.body.model, self.body.data)

    def _with_noise(self, reading: QuadrupedReading) -> QuadrupedReading:
        """Return a reading with the noise of the episode's draw."""
        return add_noise(reading, self.draw.value('observation_noise', 0.0), self._rng)
