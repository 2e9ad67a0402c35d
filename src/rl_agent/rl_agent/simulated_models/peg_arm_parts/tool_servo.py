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

"""Joint targets from a tool velocity, as MoveIt Servo makes them.

Resolved-rate control with damped least squares: Wampler, Manipulator inverse kinematic solutions
based on vector formulations and damped least-squares methods, 1986.
"""

import mujoco
import numpy as np
from rl_agent.array_types import Float64Array

TOOL_DOWN = np.diag([-1.0, 1.0, -1.0])  # orientation of the tool: its z axis points down
_DAMPING = 0.02
_CORRECTION = 10.0  # 1/s: how fast the tool returns to its planned point and orientation
_MAX_JOINT_SPEED = 1.5  # rad/s
_MAX_LEAD_M = 0.008  # of the planned point before the measured one: bounds the force of a contact
_MAX_LEAD_RAD = 0.03  # of a joint's target before its angle: the same


class ToolServo:
    """Moves the tool with a commanded velocity; its orientation stays `TOOL_DOWN`.

    The planned point of the tool stays in a box, as the safety planes of a real cell keep it, and
    close to the measured one. Joint targets stay within the joints' ranges.

    Attributes:
        target: joint targets, rad, (joint,).
        target_velocity: their velocity, rad/s, (joint,).
    """

    def __init__(
        self, model: mujoco.MjModel, site: str, *, low: Float64Array, high: Float64Array
    ) -> None:
        """Take the arm as it is.

        Args:
            model: of the arm; its joints are the whole state.
            site: name of the tool's site.
            low: lowest point of the tool, world, m, (3,).
            high: highest point.
        """
        self._model, self._site = model, model.site(site).id
        self._planned = mujoco.MjData(model)  # kinematics at the targets
        self._low, self._high = low, high
        self._lowest, self._highest = model.jnt_range.T
        self._jacobian = np.zeros((6, model.nv))
        self.begin(np.zeros(model.nq))

    def begin(self, position: Float64Array) -> None:
        """Begin at rest at joint positions, rad, (joint,)."""
        self.target = position.copy()
        self.target_velocity = np.zeros_like(position)
        self._update()
        self._point = self._tip.copy()

    def advance(
        self, velocity: Float64Array, period_s: float, position: Float64Array, tip: Float64Array
    ) -> None:
        """Move the joint targets on by one period.

        Args:
            velocity: of the tool, world, m/s, (3,).
            period_s: time until the next call.
            position: measured joint positions, rad, (joint,).
            tip: measured point of the tool, world, m, (3,).
        """
        wanted = np.clip(self._point + velocity * period_s, self._low, self._high)
        wanted = np.clip(wanted, tip - _MAX_LEAD_M, tip + _MAX_LEAD_M)
        moved = (wanted - self._point) / period_s
        linear = moved + _CORRECTION * (self._point - self._tip)
        joints = self._solve(np.concatenate([linear, _CORRECTION * self._tilt()]))
        fastest = float(np.abs(joints).max())
        joints *= min(1.0, _MAX_JOINT_SPEED / max(fastest, 1e-9))
        before = self.target
        target = np.clip(before + joints * period_s, self._lowest, self._highest)
        self.target = np.clip(target, position - _MAX_LEAD_RAD, position + _MAX_LEAD_RAD)
        self.target_velocity = (self.target - before) / period_s
        self._point = wanted
        self._update()

    def _solve(self, twist: Float64Array) -> Float64Array:
        """Return joint velocities, rad/s, (joint,), for a twist, m/s and rad/s, (6,)."""
        mujoco.mj_jacSite(
            self._model, self._planned, self._jacobian[:3], self._jacobian[3:], self._site
        )
        square = self._jacobian.T @ self._jacobian
        square += _DAMPING**2 * np.eye(len(square))
        solution: Float64Array = np.linalg.solve(square, self._jacobian.T @ twist)
        return solution

    def _tilt(self) -> Float64Array:
        """Return the small rotation that restores the orientation, rad, (3,)."""
        turn = TOOL_DOWN @ self._planned.site_xmat[self._site].reshape(3, 3).T
        skew = turn - turn.T
        return np.array([0.5 * skew[2, 1], 0.5 * skew[0, 2], 0.5 * skew[1, 0]])

    @property
    def _tip(self) -> Float64Array:
        """Point of the tool at the targets, world, m, (3,)."""
        tip: Float64Array = self._planned.site_xpos[self._site]
        return tip

    def _update(self) -> None:
        """Compute the kinematics at the targets."""
        self._planned.qpos[:] = self.target
        mujoco.mj_kinematics(self._model, self._planned)
        mujoco.mj_comPos(self._model, self._planned)
