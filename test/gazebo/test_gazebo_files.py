# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Worlds, models and bridge files for Gazebo agree with the descriptions and with each other."""

import math
import os
from pathlib import Path
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.bridge_file import BridgeEntry, check_bridge, command_topics, load_bridge
from rl_agent.gazebo.model_file import model_folders, read_model
from rl_agent.gazebo.world_file import (
    check_sensors,
    read_world,
    steps_in,
    world_files,
    WorldFile,
    write_world,
)
from rl_agent.ros.ros_messages import import_message
from rl_agent.simulated_models.pendulum import GRAVITY, LENGTH_M, MASS_KG

SDF_TOOL = shutil.which('gz') or shutil.which('ign') or ''
ROBOTS = ('pendulum', 'diff_drive', 'quadruped_gazebo')


@pytest.fixture
def worlds(workspace: Path) -> Path:
    return workspace / 'config' / 'worlds'


def model_name(robot: str) -> str:
    return robot.removesuffix('_gazebo')


def model_of(worlds: Path, robot: str) -> ET.Element:
    file = worlds / 'models' / model_name(robot) / 'model.sdf'
    model = ET.parse(file).getroot().find('model')
    assert model is not None
    return model


@pytest.mark.parametrize('robot', ROBOTS)
def test_a_bridge_has_all_topics_of_its_robot(robot: str, worlds: Path) -> None:
    check_bridge(load_bridge(worlds / f'bridge_{robot}.yaml'), load_robot(robot))


@pytest.mark.parametrize('robot', ROBOTS)
def test_bridged_types_are_installed_messages(robot: str, worlds: Path) -> None:
    for entry in load_bridge(worlds / f'bridge_{robot}.yaml'):
        assert import_message(entry.ros_type_name).get_fields_and_field_types()


@pytest.mark.parametrize('robot', ROBOTS)
def test_each_bridged_gazebo_topic_belongs_to_the_model(robot: str, worlds: Path) -> None:
    """Topics are given in the model, or follow from the documentation of the system."""
    model = model_of(worlds, robot)
    topics = {item.text for item in model.iter('topic')}
    topics |= {item.text for item in model.iter('odom_topic')}
    for plugin in model.findall('plugin'):
        joint = plugin.findtext('joint_name')
        if 'joint-position-controller' in plugin.get('filename', ''):
            topics.add(f'/model/{model_name(robot)}/joint/{joint}/0/cmd_pos')
        if 'apply-joint-force' in plugin.get('filename', ''):
            topics.add(f'/model/{model_name(robot)}/joint/{joint}/cmd_force')
    bridged = {item.gz_topic_name for item in load_bridge(worlds / f'bridge_{robot}.yaml')}
    assert bridged - topics == {'/clock'}


@pytest.mark.parametrize('robot', ROBOTS)
def test_a_world_has_its_robot_and_a_suitable_step(robot: str, worlds: Path) -> None:
    world = read_world(worlds / f'{model_name(robot)}.sdf')
    assert world.name == f'{model_name(robot)}_world'
    assert steps_in(1.0 / load_robot(robot).rate_hz, world.step_s) >= 10
    uris = [item.text for item in ET.parse(world.path).getroot().iter('uri')]
    assert uris == [f'model://{model_name(robot)}']


@pytest.mark.skipif(not SDF_TOOL, reason='no `gz sdf` or `ign sdf`: apt install libsdformat-dev')
@pytest.mark.parametrize(
    'file', ['pendulum.sdf', 'diff_drive.sdf', 'quadruped.sdf', 'models/*/model.sdf']
)
def test_worlds_and_models_are_valid_sdf(file: str, worlds: Path) -> None:
    """Checked by Gazebo, or on Debian 12 by libsdformat-dev and ignition-tools."""
    environment = {**os.environ, 'SDF_PATH': str(worlds / 'models')}
    environment['GZ_SIM_RESOURCE_PATH'] = environment['SDF_PATH']
    for path in worlds.glob(file):
        command = [SDF_TOOL, 'sdf', '--check', str(path)]
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert 'Valid.' in done.stdout
        assert not re.search(r'Error|Warning', done.stdout), done.stdout


