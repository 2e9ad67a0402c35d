# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A world file for Gazebo Harmonic: its name and step, and a copy with a robot and a speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ET

from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.model_file import ModelFile
from rl_agent.system.folders import folders_above

_VARIANT = '_gazebo'  # ends the name of a description that is another one in Gazebo
_FILE_TAGS = ('uri', '_map')  # end the names of elements that can name a file
_NEEDED_SYSTEMS = {
    'gz::sim::systems::Physics': 'nothing moves',
    'gz::sim::systems::UserCommands': 'nothing can be spawned',
}


@dataclass(frozen=True)
class WorldFile:
    """A world file that was read.

    Attributes:
        path: of the file.
        name: of the world; its services are at /world/NAME/...
        step_s: of its physics.
        systems: names of its plugins.
        models: names of those in it, and of the folders that it includes.
    """

    path: Path
    name: str
    step_s: float
    systems: frozenset[str]
    models: frozenset[str]


@dataclass(frozen=True)
class WorldFiles:
    """What a robot needs in Gazebo.

    Attributes:
        world: SDF file.
        bridge: YAML file.
        models: folder of this project's models.
        model: name of the robot's.
    """

    world: Path
    bridge: Path
    models: Path
    model: str


def world_files(given: Mapping[str, Any], beside: str) -> WorldFiles:
    """Return the files that a launch file's arguments mean.

    Args:
        given: `robot`, `world`, `bridge` and `model`; the last three may be empty.
        beside: a file of the workspace, or of its install folder.

    Raises:
        ConfigurationError: one is not there.
    """
    folders = [folder / 'config' / 'worlds' for folder in folders_above([beside])]
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
                f'{name}: {file}: no such file; accepted: {name}:=PATH, or a robot of {worlds}:'
                f' {names}'
            )
    return files


def steps_in(period_s: float, step_s: float) -> int:
    """Return how many physics steps a control period has.

    Raises:
        ConfigurationError: it is not a whole number of them.
    """
    count = round(period_s / step_s)
    if count < 1 or not math.isclose(count * step_s, period_s, rel_tol=1e-6):
        raise ConfigurationError(
            f'max_step_size of the world: given {step_s:g} s; accepted: a whole fraction of the'
            f' control period, {period_s:g} s'
        )
    return count


def check_world_name(name: str) -> None:
    """Do nothing if a world's services can have names in ROS, which has no blanks and hyphens.

    Raises:
        ConfigurationError: they cannot.
    """
    if not re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name):
        raise ConfigurationError(
            f'world: given the name {name!r}; accepted: one of letters, digits and _, as'
            f' /world/{name}/control is a service of ROS'
        )


def read_world(path: Path) -> WorldFile:
    """Return what a world file says.

    Raises:
        ConfigurationError: it cannot be read, has no world, lacks a system that is needed, or has
            a name that ROS has no services for.
    """
    world = _parse(path)
    check_world_name(world.get('name', 'default'))
    names = [item.get('name', '') for item in world.findall('plugin')]
    # Harmonic still takes the names of before it was called Gazebo again
    present = frozenset(name.replace('ignition::gazebo::', 'gz::sim::') for name in names)
    missing = [f'{name} ({why})' for name, why in _NEEDED_SYSTEMS.items() if name not in present]
    if missing:
        raise ConfigurationError(
            f'{path}: no system {", ".join(missing)}; accepted: a <plugin> of the world for each'
        )
    return WorldFile(
        path, world.get('name', 'default'), _step_s(path, world), present, _models(world)
    )


def check_sensors(world: WorldFile, model: ModelFile) -> None:
    """Do nothing if a world has the systems that a robot's sensors need.

    Raises:
        ConfigurationError: one is missing: these sensors would say nothing.
    """
    silent = [
        f'{system} (sensor {", ".join(sensors)} of {model.name} would be silent)'
        for system, sensors in model.needs.items()
        if system not in world.systems
    ]
    if silent:
        raise ConfigurationError(
            f'{world.path}: no system {", ".join(silent)}; accepted: a <plugin> of the world for'
            ' each'
        )


def write_world(
    world: WorldFile, target: Path, real_time_factor: float, model: str, pose: Sequence[float]
) -> Path:
    """Write a copy of a world with a robot in it, and another real-time factor; return it.

    The robot becomes part of the world, because Harmonic's reset removes what was spawned later.

    Args:
        world: to copy.
        target: file of the copy.
        real_time_factor: simulated seconds per second; 0: as fast as the machine can.
        model: name of a model folder; a world that has it already keeps it as it is.
        pose: of the model: x, y, z, m, and roll, pitch, yaw, rad.

    Raises:
        ConfigurationError: the world cannot be read, or the copy not be written; or time would go
            backwards.
    """
    if real_time_factor < 0.0:
        raise ConfigurationError(
            f'real_time_factor: given {real_time_factor:g}; accepted: above 0, or 0 for as fast as'
            ' possible'
        )
    element = _parse(world.path)
    physics = _child(element, 'physics', name='default', type='ignored')
    _child(physics, 'real_time_factor').text = f'{real_time_factor:g}'
    _keep_files(element, world.path.parent)
    if model not in world.models:
        include = ET.SubElement(element, 'include')
        ET.SubElement(include, 'uri').text = f'model://{model}'
        ET.SubElement(include, 'name').text = model
        ET.SubElement(include, 'pose').text = ' '.join(f'{number:g}' for number in pose)
    root = ET.Element('sdf', version=ET.parse(world.path).getroot().get('version', '1.9'))
    root.append(element)
    try:
        ET.ElementTree(root).write(target, encoding='utf-8', xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f'{target}: {error.strerror}') from error
    return target


def _keep_files(world: ET.Element, folder: Path) -> None:
    """Make paths that are relative to a world's folder absolute: its copy lies elsewhere."""
    for item in world.iter():
        text = (item.text or '').strip()
        if item.tag.endswith(_FILE_TAGS) and text and (folder / text).exists():
            item.text = str(folder / text)


def _models(world: ET.Element) -> frozenset[str]:
    """Return the names of a world's models, and of the folders that it includes."""
    names = {item.get('name', '') for item in world.findall('model')}
    for item in world.findall('include'):
        names |= {item.findtext('name', '').strip()}
        names |= {item.findtext('uri', '').strip().rstrip('/').rpartition('/')[2]}
    return frozenset(names)


def _child(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    """Return the first child with a tag, made if there is none."""
    found = parent.find(tag)
    return ET.SubElement(parent, tag, attributes) if found is None else found


def _parse(path: Path) -> ET.Element:
    """Return the world element of a file."""
    try:
        root = ET.parse(path).getroot()
    except OSError as error:
        raise ConfigurationError(f'world {path}: {error.strerror}') from error
    except ET.ParseError as error:
        raise ConfigurationError(f'world {path}: no XML: {error}') from error
    world = root.find('world')
    if root.tag != 'sdf' or world is None:
        raise ConfigurationError(
            f'world {path}: given <{root.tag}> without a world; accepted: SDF with a <world>'
        )
    return world


def _step_s(path: Path, world: ET.Element) -> float:
    """Return the physics step, s; Gazebo's own where the world says nothing."""
    text = world.findtext('physics/max_step_size', '0.001')
    try:
        step_s = float(text)
    except ValueError:
        step_s = math.nan
    if not 0.0 < step_s <= 1.0:
        raise ConfigurationError(
            f'{path}: max_step_size: given {text!r}; accepted: seconds, above 0'
        )
    return step_s
