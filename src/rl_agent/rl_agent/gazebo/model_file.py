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

"""A robot's model file for Gazebo Harmonic: its pose, and the systems that its sensors need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import xml.etree.ElementTree as ET

from rl_agent.bounded_files import read_bytes
from rl_agent.errors import ConfigurationError

FOLDERS_VARIABLE = 'GZ_SIM_RESOURCE_PATH'

SYSTEMS = 'gz::sim::systems::'  # prefix of their names
# The system that a world needs for a type of sensor to publish.
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
    """The content of a model file.

    Attributes:
        name: name of its folder.
        pose: pose in the file: x, y, z, m, and roll, pitch, yaw, rad.
        needs: names of the sensors that need a system of the world, by system.
    """

    name: str
    pose: tuple[float, ...]
    needs: Mapping[str, tuple[str, ...]]

    def moved(self, x: float, y: float, z: float, yaw: float) -> tuple[float, ...]:
        """Return the pose, shifted in m and rotated about z in rad."""
        shift = (x, y, z, 0.0, 0.0, yaw)
        return tuple(own + more for own, more in zip(self.pose, shift, strict=True))


def model_folders(environment: Mapping[str, str], own: Path) -> list[Path]:
    """Return the folders in which Gazebo searches for models.

    Args:
        environment: environment variables of Gazebo.
        own: folder of this project's models.
    """
    given = environment.get(FOLDERS_VARIABLE, '').split(os.pathsep)
    return [*map(Path, filter(None, given)), own]


def read_model(name: str, folders: Sequence[Path], inside: Collection[str] = ()) -> ModelFile:
    """Return the content of a model's file.

    Args:
        name: name of the model's folder.
        folders: folders to search, first match first.
        inside: models that the world file itself defines; these need no folder.

    Raises:
        ConfigurationError: there is no such model, or its file is not SDF.
    """
    found = {
        file.parent.name: file
        for item in reversed(folders)
        for file in item.glob('*/model.config')
    }
    if name not in found and name in inside:
        return ModelFile(name, (0.0,) * 6, {})
    if name not in found:
        names = sorted(found)
        raise ConfigurationError(
            f'model: {name}: no folder with a model.config; accepted: one in'
            f' {FOLDERS_VARIABLE}; there: {", ".join(names) or "none"}'
        )
    config = found[name]
    file_name = (xml_root(config, 'model').findtext('sdf') or 'model.sdf').strip()
    if Path(file_name).name != file_name:
        raise ConfigurationError(
            f'model {config}: sdf: given {file_name[:60]!r}; accepted: a file name, without'
            ' folders'
        )
    path = config.with_name(file_name)
    model = xml_root(path, 'model').find('model')
    if model is None:
        raise ConfigurationError(f'model {path}: no model; accepted: SDF with a <model>')
    return ModelFile(name, _pose(path, model), _needs(model))


def xml_root(path: Path, kind: str) -> ET.Element:
    """Return the root element of an XML file.

    Raises:
        ConfigurationError: the file cannot be read; `kind` is `model` or `world`.
    """
    try:
        return ET.fromstring(read_bytes(path))
    except ConfigurationError as error:
        raise ConfigurationError(f'{kind} {error}') from error
    except (ET.ParseError, LookupError, ValueError) as error:  # the last two: of its encoding
        raise ConfigurationError(f'{kind} {path}: not XML: {error}') from error


def _pose(path: Path, model: ET.Element) -> tuple[float, ...]:
    """Return the six numbers of a model's pose; 0 if it has none."""
    words = (model.findtext('pose') or '').split() or ['0'] * 6
    try:
        x, y, z, roll, pitch, yaw = map(float, words)
    except ValueError as error:
        raise ConfigurationError(
            f'model {path}: pose: given {" ".join(words)!r}; accepted: six numbers'
        ) from error
    return x, y, z, roll, pitch, yaw


def _needs(model: ET.Element) -> dict[str, tuple[str, ...]]:
    """Return the names of a model's sensors by the system that they need."""
    needs: dict[str, tuple[str, ...]] = {}
    for sensor in model.iter('sensor'):
        system = _SYSTEM_OF_SENSOR.get(sensor.get('type', ''))
        if system:
            name = SYSTEMS + system
            needs[name] = (*needs.get(name, ()), sensor.get('name', ''))
    return needs
