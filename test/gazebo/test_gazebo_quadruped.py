# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The quadruped's SDF equals its MJCF, number by number."""

from pathlib import Path
import xml.etree.ElementTree as ET

import mujoco
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.simulated_models.quadruped_parts.body import JOINTS, MODEL_FILE, STANDING

_GEOMETRIES = {'sphere': 2, 'capsule': 3, 'cylinder': 5, 'box': 6}  # mjtGeom


@pytest.fixture(scope='module')
def mjcf() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(MODEL_FILE))


@pytest.fixture
def sdf(workspace: Path) -> ET.Element:
    file = workspace / 'config' / 'worlds' / 'models' / 'quadruped' / 'model.sdf'
    model = ET.parse(file).getroot().find('model')
    assert model is not None
    return model


def links_of(sdf: ET.Element) -> dict[str, ET.Element]:
    """Return the links by their names in MJCF; in SDF, links and joints cannot share names."""
    return {name.removesuffix('_link'): link for name, link in named(sdf, 'link').items()}


def numbers(element: ET.Element, path: str) -> list[float]:
    return [float(word) for word in element.findtext(path, '').split()]


def named(element: ET.Element, tag: str) -> dict[str, ET.Element]:
    return {item.get('name', ''): item for item in element.findall(tag)}


def test_links_have_the_same_masses_positions_and_inertias(
    sdf: ET.Element, mjcf: mujoco.MjModel
) -> None:
    links = links_of(sdf)
    assert set(links) == {mjcf.body(number).name for number in range(1, mjcf.nbody)}
    total = 0.0
    for name, link in links.items():
        body = mjcf.body(name)
        total += numbers(link, 'inertial/mass')[0]
        assert numbers(link, 'inertial/mass') == pytest.approx(body.mass)
        assert numbers(link, 'inertial/pose')[:3] == pytest.approx(body.ipos, abs=1e-9)
        moments = [numbers(link, f'inertial/inertia/{axis}')[0] for axis in ('ixx', 'iyy', 'izz')]
        assert moments == pytest.approx(body.inertia)
        position = np.array(numbers(link, 'pose')[:3])
        if name != 'trunk':
            parent = mjcf.body(body.parentid[0]).name
            position -= numbers(links[parent], 'pose')[:3]
            assert position == pytest.approx(body.pos, abs=1e-9)
    assert total == pytest.approx(12.0)


def test_joints_have_the_same_axes_limits_and_damping(
    sdf: ET.Element, mjcf: mujoco.MjModel
) -> None:
    joints = named(sdf, 'joint')
    assert tuple(joints) == JOINTS
    for name, joint in joints.items():
        other, motor = mjcf.joint(name), mjcf.actuator(name)
        body = mjcf.body(other.bodyid[0])
        assert joint.findtext('child') == f'{body.name}_link'
        parent = mjcf.body(body.parentid[0]).name
        assert joint.findtext('parent', '').removesuffix('_link') == parent
        assert numbers(joint, 'axis/xyz') == pytest.approx(other.axis)
        limits = [numbers(joint, f'axis/limit/{end}')[0] for end in ('lower', 'upper')]
        assert limits == pytest.approx(other.range)
        assert numbers(joint, 'axis/limit/effort') == pytest.approx([motor.forcerange[1]])
        damping = mjcf.dof_damping[other.dofadr[0]]
        assert numbers(joint, 'axis/dynamics/damping') == pytest.approx([damping])


def test_collision_geometries_have_the_same_shapes_and_friction(
    sdf: ET.Element, mjcf: mujoco.MjModel
) -> None:
    geoms = [mjcf.geom(number) for number in range(mjcf.ngeom)]
    collisions = {geom.name: geom for geom in geoms if geom.group[0] == 3}
    shapes = {
        name: (body, item)
        for body, link in links_of(sdf).items()
        for name, item in named(link, 'collision').items()
    }
    assert set(shapes) == set(collisions)
    for name, (link, shape) in shapes.items():
        geom = collisions[name]
        assert mjcf.body(geom.bodyid[0]).name == link
        (kind,) = (item for item in shape.find('geometry') or ())
        assert _GEOMETRIES[kind.tag] == geom.type[0]
        if kind.tag == 'box':
            assert numbers(kind, 'size') == pytest.approx(2.0 * geom.size)
        else:
            assert numbers(kind, 'radius') == pytest.approx(geom.size[:1])
        if kind.tag in ('capsule', 'cylinder'):
            assert numbers(kind, 'length') == pytest.approx(2.0 * geom.size[1:2])
        pose = numbers(shape, 'pose')
        assert pose[:3] == pytest.approx(geom.pos, abs=1e-9)
        assert _z_after_angles(pose[3:]) == pytest.approx(_z_after_quaternion(geom.quat), abs=1e-5)
        assert numbers(shape, 'surface/friction/ode/mu') == pytest.approx(geom.friction[:1])


def test_motors_have_the_same_gains(sdf: ET.Element, mjcf: mujoco.MjModel) -> None:
    motors = [
        item for item in sdf.findall('plugin') if 'joint-position' in item.get('filename', '')
    ]
    assert tuple(item.findtext('joint_name') for item in motors) == JOINTS
    for item, standing in zip(motors, STANDING, strict=True):
        motor = mjcf.actuator(item.findtext('joint_name', ''))
        assert numbers(item, 'p_gain') == pytest.approx(motor.gainprm[:1])
        assert numbers(item, 'd_gain') == pytest.approx(-motor.biasprm[2:3])
        assert numbers(item, 'cmd_max') == pytest.approx(motor.forcerange[1:])
        assert numbers(item, 'cmd_min') == pytest.approx(motor.forcerange[:1])
        assert numbers(item, 'initial_position') == pytest.approx([standing])


def test_its_description_is_the_quadrupeds_without_the_feet() -> None:
    """The only differences: no foot contacts, and no `simulation` section."""
    one, other = load_robot('quadruped'), load_robot('quadruped_gazebo')
    fields = [item for item in one.observation if item.name != 'foot_contact']
    assert list(other.observation) == fields
    assert len(fields) == len(one.observation) - 1
    for key in ('rate_hz', 'episode_steps', 'action', 'task', 'reset', 'previous_actions'):
        assert getattr(other, key) == getattr(one, key), key


def _z_after_angles(angles: list[float]) -> list[float]:
    """Return the z axis after rotations about the fixed axes x, y and z, as in SDF."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(angles), np.sin(angles)
    return [cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr]


def _z_after_quaternion(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the z axis after a rotation by a quaternion w, x, y, z."""
    result = np.zeros(3)
    mujoco.mju_rotVecQuat(result, np.array([0.0, 0.0, 1.0]), quaternion)
    return result