@pytest.mark.parametrize('robot', ROBOTS)
def test_models_are_consistent(robot: str, worlds: Path) -> None:
    """Names are unique, joints connect existing links, inertias are physically possible."""
    model = model_of(worlds, robot)
    for element in (model, *model.findall('link')):
        names = [item.get('name') for item in element if item.tag != 'plugin' and item.get('name')]
        assert len(names) == len(set(names)), 'links and joints share names, too'
    links = {item.get('name') for item in model.findall('link')}
    for joint in model.findall('joint'):
        assert joint.findtext('child') in links
        assert joint.findtext('parent') in links | {'world'}
    for inertial in model.iter('inertial'):
        assert float(inertial.findtext('mass', '0')) > 0
        axes = ('inertia/ixx', 'inertia/iyy', 'inertia/izz')
        moments = sorted(float(inertial.findtext(axis, '0')) for axis in axes)
        assert moments[0] > 0
        assert moments[0] + moments[1] >= moments[2] * (1 - 1e-4), 'no body has these moments'


@pytest.mark.parametrize('robot', ROBOTS)
def test_the_joints_are_those_of_the_description(robot: str, worlds: Path) -> None:
    joints = {item.get('name') for item in model_of(worlds, robot).findall('joint')}
    described = {name for item in load_robot(robot).observation for name in item.joints or ()}
    assert described <= joints
    assert set(load_robot(robot).action.joints or ()) <= joints


def test_the_pendulum_is_the_simulated_one(worlds: Path) -> None:
    """A uniform rod with m l^2 / 12 about its centre, l / 2 from the pivot."""
    rod = model_of(worlds, 'pendulum').find("link[@name='rod']")
    assert rod is not None
    assert float(rod.findtext('inertial/mass', '')) == MASS_KG
    inertia = MASS_KG * LENGTH_M**2 / 12.0
    assert float(rod.findtext('inertial/inertia/iyy', '')) == pytest.approx(inertia)
    assert rod.findtext('pose') == f'0 0 {LENGTH_M / 2} 0 0 0'
    joint = model_of(worlds, 'pendulum').find("joint[@name='pivot']")
    assert joint is not None
    assert joint.findtext('pose') == f'0 0 {-LENGTH_M / 2} 0 0 0'
    assert joint.findtext('axis/xyz') == '0 1 0'
    assert float(joint.findtext('axis/limit/effort', '')) == load_robot('pendulum').action.high[0]
    gravity = ET.parse(worlds / 'pendulum.sdf').getroot().findtext('world/gravity', '')
    assert [float(word) for word in gravity.split()] == [0.0, 0.0, -GRAVITY]


def test_the_numbers_of_the_differential_drive_agree(worlds: Path) -> None:
    """The drive agrees with the wheels, masses with shapes, the laser with the description."""
    model = model_of(worlds, 'diff_drive')
    drive = model.find("plugin[@name='gz::sim::systems::DiffDrive']")
    assert drive is not None
    wheels = [model.find(f"link[@name='wheel_{side}_link']") for side in ('left', 'right')]
    (left, right) = (numbers(wheel, 'pose') for wheel in wheels)
    radius = float(drive.findtext('wheel_radius', ''))
    assert left[1] - right[1] == float(drive.findtext('wheel_separation', ''))
    assert [left[2], right[2]] == [radius, radius], 'the wheels touch the ground'
    for link in (*wheels, model.find("link[@name='base_link']")):
        (size,) = numbers(link, 'collision/geometry/cylinder/radius')
        (length,) = numbers(link, 'collision/geometry/cylinder/length')
        (mass,) = numbers(link, 'inertial/mass')
        assert size == radius or link not in wheels
        across, along = mass * (3.0 * size**2 + length**2) / 12.0, mass * size**2 / 2.0
        inertia = [numbers(link, f'inertial/inertia/{axis}')[0] for axis in ('ixx', 'iyy', 'izz')]
        assert inertia == pytest.approx([across, across, along], rel=1e-4)
    (scan, *_) = load_robot('diff_drive').observation
    laser = model.find('link/sensor/lidar')
    assert numbers(laser, 'scan/horizontal/samples') == [360]
    assert numbers(laser, 'scan/horizontal/max_angle') == pytest.approx([math.radians(359.0)])
    assert (numbers(laser, 'range/min')[0], numbers(laser, 'range/max')[0]) == scan.bounds


