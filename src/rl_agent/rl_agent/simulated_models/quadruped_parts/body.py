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

"""The quadruped in MuJoCo: the nominal body and its randomisation."""

from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray
from rl_agent.description.randomisation import Draw, NOTHING_DRAWN

MODEL_FILE = Path(__file__).with_name('quadruped.xml')
LEGS = ('front_right', 'front_left', 'rear_right', 'rear_left')
JOINTS = tuple(f'{leg}_{part}' for leg in LEGS for part in ('hip', 'thigh', 'calf'))
FEET = tuple(f'{leg}_foot' for leg in LEGS)
# rad; hips slightly outwards. Pose of A Walk in the Park, arXiv:2208.07860.
STANDING: NDArray[np.float64] = np.array([-0.05, 0.9, -1.8, 0.05, 0.9, -1.8] * 2)
FOLDED: NDArray[np.float64] = np.array([0.0, 1.3, -2.6] * 4)
BODY_RANGES = (
    'mass',
    'link_size',
    'friction',
    'joint_damping',
    'joint_armature',
    'motor_p_gain',
    'motor_d_gain',
    'action_delay_s',
    'observation_delay_s',
    'observation_noise',
    'terrain_height_m',
    'push_speed_m_s',
    'push_interval_s',
)
# Parts for which these ranges are drawn separately.
PARTS = {'mass': ('trunk', 'hip', 'thigh', 'calf'), 'link_size': ('thigh', 'calf')}

_TERRAIN_PERIOD = 64  # cells after which the terrain repeats, 6.4 m
_TERRAIN_SMOOTHNESS = 0.15  # fraction of the period; lower is smoother


