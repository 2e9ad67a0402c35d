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

"""World files for Gazebo Harmonic: read one, write a copy with a robot and a real-time factor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ET

from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.model_file import ModelFile, SYSTEMS, xml_root
from rl_agent.system.folders import folders_above

_VARIANT = '_gazebo'  # suffix of descriptions that differ in Gazebo
_FILE_TAGS = ('uri', '_map')  # suffixes of elements that can name a file
_NEEDED_SYSTEMS = {
    f'{SYSTEMS}Physics': 'nothing would move',
    f'{SYSTEMS}UserCommands': 'nothing could be spawned',
}


@dataclass(frozen=True)
class WorldFile:
    """The content of a world file.

    Attributes:
        path: path of the file.
        name: name of the world; its services are at /world/NAME/...
        step_s: step of the physics.
        systems: names of its systems.
        models: names of its models and of the folders that it includes.
    """

    path: Path
    name: str
    step_s: float
    systems: frozenset[str]
    models: frozenset[str]


@dataclass(frozen=True)
class WorldFiles:
    """The files of a robot in Gazebo.

    Attributes:
        world: SDF file of the world.
        bridge: YAML file of the bridge.
        models: folder of this project's models.
        model: name of the robot's model.
    """

    world: Path
    bridge: Path
    models: Path
    model: str


def world_files(given: Mapping[str, Any], launch_file: str) -> WorldFiles:
    """Return the files that the arguments of a launch file name.

    Args:
        given: `robot`, `world`, `bridge` and `model`; the last three may be empty.
        launch_file: file in the workspace or its install folder, where `config/worlds` is found.

    Raises:
        ConfigurationError: a file does not exist.
    """
    folders = [folder / 'config' / 'worlds' for folder in folders_above([launch_file])]
    worlds = next((folder for folder in folders if folder.is_dir()), folders[0])
    robot = Path(given['robot']).stem
    model = given['model'] or robot.removesuffix(_VARIANT)
    files = WorldFiles(
        world=Path(given['world'] or worlds / f'{model}.sdf').expanduser().absolute(),
        bridge=Path(given['bridge'] or worlds / f'bridge_{robot}.yaml').expanduser().absolute(),
        models=worlds / 'models',
        model=model,
    )
    for name, file in (('world', files.world), ('bridge', files.bridge)):
        if not file.is_file():
            names = ', '.join(sorted(item.name for item in worlds.glob(f'*{file.suffix}')))
            raise ConfigurationError(
                f'{name}: {file}: no such file; accepted: {name}:=PATH, or a robot in {worlds}:'
                f' {names}'
            )
    return files


def steps_in(period_s: float, step_s: float) -> int:
    """Return the number of physics steps in a control period.

    Raises:
        ConfigurationError: it is not a whole number.
    """
    count = round(period_s / step_s)
    if count < 1 or not math.isclose(count * step_s, period_s, rel_tol=1e-6):
        raise ConfigurationError(
            f'max_step_size of the world: given {step_s:g} s; accepted: a whole fraction of the'
            f' control period, {period_s:g} s'
        )
    return count


def check_world_name(name: str) -> None:
    """Check that a world's services have valid names in ROS, without spaces and hyphens.

    Raises:
        ConfigurationError: ROS does not accept the name.
    """
    if not re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name):
        raise ConfigurationError(
            f'world: given the name {name!r}; accepted: letters, digits and _, because'
            f' /world/{name}/control is a ROS service'
        )


def read_world(path: Path) -> WorldFile:
    """Return the content of a world file.

    Raises:
        ConfigurationError: the file cannot be read, has no world or lacks a required system, or
            ROS does not accept the world's name.
    """
    world = _parse(path)
    check_world_name(world.get('name', 'default'))
    names = [item.get('name', '') for item in world.findall('plugin')]
    # Harmonic still accepts the names from when Gazebo was called Ignition
    present = frozenset(name.replace('ignition::gazebo::', 'gz::sim::') for name in names)
    _refuse_missing_systems(
        path, [f'{name} ({why})' for name, why in _NEEDED_SYSTEMS.items() if name not in present]
    )
    return WorldFile(
        path, world.get('name', 'default'), _step_s(path, world), present, _models(world)
    )


def check_sensors(world: WorldFile, model: ModelFile) -> None:
    """Check that a world has the systems that a robot's sensors need.

    Raises:
        ConfigurationError: a system is missing, so that sensors would be silent.
    """
    missing = [
        f'{system} (sensor {", ".join(sensors)} of {model.name} would be silent)'
        for system, sensors in model.needs.items()
        if system not in world.systems
    ]
    _refuse_missing_systems(world.path, missing)


def write_world(
    world: WorldFile, target: Path, real_time_factor: float, model: str, pose: Sequence[float]
) -> Path:
    """Write a copy of a world with a robot and another real-time factor; return its path.

    The robot becomes part of the world because Harmonic's reset removes models spawned later.

    Args:
        world: world to copy.
        target: path of the copy.
        real_time_factor: simulated seconds per second; 0: as fast as possible.
        model: name of a model folder; if the world already has the model, it stays as it is.
        pose: pose of the model: x, y, z, m, and roll, pitch, yaw, rad.

    Raises:
        ConfigurationError: the world cannot be read, the copy cannot be written, or the real-time
            factor is negative.
    """
    if real_time_factor < 0.0:
        raise ConfigurationError(
            f'real_time_factor: given {real_time_factor:g}; accepted: above 0, or 0 for as fast as'
            ' possible'
        )
    element = _parse(world.path)
    physics = _child(element, 'physics', name='default', type='ignored')
    _child(physics, 'real_time_factor').text = f'{real_time_factor:g}'
    _make_paths_absolute(element, world.path.parent)
    if model not in world.models:
        include = ET.SubElement(element, 'include')
        ET.SubElement(include, 'uri').text = f'model://{model}'
        ET.SubElement(include, 'name').text = model
        ET.SubElement(include, 'pose').text = ' '.join(f'{number:g}' for number in pose)
    version = xml_root(world.path, 'world').get('version', '1.9')
    root = ET.Element('sdf', version=version)
    root.append(element)
    try:
        ET.ElementTree(root).write(target, encoding='utf-8', xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f'{target}: {error.strerror}') from error
    return target


def _refuse_missing_systems(path: Path, missing: Sequence[str]) -> None:
    """Raise ConfigurationError if systems are missing in a world."""
    if missing:
        raise ConfigurationError(
            f'{path}: no system {", ".join(missing)}; accepted: a <plugin> of the world for each'
        )


def _make_paths_absolute(world: ET.Element, folder: Path) -> None:
    """Make paths relative to a world's folder absolute, because its copy is elsewhere."""
    for item in world.iter():
        text = (item.text or '').strip()
        if item.tag.endswith(_FILE_TAGS) and text and _exists(folder / text):
            item.text = str(folder / text)