def numbers(element: ET.Element | None, path: str) -> list[float]:
    assert element is not None
    return [float(word) for word in element.findtext(path, '').split()]


def test_a_copy_has_the_robot_and_the_real_time_factor(worlds: Path, tmp_path: Path) -> None:
    """The robot is added only if the world does not have it."""
    source = own_world(tmp_path)
    pose = (1.0, 2.0, 0.5, 0.0, 0.0, math.pi)
    copy = copy_of(source, tmp_path, 2.5, 'diff_drive', pose)
    assert copy.findtext('world/physics/real_time_factor') == '2.5'
    assert copy.findtext('world/include/uri') == 'model://diff_drive'
    assert copy.findtext('world/include/pose') == '1 2 0.5 0 0 3.14159'
    source = read_world(worlds / 'diff_drive.sdf')
    copy = copy_of(source, tmp_path, 0.0, 'diff_drive', pose)
    assert copy.findtext('world/physics/real_time_factor') == '0'
    assert len(copy.findall('world/include')) == 1


def own_world(folder: Path, more: str = '') -> WorldFile:
    """Return a user's world without a robot."""
    plugins = ''.join(
        f"<plugin name='gz::sim::systems::{name}' filename='{name}'/>"
        for name in ('Physics', 'UserCommands')
    )
    path = folder / 'own.sdf'
    path.write_text(
        f"<sdf version='1.9'><world name='own'><physics name='p' type='ode'/>{plugins}{more}"
        '</world></sdf>'
    )
    return read_world(path)


def copy_of(
    world: WorldFile, folder: Path, real_time_factor: float, model: str, pose: tuple[float, ...]
) -> ET.Element:
    target = folder / 'copy.sdf'
    return ET.parse(write_world(world, target, real_time_factor, model, pose)).getroot()


def test_a_robot_keeps_its_height_in_another_world(worlds: Path, tmp_path: Path) -> None:
    """The pose of an include replaces the model's; at 0 m the legs would be in the ground."""
    model = read_model('quadruped', [worlds / 'models'])
    pose = model.moved(1.0, -2.0, 0.1, math.pi / 2)
    assert pose == pytest.approx((1.0, -2.0, 0.55, 0.0, 0.0, math.pi / 2))
    copy = copy_of(own_world(tmp_path), tmp_path, 1.0, 'quadruped', pose)
    assert copy.findtext('world/include/pose') == '1 -2 0.55 0 0 1.5708'


def test_files_next_to_a_world_are_found_from_its_copy(tmp_path: Path) -> None:
    """Gazebo resolves a relative path next to the file that names it."""
    (tmp_path / 'meshes').mkdir()
    (tmp_path / 'meshes' / 'desk.stl').touch()
    uris = ('meshes/desk.stl', 'model://lamp', 'meshes/gone.stl', 'https://fuel/chair')
    include = ''.join(f'<include><uri>{uri}</uri></include>' for uri in uris)
    world = own_world(tmp_path, include)
    copy = copy_of(world, tmp_path, 1.0, 'lamp', (0.0,) * 6)
    assert [item.text for item in copy.iter('uri')] == [
        str(tmp_path / 'meshes' / 'desk.stl'),
        *uris[1:],
    ]


def test_a_negative_real_time_factor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='real_time_factor: given -1; accepted: above 0'):
        copy_of(own_world(tmp_path), tmp_path, -1.0, 'pendulum', (0.0,) * 6)


