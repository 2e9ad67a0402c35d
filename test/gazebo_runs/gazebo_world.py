# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes a world for Gazebo 11 from a world and models of Gazebo Harmonic."""

from pathlib import Path
import xml.etree.ElementTree as ET

_HARMONIC = 'gz-sim-'
# Names of sensors in Gazebo 11, whose `gpu_ray` needs a display.
_SENSOR_TYPES = {'gpu_lidar': 'ray'}


def write_world(source: Path, models: Path, target: Path, library: Path, socket: Path) -> Path:
    """Write a world file with the lockstep plugin; return it.

    Args:
        source: world of Gazebo Harmonic.
        models: folder of the models that it includes.
        target: file to write.
        library: compiled plugin.
        socket: socket on which the plugin should listen.

    Raises:
        ET.ParseError: the source is not XML.
    """
    root = ET.parse(source).getroot()
    world = root.find('world')
    assert world is not None, f'{source}: no world'
    root.set('version', '1.7')
    for include in world.findall('include'):
        world.remove(include)
        uri = include.findtext('uri', '')
        model = ET.parse(models / uri.removeprefix('model://') / 'model.sdf').getroot()
        world.extend(model.findall('model'))
    _convert(world)
    plugin = ET.SubElement(world, 'plugin', name='lockstep', filename=str(library))
    ET.SubElement(plugin, 'socket').text = str(socket)
    ET.ElementTree(root).write(target, encoding='utf-8', xml_declaration=True)
    return target


def _convert(world: ET.Element) -> None:
    """Remove elements that Gazebo 11 does not have; rename those with other names there."""
    for parent in list(world.iter()):
        for plugin in parent.findall('plugin'):
            if plugin.get('filename', '').startswith(_HARMONIC):
                parent.remove(plugin)
    for capsule in world.iter('capsule'):
        capsule.tag = 'cylinder'  # SDF of Gazebo 11 has no capsules
    for sensor in world.iter('sensor'):
        sensor.set('type', _SENSOR_TYPES.get(sensor.get('type', ''), sensor.get('type', '')))
        for lidar in sensor.findall('lidar'):
            lidar.tag = 'ray'
    for physics in world.findall('physics'):
        physics.set('type', 'ode')  # Harmonic's DART is not in this build
        ET.SubElement(physics, 'real_time_update_rate').text = '0'  # as fast as possible
