# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Starts the gzserver unpacked in a folder, with the loader of that folder."""

import os
from pathlib import Path
import re
import time

from rl_agent.errors import RobotError
from rl_learner.system.ports import free_port
from rl_learner.system.processes import ChildProcess

_TRIPLET = 'x86_64-linux-gnu'
_LIBRARIES = (
    f'lib/{_TRIPLET}',
    f'usr/lib/{_TRIPLET}',
    'usr/lib',
    f'usr/lib/{_TRIPLET}/blas',
    f'usr/lib/{_TRIPLET}/lapack',
    f'usr/lib/{_TRIPLET}/pulseaudio',
    f'usr/lib/{_TRIPLET}/gazebo-11/plugins',
)
_START_TIMEOUT_S = 60.0
_EMPTY_WORLD = (
    'Falling back on'  # logged when a world does not load and gzserver uses an empty one
)
_STOP_TIMEOUT_S = 10.0
_POLL_PERIOD_S = 0.1


def loader_command(root: Path, program: str) -> list[str]:
    """Return the beginning of a command that runs one of the unpacked programs.

    Args:
        root: folder of the unpacked packages.
        program: name in its `usr/bin`.
    """
    # not lib64/ld-linux-x86-64.so.2, which links to the system's loader
    (loader,) = (root / 'lib' / _TRIPLET).glob('ld-2.*.so')
    libraries = ':'.join(str(root / folder) for folder in _LIBRARIES)
    return [str(loader), '--library-path', libraries, str(root / 'usr' / 'bin' / program)]


def gazebo_environment(root: Path, port: int, home: Path, models: Path) -> dict[str, str]:
    """Return the environment of a gzserver that is reachable only from this machine.

    Args:
        root: folder of the unpacked packages.
        port: port of the transport's master.
        home: folder for logs.
        models: folder of models that worlds may include.
    """
    plugins = root / 'usr/lib' / _TRIPLET / 'gazebo-11/plugins'
    share = root / 'usr/share/gazebo-11'
    return {
        'PATH': os.defpath,
        'HOME': str(home),
        'LC_ALL': 'C',
        'GAZEBO_IP': '127.0.0.1',
        'IGN_IP': '127.0.0.1',
        'GAZEBO_MASTER_URI': f'http://127.0.0.1:{port}',
        'GAZEBO_MODEL_DATABASE_URI': '',  # no queries to the Internet
        'GAZEBO_MODEL_PATH': f'{models}:{share}/models',
        'GAZEBO_PLUGIN_PATH': str(plugins),
        'GAZEBO_RESOURCE_PATH': str(share),
        'OGRE_RESOURCE_PATH': str(root / 'usr/lib' / _TRIPLET / 'OGRE-1.9.0'),
        'SDF_PATH': str(root / 'usr/share/sdformat'),
    }


class GazeboServer:
    """A running gzserver.

    Attributes:
        port: port of the transport's master, on 127.0.0.1.
        process: the process.
    """

    def __init__(self, root: Path, world: Path, folder: Path, models: Path, port: int = 0) -> None:
        """Start the process.

        Args:
            root: folder of the unpacked packages.
            world: SDF file.
            folder: folder for log and home.
            models: folder of models that worlds may include.
            port: port of the master; 0: a free one.
        """
        self.port = port or free_port()
        self._world = world
        folder.mkdir(parents=True, exist_ok=True)
        self.process = ChildProcess(
            'gzserver',
            [*loader_command(root, 'gzserver'), '--verbose', str(world)],
            folder / 'gzserver.log',
            gazebo_environment(root, self.port, folder, models),
        )

    def wait_for(self, socket: Path) -> None:
        """Wait until the world is loaded and the lockstep plugin listens.

        Args:
            socket: socket of the plugin.

        Raises:
            RobotError: the server ended, or does not load the world in time.
        """
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while not socket.exists():
            ended = self.process.exit_code is not None or time.monotonic() > deadline_s
            if ended or _EMPTY_WORLD in self._log():
                raise self._explain()
            time.sleep(_POLL_PERIOD_S)

    def _log(self) -> str:
        """Return the server's log, without colours."""
        text = self.process.log.read_text(encoding='utf-8', errors='replace')
        return re.sub('\x1b\\[[0-9;]*m', '', text)

    def _explain(self) -> RobotError:
        """Return the error about a server that ended or does not load its world."""
        errors = [line for line in self._log().splitlines() if re.search(r'\bErr(or)?\b', line)]
        errors = [line for line in errors if str(self._world) in line] or errors
        code = self.process.exit_code
        state = 'runs' if code is None else f'has ended with exit code {code}'
        return RobotError(
            f'{self._world} does not load: {" ".join(errors) or "no reason is given"}; gzserver'
            f' {state}, see {self.process.log}'
        )

    def close(self) -> None:
        """End the process."""
        self.process.ask_to_end()
        self.process.end(time.monotonic() + _STOP_TIMEOUT_S)