@pytest.mark.parametrize(
    ('robot', 'named'),
    [
        ('diff_drive', 'Sensors (sensor lidar of diff_drive would be silent)'),
        ('quadruped', 'Imu (sensor imu of quadruped would be silent)'),
    ],
)
def test_a_world_without_the_system_of_a_sensor_is_refused(
    robot: str, named: str, worlds: Path, tmp_path: Path
) -> None:
    model = read_model(robot, [worlds / 'models'])
    check_sensors(read_world(worlds / f'{robot}.sdf'), model)
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        check_sensors(own_world(tmp_path), model)


def test_an_unknown_or_invalid_model_is_refused(worlds: Path, tmp_path: Path) -> None:
    """A model in the world file itself needs no folder."""
    folders = model_folders({'GZ_SIM_RESOURCE_PATH': f'{tmp_path}:'}, worlds / 'models')
    assert folders == [tmp_path, worlds / 'models']
    accepted = 'accepted: .* there: diff_drive, pendulum, quadruped'
    with pytest.raises(ConfigurationError, match=f'model: pendulun: no folder .*{accepted}'):
        read_model('pendulun', folders)
    world = own_world(tmp_path, "<model name='pendulun'/>")
    assert read_model('pendulun', folders, world.models).pose == (0.0,) * 6
    (tmp_path / 'arm').mkdir()
    (tmp_path / 'arm' / 'model.config').write_text('<model><sdf>arm.sdf</sdf></model>')
    with pytest.raises(ConfigurationError, match=r'arm\.sdf: cannot be read: .*No such file'):
        read_model('arm', folders)
    (tmp_path / 'arm' / 'arm.sdf').write_text('<sdf><model><pose>0 0 1</pose></model></sdf>')
    with pytest.raises(ConfigurationError, match="pose: given '0 0 1'; accepted: six numbers"):
        read_model('arm', folders)


