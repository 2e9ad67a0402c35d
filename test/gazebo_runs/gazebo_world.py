# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A world for Gazebo 11, made of the models that Gazebo Harmonic uses too."""

from pathlib import Path
import xml.etree.ElementTree as ET

_HARMONIC = 'gz-sim-'
# What Gazebo 11 calls a laser scanner; its `gpu_ray` needs a display.
_RENAMED = {'gpu_lidar': 'ray'}


def write_world(source: Path, models: Path, target: Path, library: Path, socket: Path) -> Path:
    """Write a world file with the lockstep plugin; return it.

    Args:
        source: world of Gazebo Harmonic.
        models: folder of the models that it includes.
        target: file to write.
        library: compiled plugin.
        socket: that the plugin is to listen on.

    Raises:
        ET.ParseError: the source is no XML.
    """
    root = ET.parse(source).getroot()
    world = root.find('world')
    assert world is not None, f'{source}: no world in it'
    root.set('version', '1.7')
    for include in world.findall('include'):
        world.remove(include)
        uri = include.findtext('uri', '')
        model = ET.parse(models / uri.removeprefix('model://') / 'model.sdf').getroot()
        world.extend(model.findall('model'))
    _fit(world)
    plugin = ET.SubElement(world, 'plugin', name='lockstep', filename=str(library))
    ET.SubElement(plugin, 'socket').text = str(socket)
    ET.ElementTree(root).write(target, encoding='utf-8', xml_declaration=True)
    return target


def _fit(world: ET.Element) -> None:
    """Leave out what only Gazebo Harmonic knows, rename what it calls by another name."""
    for parent in list(world.iter()):
        for plugin in parent.findall('plugin'):
            if plugin.get('filename', '').startswith(_HARMONIC):
                parent.remove(plugin)
    for capsule in world.iter('capsule'):
        capsule.tag = 'cylinder'  # SDF of Gazebo 11 has no other
    for sensor in world.iter('sensor'):
        sensor.set('type', _RENAMED.get(sensor.get('type', ''), sensor.get('type', '')))
        for lidar in sensor.findall('lidar'):
            lidar.tag = 'ray'
    for physics in world.findall('physics'):
        physics.set('type', 'ode')  # Harmonic's DART is not in this build
        ET.SubElement(physics, 'real_time_update_rate').text = '0'  # as fast as it can
