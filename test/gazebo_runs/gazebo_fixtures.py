# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Fixtures of the tests with Gazebo 11: the unpacked programs, and running worlds."""

from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
from pathlib import Path

from gazebo_server import GazeboServer
from gazebo_world import write_world
from lockstep_library import lockstep_library
import pytest
from run import CACHE
import yaml

WORKSPACE = Path(__file__).resolve().parents[2]
WORLDS = WORKSPACE / 'config' / 'worlds'
HERE = str(Path(__file__).parent)


@dataclass(frozen=True)
class RunningWorld:
    """A world in a gzserver.

    Attributes:
        server: the process.
        socket: socket of the lockstep plugin.
        folder: folder for files of the test.
    """

    server: GazeboServer
    socket: Path
    folder: Path

    def describe(self, robot: str, model: str) -> str:
        """Write the description of a robot that is simulated in this world; return its path.

        Args:
            robot: name in config/robots; only the `simulation` section is replaced.
            model: class in gazebo_models.
        """
        source = WORKSPACE / 'config' / 'robots' / f'{robot}.yaml'
        description = yaml.safe_load(source.read_text(encoding='utf-8'))
        description['simulation'] = {
            'model': f'gazebo_models:{model}',
            'parameters': {'socket': str(self.socket)},
        }
        target = self.folder / f'{robot}.yaml'
        target.write_text(yaml.safe_dump(description, sort_keys=False), encoding='utf-8')
        return str(target)


StartWorld = Callable[[str], RunningWorld]


@pytest.fixture(scope='session')
def gazebo_root() -> Path:
    """Return the folder of the files that `make test-gazebo` fetched."""
    root = CACHE / 'root'
    if not (CACHE / 'root.stamp').is_file():
        pytest.skip('Gazebo 11 is missing: make test-gazebo')
    return root


@pytest.fixture(scope='session')
def library(gazebo_root: Path) -> Path:
    """Return the compiled lockstep plugin."""
    return lockstep_library(gazebo_root)


@pytest.fixture
def start_world(
    gazebo_root: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StartWorld]:
    """Yield a function that starts a world of config/worlds in a gzserver."""
    monkeypatch.setenv('PYTHONPATH', HERE)  # so that the robot's process finds gazebo_models
    with contextlib.ExitStack() as stack:

        def start(name: str) -> RunningWorld:
            socket = tmp_path / 'socket'
            world = write_world(
                WORLDS / f'{name}.sdf', WORLDS / 'models', tmp_path / 'world.sdf', library, socket
            )
            server = GazeboServer(gazebo_root, world, tmp_path / 'gzserver', WORLDS / 'models')
            stack.callback(server.close)
            server.wait_for(socket)
            return RunningWorld(server, socket, tmp_path)

        yield start