@pytest.mark.parametrize(
    ('text', 'named'),
    [
        ('<sdf', 'not XML'),
        ("<sdf version='1.9'><model name='m'/></sdf>", 'SDF with a <world>'),
        (
            "<sdf version='1.9'><world name='w'/></sdf>",
            'Physics (nothing would move)',
        ),
        (
            "<sdf version='1.9'><world name='my world'/></sdf>",
            "given the name 'my world'; accepted: letters, digits and _",
        ),
    ],
)
def test_an_unusable_world_is_refused(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / 'world.sdf'
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        read_world(path)


def test_systems_may_have_their_old_names(worlds: Path, tmp_path: Path) -> None:
    """Worlds made for Fortress have these; Harmonic accepts both."""
    text = (worlds / 'quadruped.sdf').read_text()
    (tmp_path / 'world.sdf').write_text(text.replace('"gz::sim::', '"ignition::gazebo::'))
    world = read_world(tmp_path / 'world.sdf')
    check_sensors(world, read_model('quadruped', [worlds / 'models']))


def test_an_unsuitable_step_is_refused(worlds: Path, tmp_path: Path) -> None:
    text = (worlds / 'pendulum.sdf').read_text().replace('>0.001<', '>0.003<')
    (tmp_path / 'world.sdf').write_text(text)
    step_s = read_world(tmp_path / 'world.sdf').step_s
    with pytest.raises(ConfigurationError, match=r'given 0\.003 s; accepted: a whole fraction'):
        steps_in(0.05, step_s)
    (tmp_path / 'world.sdf').write_text(text.replace('>0.003<', '>fast<'))
    with pytest.raises(ConfigurationError, match="given 'fast'"):
        read_world(tmp_path / 'world.sdf')


def test_missing_files_are_refused(workspace: Path, tmp_path: Path) -> None:
    launch_file = str(workspace / 'launch' / 'gazebo.launch.py')
    given = {'robot': 'pendulum', 'world': '', 'bridge': '', 'model': ''}
    files = world_files(given, launch_file)
    assert (files.world.name, files.bridge.name) == ('pendulum.sdf', 'bridge_pendulum.yaml')
    assert files.model == 'pendulum'
    with pytest.raises(ConfigurationError, match=r'world: .*nowhere\.sdf: no such file'):
        world_files({**given, 'world': str(tmp_path / 'nowhere.sdf')}, launch_file)
    with pytest.raises(ConfigurationError, match=r'accepted: .*diff_drive\.sdf, pendulum\.sdf'):
        world_files({**given, 'robot': 'arm'}, launch_file)


def test_mistakes_in_a_bridge_file_are_reported(worlds: Path, tmp_path: Path) -> None:
    text = (worlds / 'bridge_pendulum.yaml').read_text()
    path = tmp_path / 'bridge.yaml'
    path.write_text(text.replace('gz.msgs.Model', 'gz.msgs.IMU'))
    with pytest.raises(ConfigurationError, match=r'JointState as gz\.msgs\.IMU; accepted: gz'):
        load_bridge(path)
    path.write_text(text.replace('GZ_TO_ROS', 'BACK'))
    with pytest.raises(ConfigurationError, match=r"direction: .*given 'BACK'"):
        load_bridge(path)
    with pytest.raises(ConfigurationError, match='No such file'):
        load_bridge(tmp_path / 'nothing.yaml')


def test_more_may_be_bridged_than_a_robot_needs(worlds: Path, tmp_path: Path) -> None:
    """By absolute names, in both directions, and with types that are not in our table."""
    path = tmp_path / 'bridge.yaml'
    text = (worlds / 'bridge_pendulum.yaml').read_text().replace('ROS_TO_GZ', 'BIDIRECTIONAL')
    path.write_text(
        f"""{text}
- {{ros_topic_name: /tf, gz_topic_name: /model/pendulum/pose, lazy: true, publisher_queue: 5,
   ros_type_name: tf2_msgs/msg/TFMessage, gz_type_name: gz.msgs.Pose_V, direction: GZ_TO_ROS}}
- {{ros_topic_name: /sonar, gz_topic_name: /sonar, direction: GZ_TO_ROS,
   ros_type_name: new_msgs/msg/Sonar, gz_type_name: gz.msgs.Sonar}}
"""
    )
    check_bridge(load_bridge(path), load_robot('pendulum'))


@pytest.mark.parametrize('topic', ['/clock', '/joint_states', '/effort_controller/commands'])
def test_topics_that_the_node_offers_must_not_be_bridged(topic: str, worlds: Path) -> None:
    """Two publishers of one topic would contradict each other."""
    entries = load_bridge(worlds / 'bridge_pendulum.yaml')
    other = BridgeEntry(topic, '/a', 'std_msgs/msg/Bool', 'gz.msgs.Boolean', 'GZ_TO_ROS')
    with pytest.raises(ConfigurationError, match=f'given {topic}, .*accepted: gazebo/NAME'):
        check_bridge([*entries, other], load_robot('pendulum'))


def test_absolute_topics_of_a_robot_have_bridged_names(workspace: Path, tmp_path: Path) -> None:
    text = (workspace / 'config' / 'robots' / 'diff_drive.yaml').read_text()
    path = tmp_path / 'robot.yaml'
    path.write_text(text.replace('topic: scan', 'topic: /scan').replace(': cmd_', ': /cmd_'))
    robot = load_robot(str(path))
    assert command_topics(robot) == {'gazebo/cmd_vel': 'geometry_msgs/msg/Twist'}
    check_bridge(load_bridge(workspace / 'config/worlds/bridge_diff_drive.yaml'), robot)


def test_missing_topics_of_a_bridge_are_reported() -> None:
    entry = BridgeEntry(
        'gazebo/clock', '/clock', 'rosgraph_msgs/msg/Clock', 'gz.msgs.Clock', 'GZ_TO_ROS'
    )
    with pytest.raises(ConfigurationError) as caught:
        check_bridge([entry], load_robot('pendulum'))
    assert 'gazebo/joint_states sensor_msgs/msg/JointState GZ_TO_ROS' in str(caught.value)
    assert 'gazebo/pivot/command std_msgs/msg/Float64 ROS_TO_GZ' in str(caught.value)
