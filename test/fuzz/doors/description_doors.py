# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Descriptions that people write: YAML of robots, algorithms, demos and bridges, SDF of Gazebo."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
import json
from pathlib import Path
from random import Random
from typing import Any

from door import Door
from odd_values import break_tree, odd_text
from rl_agent.configuration import config_folder
from rl_agent.description.robot import description_as_json, load_robot, read_description
from rl_agent.environment.spaces import Spaces
from rl_agent.gazebo.bridge_file import check_bridge, load_bridge
from rl_agent.gazebo.model_file import read_model
from rl_agent.gazebo.world_file import check_sensors, read_world, steps_in, write_world
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.safety.safety_filter import SafetyFilter
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.demo.demo_description import load_demo
import yaml

ROBOT = load_ros_robot('pendulum')


class YamlDoor(Door):
    """A YAML file."""

    def __init__(self, folder: Path, files: Sequence[Path], read: Callable[[Path], None]) -> None:
        """Begin.

        Args:
            folder: for the files.
            files: valid ones.
            read: of the code under test; checks what it accepts.
        """
        self._path, self._read = folder / 'given.yaml', read
        self.seeds = [path.read_bytes() for path in files]
        self._trees = [yaml.safe_load(data) for data in self.seeds]

    def broken(self, rng: Random) -> bytes | None:
        """Return valid YAML with wrong values."""
        tree = break_tree(rng.choice(self._trees), rng)
        return _as_yaml(tree, rng)

    def give(self, data: bytes) -> None:
        """Read the file."""
        self._path.write_bytes(data)
        self._read(self._path)


def _as_yaml(tree: Any, rng: Random) -> bytes:
    """Return a tree as YAML in its JSON form, which is written fast; sometimes as an alias."""
    text = json.dumps(tree, ensure_ascii=rng.random() < 0.5)
    for name in ('NaN', 'Infinity', '-Infinity'):
        text = text.replace(f' {name}', f' .{name[:3].lower()}')
    if rng.random() < 0.05:
        text = f'{{x: &x {text}, <<: *x}}'
    return text.encode(errors='surrogatepass')


def configurations(kind: str) -> list[Path]:
    """Return the shipped files of a kind: robots, algorithms or demos."""
    return sorted((config_folder() / kind).glob('*.yaml'))


def robots_of_installed_types() -> list[Path]:
    """Return the shipped robots whose message packages are installed here."""

    def is_installed(path: Path) -> bool:
        kinds = load_robot(str(path)).message_types
        return all(find_spec(kind.partition('/')[0]) for kind in kinds)

    return [path for path in configurations('robots') if is_installed(path)]


def read_robot(path: Path) -> None:
    """Read a robot's description, and make of it what an agent makes."""
    robot = load_ros_robot(str(path))
    again = read_description(description_as_json(robot), 'again')
    spaces = Spaces(robot)
    assert Spaces(again).fingerprint == spaces.fingerprint
    assert again == robot
    SafetyFilter(
        robot.command.low,
        robot.command.high,
        robot.rate_hz,
        robot.safety,
        default=robot.command.default,
    )
    robot.task.make()


def read_algorithm(path: Path) -> None:
    """Read an algorithm."""
    assert load_algorithm(str(path)).num_kept_atoms >= 1


def read_demo(path: Path) -> None:
    """Read a demo's description."""
    assert load_demo(str(path)).max_steps >= 1


def read_bridge(path: Path) -> None:
    """Read a bridge file of Gazebo, and compare it with a robot."""
    check_bridge(load_bridge(path), ROBOT)


class WorldDoor(Door):
    """A world file of Gazebo."""

    def __init__(self, folder: Path) -> None:
        """Begin with the shipped worlds."""
        self._folder = folder
        self.seeds = [path.read_bytes() for path in _shipped('*.sdf')]
        self._models = config_folder() / 'worlds' / 'models'

    def broken(self, rng: Random) -> bytes | None:
        """Return XML with another text in one place."""
        return _broken_xml(rng.choice(self.seeds), rng)

    def give(self, data: bytes) -> None:
        """Read the world and write its copy with a robot."""
        path = self._folder / 'given.sdf'
        path.write_bytes(data)
        world = read_world(path)
        model = read_model('pendulum', [self._models])
        check_sensors(world, model)
        steps_in(0.05, world.step_s)
        copy = self._folder / 'copy.sdf'
        write_world(world, copy, 1.0, model.name, model.pose)
        assert model.name in read_world(copy).models


class ModelDoor(Door):
    """A model file of Gazebo."""

    def __init__(self, folder: Path) -> None:
        """Begin with the shipped models."""
        self._folder = folder
        (folder / 'given').mkdir()
        self._config, *_ = (path.read_bytes() for path in _shipped('models/*/model.config'))
        self._models = [path.read_bytes() for path in _shipped('models/*/model.sdf')]
        self.seeds = [self._config, *self._models]

    def broken(self, rng: Random) -> bytes | None:
        """Return XML with another text in one place."""
        return _broken_xml(rng.choice(self.seeds[:3]), rng)

    def give(self, data: bytes) -> None:
        """Read the model; the file is its own, or the one that names it."""
        is_model = b'<author>' not in data
        config, model_file = (data, self._models[0]) if not is_model else (self._config, data)
        (self._folder / 'given' / 'model.config').write_bytes(config)
        (self._folder / 'given' / 'model.sdf').write_bytes(model_file)
        model = read_model('given', [self._folder])
        assert len(model.moved(0.0, 0.0, 0.0, 0.0)) == 6


def _shipped(pattern: str) -> list[Path]:
    """Return shipped files of Gazebo."""
    return sorted((config_folder() / 'worlds').glob(pattern))


def _broken_xml(data: bytes, rng: Random) -> bytes:
    """Return XML with another text, name or attribute in one place."""
    text = data.decode()
    place = text.find(rng.choice('<>"='), rng.randrange(len(text)))
    end = place + rng.choice((1, 1, 4, 12))
    odd = rng.choice(
        (
            odd_text(rng),
            'nan',
            '1e999',
            '-1',
            '<a>' * rng.choice((1, 100, 20_000)),
            '<!DOCTYPE a [<!ENTITY b "b">]>',
            '<!-- ',
            '&amp;',
            '&#0;',
            '<?xml version="1.0" encoding="foo"?>',
        )
    )
    return (text[: place + 1] + odd + text[end:]).encode(errors='surrogatepass')
