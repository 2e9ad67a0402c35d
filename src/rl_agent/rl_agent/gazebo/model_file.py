# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot's model for Gazebo Harmonic: where it is, how it stands, what its sensors need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import xml.etree.ElementTree as ET

from rl_agent.errors import ConfigurationError

FOLDERS_VARIABLE = 'GZ_SIM_RESOURCE_PATH'

_SYSTEMS = 'gz::sim::systems::'
# The system of a world without which a sensor of some type says nothing.
_SYSTEM_OF_SENSOR = {
    'air_pressure': 'AirPressure',
    'altimeter': 'Altimeter',
    'camera': 'Sensors',
    'contact': 'Contact',
    'depth_camera': 'Sensors',
    'force_torque': 'ForceTorque',
    'gpu_lidar': 'Sensors',
    'gpu_ray': 'Sensors',
    'imu': 'Imu',
    'lidar': 'Sensors',
    'magnetometer': 'Magnetometer',
    'navsat': 'NavSat',
    'rgbd_camera': 'Sensors',
}


@dataclass(frozen=True)
class ModelFile:
    """A model that was read.

    Attributes:
        name: of its folder.
        pose: in which its file puts it: x, y, z, m, and roll, pitch, yaw, rad.
        needs: the systems that its sensors need in a world, each with their names.
    """

    name: str
    pose: tuple[float, ...]
    needs: Mapping[str, tuple[str, ...]]

    def moved(self, x: float, y: float, z: float, yaw: float) -> tuple[float, ...]:
        """Return its pose, moved by metres and turned by radians."""
        moves = (x, y, z, 0.0, 0.0, yaw)
        return tuple(own + move for own, move in zip(self.pose, moves, strict=True))


def model_folders(environment: Mapping[str, str], own: Path) -> list[Path]:
    """Return the folders that Gazebo looks for models in.

    Args:
        environment: variables that it runs with.
        own: folder of this project's models.
    """
    given = environment.get(FOLDERS_VARIABLE, '').split(os.pathsep)
    return [*map(Path, filter(None, given)), own]


def read_model(name: str, folders: Sequence[Path], inside: Collection[str] = ()) -> ModelFile:
    """Return what a model's file says.

    Args:
        name: of its folder.
        folders: that hold folders of models.
        inside: models that the world has: of these nothing is known where they have no folder.

    Raises:
        ConfigurationError: there is none of that name, or it is not SDF.
    """
    there = {
        file.parent.name: file
        for item in reversed(folders)
        for file in item.glob('*/model.config')
    }
    if name not in there and name in inside:
        return ModelFile(name, (0.0,) * 6, {})
    if name not in there:
        names = sorted(there)
        raise ConfigurationError(
            f'model: {name}: no folder with a model.config; accepted: one in'
            f' {FOLDERS_VARIABLE}; there: {", ".join(names) or "none"}'
        )
    config = there[name]
    path = config.with_name((_root(config).findtext('sdf') or 'model.sdf').strip())
    model = _root(path).find('model')
    if model is None:
        raise ConfigurationError(f'model {path}: no model; accepted: SDF with a <model>')
    return ModelFile(name, _pose(path, model), _needs(model))


def _root(path: Path) -> ET.Element:
    """Return the outermost element of a file."""
    try:
        return ET.parse(path).getroot()
    except OSError as error:
        raise ConfigurationError(f'model {path}: {error.strerror}') from error
    except ET.ParseError as error:
        raise ConfigurationError(f'model {path}: no XML: {error}') from error


def _pose(path: Path, model: ET.Element) -> tuple[float, ...]:
    """Return six numbers; a model without a pose stands at 0."""
    words = (model.findtext('pose') or '').split() or ['0'] * 6
    try:
        x, y, z, roll, pitch, yaw = map(float, words)
    except ValueError as error:
        raise ConfigurationError(
            f'model {path}: pose: given {" ".join(words)!r}; accepted: six numbers'
        ) from error
    return x, y, z, roll, pitch, yaw


def _needs(model: ET.Element) -> dict[str, tuple[str, ...]]:
    """Return the systems that a model's sensors need."""
    needs: dict[str, tuple[str, ...]] = {}
    for sensor in model.iter('sensor'):
        system = _SYSTEM_OF_SENSOR.get(sensor.get('type', ''))
        if system:
            name = _SYSTEMS + system
            needs[name] = (*needs.get(name, ()), sensor.get('name', ''))
    return needs