class QuadrupedBody:
    """A MuJoCo model that can be randomised repeatedly, each time from its nominal values.

    Attributes:
        model: MuJoCo model with the values of the last draw.
        data: MuJoCo data.
        step_s: nominal step of the physics.
        foot_sensors: indices of the foot forces in `data.sensordata`, in the order of `FEET`.
        highest_ground_m: height of the highest point of the ground.
    """

    def __init__(self) -> None:
        """Load the nominal body."""
        # otherwise MuJoCo writes a MUJOCO_LOG.TXT when the simulation explodes
        mujoco.set_mju_user_warning(lambda text: None)
        self.model = mujoco.MjModel.from_xml_path(str(MODEL_FILE))
        self.data = mujoco.MjData(self.model)
        self._scratch = mujoco.MjData(self.model)
        self._nominal = mujoco.MjModel.from_xml_path(str(MODEL_FILE))
        self.step_s = float(self._nominal.opt.timestep)
        self.foot_sensors = [self.model.sensor(foot).adr[0] for foot in FEET]
        self.highest_ground_m = 0.0

    def vary(self, draw: Draw = NOTHING_DRAWN) -> None:
        """Set the drawn values, and nominal ones for what was not drawn."""
        for part in PARTS['mass']:
            self._scale_mass(part, draw.value(f'mass/{part}', 1.0))
        for limb in PARTS['link_size']:
            self._scale_length(limb, draw.value(f'link_size/{limb}', 1.0))
        model, nominal = self.model, self._nominal
        friction = float(nominal.geom(FEET[0]).friction[0])
        collides = (model.geom_contype > 0) | (model.geom_conaffinity > 0)
        model.geom_friction[collides, 0] = draw.value('friction', friction)
        joints = slice(6, None)  # after the trunk's six degrees of freedom
        damping, armature = draw.value('joint_damping', 1.0), draw.value('joint_armature', 1.0)
        model.dof_damping[joints] = nominal.dof_damping[joints] * damping
        model.dof_armature[joints] = nominal.dof_armature[joints] * armature
        p_gain, d_gain = draw.value('motor_p_gain', 1.0), draw.value('motor_d_gain', 1.0)
        model.actuator_gainprm[:, 0] = nominal.actuator_gainprm[:, 0] * p_gain
        model.actuator_biasprm[:, 1] = nominal.actuator_biasprm[:, 1] * p_gain
        model.actuator_biasprm[:, 2] = nominal.actuator_biasprm[:, 2] * d_gain
        self._lay_ground(draw.value('terrain_height_m', 0.0), draw.seed)
        mujoco.mj_setConst(model, self._scratch)  # derived constants

    def lowest_point_m(self) -> float:
        """Return the height of the robot's lowest point in the world."""
        model, data = self.model, self.data
        mujoco.mj_kinematics(model, data)
        collides = (model.geom_bodyid > 0) & (model.geom_conaffinity > 0)
        below = [
            data.geom_xpos[geom, 2] - _reach_down(data.geom_xmat[geom], *model.geom_size[geom])
            if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX
            else data.geom_xpos[geom, 2]
            - model.geom_size[geom, 0]
            - abs(data.geom_xmat[geom, 8]) * model.geom_size[geom, 1]
            for geom in np.flatnonzero(collides)
        ]
        return float(min(below))

    def _scale_mass(self, part: str, factor: float) -> None:
        """Scale the mass of a kind of link; must precede the scaling of its length."""
        for body in _bodies(part):
            index = self.model.body(body).id
            self.model.body_mass[index] = self._nominal.body_mass[index] * factor
            self.model.body_inertia[index] = self._nominal.body_inertia[index] * factor

    def _scale_length(self, limb: str, factor: float) -> None:
        """Scale the length of thighs or calves along their z axis."""
        model, nominal = self.model, self._nominal
        for body in _bodies(limb):
            index = model.body(body).id
            model.body_ipos[index, 2] = nominal.body_ipos[index, 2] * factor
            model.body_inertia[index, :2] *= factor**2  # of a slender rod, about the cross axes
            for child in np.flatnonzero(model.body_parentid == index):
                model.body_pos[child, 2] = nominal.body_pos[child, 2] * factor
            for site in np.flatnonzero(model.site_bodyid == index):
                model.site_pos[site, 2] = nominal.site_pos[site, 2] * factor
            for geom in np.flatnonzero(model.geom_bodyid == index):
                model.geom_pos[geom, 2] = nominal.geom_pos[geom, 2] * factor
                if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE:
                    grown = nominal.geom_size[geom, 1] * (factor - 1.0)
                    model.geom_size[geom, 1] = nominal.geom_size[geom, 1] + grown
                    model.geom_rbound[geom] = nominal.geom_rbound[geom] + grown

    def _lay_ground(self, height_m: float, seed: int) -> None:
        """Use a drawn terrain as the ground, or the plane if the height is 0."""
        model = self.model
        terrain, floor = model.geom('terrain').id, model.geom('floor').id
        rough = height_m > 0
        # the one that is not used is far below
        hidden_m = self._nominal.geom_pos[terrain, 2]
        model.geom_pos[terrain, 2] = 0.0 if rough else hidden_m
        model.geom_pos[floor, 2] = hidden_m if rough else 0.0
        if rough:
            model.hfield_data[:] = _terrain(model.hfield_nrow[0], seed).ravel() * height_m
        self.highest_ground_m = height_m


def _reach_down(axes: NDArray[np.float64], x: float, y: float, z: float) -> float:
    """Return how far a box with these half-lengths reaches below its centre; axes: (9,)."""
    return float(np.abs(axes[6:]) @ np.array([x, y, z]))


def _bodies(part: str) -> list[str]:
    """Return the bodies of a kind of link."""
    return ['trunk'] if part == 'trunk' else [f'{leg}_{part}' for leg in LEGS]


def _terrain(side: int, seed: int) -> NDArray[np.float64]:
    """Return smooth periodic hills, (side, side), between 0 and 1."""
    rng = np.random.default_rng([seed, 1])  # a stream other than that of the drawn values
    noise = np.fft.rfft2(rng.standard_normal((_TERRAIN_PERIOD, _TERRAIN_PERIOD)))
    rows = np.fft.fftfreq(_TERRAIN_PERIOD)[:, None]
    columns = np.fft.rfftfreq(_TERRAIN_PERIOD)[None, :]
    noise *= np.exp(-(rows**2 + columns**2) / (2 * (_TERRAIN_SMOOTHNESS / 2) ** 2))
    hills = np.fft.irfft2(noise, (_TERRAIN_PERIOD, _TERRAIN_PERIOD))
    hills = (hills - hills.min()) / (hills.max() - hills.min())
    copies = -(-side // _TERRAIN_PERIOD)
    return np.asarray(np.tile(hills, (copies, copies))[:side, :side])