def _exists(path: Path) -> bool:
    """Return whether there is something at a path, which any text may be."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _models(world: ET.Element) -> frozenset[str]:
    """Return the names of a world's models and of the folders that it includes."""
    names = {item.get('name', '') for item in world.findall('model')}
    for item in world.findall('include'):
        names |= {item.findtext('name', '').strip()}
        names |= {item.findtext('uri', '').strip().rstrip('/').rpartition('/')[2]}
    return frozenset(names)


def _child(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    """Return the first child with a tag; create it if there is none."""
    found = parent.find(tag)
    return ET.SubElement(parent, tag, attributes) if found is None else found


def _parse(path: Path) -> ET.Element:
    """Return the world element of a file."""
    root = xml_root(path, 'world')
    world = root.find('world')
    if root.tag != 'sdf' or world is None:
        raise ConfigurationError(
            f'world {path}: given <{root.tag}> without a world; accepted: SDF with a <world>'
        )
    return world


def _step_s(path: Path, world: ET.Element) -> float:
    """Return the physics step, s; Gazebo's default if the world has none."""
    text = world.findtext('physics/max_step_size', '0.001')
    try:
        step_s = float(text)
    except ValueError:
        step_s = math.nan
    if not 0.0 < step_s <= 1.0:
        raise ConfigurationError(
            f'{path}: max_step_size: given {text!r}; accepted: above 0, at most 1 s'
        )
    return step_s
